//! One GraphQL request from text to answer.

mod explain;

use std::sync::Arc;

use async_graphql::parser::types::OperationType;
use async_graphql::registry::Registry;
use portico_query::Failure;
use portico_query::execute::Bound;
use portico_query::plan::build::{self, Kind};
use portico_query::request::{Selection, Variables};
use portico_query::sql::Compiled;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::answer::Answer;
use crate::data::{self, Asked, Asking, each_once};
use crate::document::{self, Document};
use crate::error::{WireError, is_ours};
use crate::introspection;
use crate::locate::located;
use crate::operation;
use crate::persisted;
use crate::plan_cache::{Fingerprint, PlanCache, Prepared};
use crate::schema::{KnownToBeValid, RoleSchema, StopBeforeExecution};

pub(crate) use explain::explain;

/// A GraphQL request as it is sent.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GraphqlRequest {
    #[serde(default)]
    pub(crate) query: Option<String>,
    #[serde(default)]
    pub(crate) variables: Option<Map<String, Value>>,
    #[serde(default)]
    pub(crate) operation_name: Option<String>,
    #[serde(default)]
    pub(crate) extensions: Option<Map<String, Value>>,
}

impl GraphqlRequest {
    /// The document; empty where there is none.
    pub(crate) fn text(&self) -> &str {
        self.query.as_deref().unwrap_or_default()
    }

    /// Whether the document is there, or is named by its hash.
    pub(crate) fn has_document(&self) -> bool {
        let named = |extensions: &Map<String, Value>| extensions.contains_key(persisted::EXTENSION);
        self.query.is_some() || self.extensions.as_ref().is_some_and(named)
    }
}

/// Answers a request. With `read_only`, mutations are refused, as for GET.
pub(crate) async fn execute(asking: &Arc<Asking>, mut request: GraphqlRequest, read_only: bool) -> Answer {
    if let Err(error) = asking.app.persisted.resolve(&mut request) {
        return Answer::refused(error);
    }
    let schema = match asking.app.schema(&asking.session) {
        Ok(schema) => schema,
        Err(error) => {
            let role = &*asking.session.role;
            tracing::error!(%error, role, "the schema of a role could not be built");
            return Answer::refused(WireError::new("unexpected", "$", "internal server error"));
        }
    };
    let name = request.operation_name.as_deref().filter(|name| !name.is_empty());
    let prepared = schema.plans.find(request.text(), name);
    if let Some(prepared) = &prepared
        && let Some(answer) = again(asking, &schema.plans, prepared, &request, read_only).await
    {
        schema.plans.count(true);
        return answer;
    }
    // The document of an operation that is not data is all there is to have at hand.
    schema
        .plans
        .count(prepared.as_ref().is_some_and(|prepared| !prepared.has_plans()));
    let (document, was_valid) = match prepared {
        Some(prepared) => (Arc::clone(&prepared.document), true),
        None => match read(asking, request.text(), name) {
            Ok(document) => (Arc::new(document), false),
            Err(error) => return Answer::refused(error),
        },
    };
    let sent = request.variables.take().unwrap_or_default();
    let this = This {
        request: &request,
        document: &document,
        was_valid,
        read_only,
    };
    // Boxed, or its room would be moved about with every request for data.
    let mut answer = match Box::pin(run(asking, &schema, this, sent)).await {
        Ok(answer) => answer,
        Err(error) => Answer::refused(error),
    };
    answer.operation.clone_from(&document.operation_name);
    answer
}

/// Reads a document that is not at hand, if the role may send it.
fn read(asking: &Asking, text: &str, name: Option<&str>) -> Result<Document, WireError> {
    let settings = &asking.app.graphql;
    match settings.trusted.allows(&asking.session.role, text) {
        true => Document::parse(text, name, &settings.limits),
        false => Err(WireError::validation("$", "query is not allowed")),
    }
}

/// Answers by a plan at hand: nothing is parsed or validated, values are still coerced strictly. Whatever does
/// not go smoothly is left to the long way, whose answer is the one that counts.
async fn again(
    asking: &Asking,
    plans: &PlanCache,
    prepared: &Prepared,
    request: &GraphqlRequest,
    read_only: bool,
) -> Option<Answer> {
    let refused = read_only && prepared.kind == Kind::Mutation;
    if !prepared.has_plans() || refused {
        return None;
    }
    let sent = request.variables.clone().unwrap_or_default();
    let operation = prepared.document.operation();
    let variables = document::variables(operation, sent).ok()?;
    asking.app.graphql.limits.check_variables(&variables).ok()?;
    let plan = prepared.plan(&plans.shape(operation, &variables))?;
    let bound = data::bind(asking, plan, &variables).ok()?;
    let mut answer = Answer::of(run_data(asking, plan, bound).await);
    answer.operation.clone_from(&prepared.document.operation_name);
    Some(answer)
}

/// Answers a plan. A change may take a right away: what is remembered of tokens is brought up to date before
/// the answer.
async fn run_data(asking: &Asking, plan: &Arc<Compiled>, bound: Bound) -> Result<Vec<u8>, Failure> {
    let answer = data::run(asking, plan, bound, Answer::BEFORE_DATA).await?;
    if plan.forgets_tokens() {
        asking.app.auth.after_change().await;
    }
    Ok(answer)
}

/// A request that no plan answers, without its variables.
#[derive(Clone, Copy)]
struct This<'r> {
    request: &'r GraphqlRequest,
    document: &'r Arc<Document>,
    /// Whether the document was valid with the variables of an earlier request.
    was_valid: bool,
    /// Whether mutations are refused.
    read_only: bool,
}

impl This<'_> {
    /// Whether the document is valid with these variables because it was with others.
    fn is_known_to_be_valid(&self, variables: &Variables) -> bool {
        self.was_valid && document::are_texts(self.document.operation(), variables)
    }
}

async fn run(
    asking: &Arc<Asking>,
    schema: &RoleSchema,
    this: This<'_>,
    sent: Variables,
) -> Result<Answer, WireError> {
    let This {
        request,
        document,
        read_only,
        ..
    } = this;
    let kind = match document.kind() {
        OperationType::Query => Kind::Query,
        OperationType::Mutation if read_only => {
            return Err(WireError::new(
                "method-not-allowed",
                "$",
                "a mutation has to be sent by POST",
            ));
        }
        OperationType::Mutation => Kind::Mutation,
        OperationType::Subscription => {
            let message = "subscriptions are not supported over HTTP, use websockets instead";
            return Err(WireError::new("unexpected-payload", "$", message));
        }
    };
    let variables = document::variables(document.operation(), sent)?;
    asking.app.graphql.limits.check_variables(&variables)?;
    let set = &document.operation().selection_set.node;
    let selections = document::selections(&document.parsed, set, &variables);
    if kind == Kind::Query {
        refuse_introspection(asking, &selections)?;
        let registry = schema.schema.registry();
        asking.extent.add(registry, &selections, &variables)?;
    }
    match path(kind, &selections) {
        Path::Data => {
            validate(schema, document, &variables).await?;
            let plan = data::compile(&asking.app, &schema.role, kind, &selections, &variables)?;
            let shape = schema.plans.shape(document.operation(), &variables);
            keep(schema, document, request, kind, Some((shape, Arc::clone(&plan))));
            let answered = match data::bind(asking, &plan, &variables) {
                Ok(bound) => run_data(asking, &plan, bound).await,
                Err(failure) => Err(failure),
            };
            Ok(Answer::of(answered))
        }
        Path::Operations => {
            if !this.is_known_to_be_valid(&variables) {
                validate(schema, document, &variables).await?;
            }
            let selections = each_once(selections)?;
            keep_operation(schema, this, kind);
            Ok(operation::answer(asking, schema, document, &selections, &variables).await)
        }
        Path::Schema => {
            let answer = Box::pin(through_schema(asking, schema, this, selections, variables)).await?;
            keep_operation(schema, this, kind);
            Ok(answer)
        }
        Path::Mixed => {
            validate(schema, document, &variables).await?;
            let message = "data mutations and operations cannot be in one request: the former are one transaction, the latter commit each by itself";
            Err(WireError::validation("$", message))
        }
    }
}

/// Which way an operation takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Path {
    /// All of it is data.
    Data,
    /// A mutation that is all operations.
    Operations,
    /// A query of operations or introspection, or of data beside them.
    Schema,
    /// Data mutations beside operations.
    Mixed,
}

fn path(kind: Kind, selections: &[Selection]) -> Path {
    let is_data = |selection: &&Selection| build::root_field(kind, &selection.name).is_some();
    let named = || {
        selections
            .iter()
            .filter(|selection| selection.name != "__typename")
    };
    let data = named().filter(is_data).count();
    match (data, named().count(), kind) {
        (data, all, _) if data == all => Path::Data,
        (_, _, Kind::Query) => Path::Schema,
        (0, _, Kind::Mutation) => Path::Operations,
        (_, _, Kind::Mutation) => Path::Mixed,
    }
}

fn refuse_introspection(asking: &Asking, selections: &[Selection]) -> Result<(), WireError> {
    let role = &asking.session.role;
    let asks = selections
        .iter()
        .any(|selection| matches!(selection.name.as_str(), "__schema" | "__type"));
    if !asks || asking.app.graphql.shows_schema(role) {
        return Ok(());
    }
    let message = format!("introspection is disabled for role: \"{role}\"");
    Err(WireError::new("not-supported", "$", message))
}

/// Keeps a valid document, and its plan for the next request of the same shape.
fn keep(
    schema: &RoleSchema,
    document: &Arc<Document>,
    request: &GraphqlRequest,
    kind: Kind,
    plan: Option<(Fingerprint, Arc<Compiled>)>,
) {
    let name = request.operation_name.as_deref().filter(|name| !name.is_empty());
    let fresh = || Prepared::new(kind, Arc::clone(document));
    schema.plans.keep(request.text(), name, fresh, plan);
}

/// Keeps a valid document of operations. A text written in one may be a password, which is not to be kept.
fn keep_operation(schema: &RoleSchema, this: This<'_>, kind: Kind) {
    if !this.was_valid && !this.request.text().contains('"') {
        keep(schema, this.document, this.request, kind, None);
    }
}

fn library_request(document: &Document, variables: &Variables) -> async_graphql::Request {
    let variables = async_graphql::Variables::from_json(Value::Object(variables.clone()));
    let mut request = async_graphql::Request::new("").variables(variables);
    if let Some(name) = &document.operation_name {
        request = request.operation_name(name);
    }
    request.set_parsed_query(document.parsed.clone());
    request
}

/// Validates against the schema of the role, and no more.
async fn validate(schema: &RoleSchema, document: &Document, variables: &Variables) -> Result<(), WireError> {
    let request = library_request(document, variables).data(StopBeforeExecution);
    // Boxed, or its room would be moved about where nothing has to be validated.
    let response = Box::pin(schema.schema.execute(request)).await;
    match response.errors.into_iter().next() {
        None => document::position::check(document, schema.schema.registry()),
        Some(error) => Err(located(document, error)),
    }
}

async fn through_schema(
    asking: &Arc<Asking>,
    schema: &RoleSchema,
    this: This<'_>,
    selections: Vec<Selection>,
    variables: Variables,
) -> Result<Answer, WireError> {
    let document = this.document;
    let filled = document.filled(&variables);
    let filled_selections = filled.as_ref().map(|filled| {
        let set = &filled.operation().selection_set.node;
        document::selections(&filled.parsed, set, &variables)
    });
    let selections = filled_selections.unwrap_or(selections);
    let asked = match Asked::new(selections, variables.clone()) {
        Ok(asked) => Arc::new(asked),
        Err(conflict) => {
            // What validation sees, too, it tells with its places.
            validate(schema, document, &variables).await?;
            return Err(conflict.into());
        }
    };
    let (selections, variables) = (asked.selections(), asked.variables());
    let full = filled.as_ref().unwrap_or(document);
    let once = asked.gives_twice().then(|| full.each_once(variables));
    let mut request = library_request(once.as_ref().unwrap_or(full), variables)
        .data(Arc::clone(asking))
        .data(Arc::clone(&asked));
    if once.is_some() {
        validate(schema, document, variables).await?;
        request = request.data(KnownToBeValid);
    } else if this.is_known_to_be_valid(variables) {
        request = request.data(KnownToBeValid);
    } else if !this.was_valid {
        document::position::check(document, schema.schema.registry())?;
    }
    let response = schema.schema.execute(request).await;
    let executed = response.errors.iter().all(is_ours);
    let errors: Vec<WireError> = response
        .errors
        .into_iter()
        .map(|error| located(document, error))
        .collect();
    if let (false, Some(error)) = (executed, errors.first()) {
        return Err(error.clone());
    }
    let data = response.data.into_json().unwrap_or_default();
    let mut data = in_order(data, selections, document, schema.schema.registry());
    if filled.is_some() {
        document::empty(&mut data, selections);
    }
    introspection::sort(&mut data, selections);
    Ok(Answer::told(data, errors))
}

/// The library answers root fields in the order in which they were ready, without those that failed; GraphQL wants that
/// of the request, and null for what failed: for all of it, where a field is never null.
fn in_order(data: Value, selections: &[Selection], document: &Document, registry: &Registry) -> Value {
    let Value::Object(mut members) = data else {
        return data;
    };
    let root = registry.types.get(document.root_type(registry));
    let field = |name: &str| root.and_then(|root| root.field_by_name(name));
    let is_required = |name: &str| field(name).is_some_and(|field| field.ty.ends_with('!'));
    let mut ordered = Map::new();
    for selection in selections {
        match members.shift_remove(&selection.key) {
            Some(value) => {
                ordered.insert(selection.key.clone(), value);
            }
            None if !is_required(&selection.name) => {
                ordered.insert(selection.key.clone(), Value::Null);
            }
            None => return Value::Null,
        }
    }
    Value::Object(ordered)
}
