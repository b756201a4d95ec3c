//! The values of a request's variables: all of them declared, defaults filled in, the required ones there.

use async_graphql::parser::types::{BaseType, OperationDefinition, Type};
use portico_query::request::Variables;
use serde_json::Value;

use super::json;
use crate::error::WireError;

/// Checks what was sent against the declarations of the operation.
pub(crate) fn variables(
    operation: &OperationDefinition,
    mut sent: Variables,
) -> Result<Variables, WireError> {
    let mut values = Variables::new();
    for definition in &operation.variable_definitions {
        let name = definition.node.name.node.as_str();
        let declared = &definition.node.var_type.node;
        let default = definition
            .node
            .default_value
            .as_ref()
            .map(|default| json(&default.node));
        match sent.remove(name).or(default) {
            None if !declared.nullable => {
                let message = format!("expecting a value for non-nullable variable: \"{name}\"");
                return Err(WireError::validation("$", message));
            }
            None => {}
            Some(value) => {
                fits(&value, declared)?;
                values.insert(name.to_owned(), value);
            }
        }
    }
    if sent.is_empty() {
        return Ok(values);
    }
    let names: Vec<&str> = sent.keys().map(String::as_str).collect();
    let message = format!("unexpected variables in variableValues: {}", names.join(", "));
    Err(WireError::validation("$", message))
}

/// Whether all variables are texts, declared as such and sent: a document that is valid with some is valid with all,
/// where [`super::position::check`] saw that they stand where texts do.
pub(crate) fn are_texts(operation: &OperationDefinition, variables: &Variables) -> bool {
    operation.variable_definitions.iter().all(|definition| {
        let BaseType::Named(declared) = &definition.node.var_type.node.base else {
            return false;
        };
        declared == "String"
            && variables
                .get(definition.node.name.node.as_str())
                .is_some_and(Value::is_string)
    })
}

/// Nulls where none may be; everything else is checked where the variable is used.
fn fits(value: &Value, declared: &Type) -> Result<(), WireError> {
    match (value, &declared.base) {
        (Value::Null, _) if !declared.nullable => {
            let message = format!("null value found for non-nullable type: \"{declared}\"");
            Err(WireError::validation("$", message))
        }
        (Value::Array(elements), BaseType::List(element)) => {
            elements.iter().try_for_each(|value| fits(value, element))
        }
        _ => Ok(()),
    }
}
