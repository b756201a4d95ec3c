//! A GraphQL document: parsed within limits, its operation chosen, and freed from its syntax.

mod cached;
mod canonical;
mod empty;
mod limit;
mod object;
mod once;
pub(crate) mod position;
mod select;
mod token;
mod typename;
mod variable;

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, OperationDefinition, OperationType,
};
use async_graphql::registry::Registry;
use async_graphql::{Name, Pos, Positioned};
use portico_query::request::Variables;

pub(crate) use canonical::canonical;
pub(crate) use empty::empty;
pub use limit::DocumentLimits;
pub(crate) use select::{json, selections};
pub(crate) use variable::{are_texts, variables};

use crate::error::WireError;
use crate::locate;

/// A parsed document with the operation that was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    /// The whole document.
    pub(crate) parsed: ExecutableDocument,
    /// The name of the operation, if it has one.
    pub(crate) operation_name: Option<String>,
    operation: Positioned<OperationDefinition>,
}

impl Document {
    /// Parses a document within limits and chooses its operation.
    pub(crate) fn parse(
        text: &str,
        operation_name: Option<&str>,
        limits: &DocumentLimits,
    ) -> Result<Self, WireError> {
        limits.check_tokens(text)?;
        let mut parsed =
            async_graphql::parser::parse_query(token::without_comments(text)).map_err(|error| {
                if matches!(error, async_graphql::parser::Error::RecursionLimitExceeded) {
                    return limit::too_deep(limits.depth);
                }
                let locations = error.positions().collect();
                WireError::validation("$.query", format!("not a valid graphql query: {error}")).at(locations)
            })?;
        cached::take_off(&mut parsed)?;
        limits.check_shape(&parsed)?;
        let checked = object::check(text).and_then(|()| typename::settle(&mut parsed));
        let document = Self {
            operation_name: name_of(&parsed, operation_name),
            operation: choose(&parsed, operation_name)?,
            parsed,
        };
        match checked {
            Ok(()) => Ok(document),
            Err(error) => Err(locate::located(&document, error)),
        }
    }

    /// What kind of operation it is.
    pub(crate) fn kind(&self) -> OperationType {
        self.operation.node.ty
    }

    /// The name of the type whose fields the operation selects.
    pub(crate) fn root_type<'r>(&self, registry: &'r Registry) -> &'r str {
        match self.kind() {
            OperationType::Mutation => registry.mutation_type.as_deref().unwrap_or_default(),
            OperationType::Query | OperationType::Subscription => &registry.query_type,
        }
    }

    /// The operation.
    pub(crate) fn operation(&self) -> &OperationDefinition {
        &self.operation.node
    }

    /// Where a field is written, by the names on the way to it in the answer.
    pub(crate) fn place(&self, path: &[&str], variables: &Variables) -> Option<Pos> {
        let set = &self.operation.node.selection_set.node;
        select::place(&self.parsed, set, path, variables)
    }

    /// Lets the whole document have the operation as it is now.
    fn put_operation_back(&mut self) {
        match &mut self.parsed.operations {
            DocumentOperations::Single(operation) => operation.clone_from(&self.operation),
            DocumentOperations::Multiple(operations) => {
                let name = self.operation_name.iter().map(Name::new);
                operations.extend(name.map(|name| (name, self.operation.clone())));
            }
        }
    }
}

fn choose(
    document: &ExecutableDocument,
    operation_name: Option<&str>,
) -> Result<Positioned<OperationDefinition>, WireError> {
    let refuse = |message: String| WireError::validation("$", message);
    match (&document.operations, operation_name) {
        (DocumentOperations::Single(operation), None) => Ok(operation.clone()),
        (DocumentOperations::Single(_), Some(_)) => Err(refuse(
            "operationName cannot be used when an anonymous operation exists in the document".into(),
        )),
        (DocumentOperations::Multiple(operations), Some(name)) => operations
            .get(name)
            .cloned()
            .ok_or_else(|| refuse(format!("no such operation found in the document: \"{name}\""))),
        (DocumentOperations::Multiple(operations), None) => {
            let mut found = operations.values();
            match (found.next(), found.next()) {
                (Some(only), None) => Ok(only.clone()),
                _ => Err(refuse(
                    "exactly one operation has to be present in the document when operationName is not specified"
                        .into(),
                )),
            }
        }
    }
}

fn name_of(document: &ExecutableDocument, operation_name: Option<&str>) -> Option<String> {
    match (&document.operations, operation_name) {
        (_, Some(name)) => Some(name.to_owned()),
        (DocumentOperations::Multiple(operations), None) => operations.keys().next().map(ToString::to_string),
        (DocumentOperations::Single(_), None) => None,
    }
}
