//! `@cached(ttl: Int, refresh: Boolean)` on queries, by which clients ask other services to remember answers.
//! Here it is read and changes nothing: answers are as fast without.

use async_graphql::Positioned;
use async_graphql::parser::types::{
    Directive, DocumentOperations, ExecutableDocument, OperationDefinition, OperationType,
};
use async_graphql_value::Value;

use crate::error::WireError;

const NAME: &str = "cached";

/// Takes the directive off every query of a document, so that nobody else has to know it.
pub(super) fn take_off(document: &mut ExecutableDocument) -> Result<(), WireError> {
    match &mut document.operations {
        DocumentOperations::Single(operation) => take_off_operation(&mut operation.node),
        DocumentOperations::Multiple(operations) => operations
            .values_mut()
            .try_for_each(|operation| take_off_operation(&mut operation.node)),
    }
}

fn take_off_operation(operation: &mut OperationDefinition) -> Result<(), WireError> {
    let is_cached = |directive: &Positioned<Directive>| directive.node.name.node == NAME;
    if operation.ty != OperationType::Query || !operation.directives.iter().any(is_cached) {
        return Ok(());
    }
    let (found, others): (Vec<_>, Vec<_>) = operation.directives.drain(..).partition(is_cached);
    operation.directives = others;
    if found.len() > 1 {
        let message = "the following directives are used more than once: ['cached']";
        return Err(WireError::validation("$", message));
    }
    found.iter().try_for_each(|directive| check(&directive.node))
}

/// The arguments are constants: nothing else in the document could use a variable's value.
fn check(directive: &Directive) -> Result<(), WireError> {
    for (name, value) in &directive.arguments {
        let fits = match (name.node.as_str(), &value.node) {
            ("ttl", Value::Number(number)) => number.as_i64().is_some_and(|ttl| i32::try_from(ttl).is_ok()),
            ("refresh", Value::Boolean(_)) => true,
            ("ttl" | "refresh", _) => false,
            (other, _) => {
                let message = format!("'{NAME}' has no argument named '{other}'");
                return Err(WireError::validation("$", message));
            }
        };
        if !fits {
            let path = format!("$.{NAME}.args.{}", name.node);
            return Err(WireError::validation(
                &path,
                "expected ttl as an integer and refresh as a boolean",
            ));
        }
    }
    Ok(())
}
