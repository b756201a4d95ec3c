//! What a query asks of the database, and how the database would go about it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{GraphqlRequest, Path, path, validate};
use crate::data::{self, Asking};
use crate::document::{self, Document};
use crate::error::WireError;
use async_graphql::parser::types::OperationType;
use portico_query::plan::build::Kind;

/// Explains each root field of a query under the rights of who is said to ask.
pub(crate) async fn explain(asking: &Arc<Asking>, request: GraphqlRequest) -> Result<Value, WireError> {
    let app = &asking.app;
    let schema = app.schema(&asking.session).map_err(|error| {
        tracing::error!(%error, "the schema of a role could not be built");
        WireError::new("unexpected", "$", "internal server error")
    })?;
    let name = request.operation_name.as_deref().filter(|name| !name.is_empty());
    let document = Document::parse(request.text(), name, &app.graphql.limits)?;
    if document.kind() != OperationType::Query {
        return Err(WireError::new("not-supported", "$", "only queries are explained"));
    }
    let sent = request.variables.unwrap_or_default();
    let variables = document::variables(document.operation(), sent)?;
    app.graphql.limits.check_variables(&variables)?;
    let set = &document.operation().selection_set.node;
    let selections = document::selections(&document.parsed, set, &variables);
    validate(&schema, &document, &variables).await?;
    if path(Kind::Query, &selections) != Path::Data {
        return Err(WireError::new(
            "not-supported",
            "$",
            "only queries for data are explained",
        ));
    }
    let plan = data::compile(app, &schema.role, Kind::Query, &selections, &variables)?;
    let bound = data::bind(asking, &plan, &variables)?;
    let explained = app.executor.explain(&plan, bound).await?;
    let fields = explained
        .into_iter()
        .map(|root| json!({ "field": root.key, "sql": root.sql, "plan": root.plan }));
    Ok(fields.collect())
}
