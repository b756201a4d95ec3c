//! PostgreSQL's jsonb operators, for SQLite.

mod compare;
mod contain;
mod key;
mod text;

use serde_json::Value;

pub(crate) use compare::compare;
pub(crate) use contain::{contains, keys};
pub(crate) use key::key;
pub(crate) use text::text;

/// Why an operator cannot work on a value, in PostgreSQL's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum JsonbError {
    #[error("cannot delete from object using integer index")]
    IndexIntoObject,
    #[error("cannot delete from scalar")]
    DeleteFromScalar,
    #[error("cannot delete path in scalar")]
    PathInScalar,
    #[error("path element is not an integer")]
    StepIsNoIndex,
}

/// `left || right`: objects merge, the right one's keys win; anything else becomes one array.
pub(super) fn concatenate(left: Value, right: Value) -> Value {
    match (left, right) {
        (Value::Object(mut left), Value::Object(right)) => {
            left.extend(right);
            Value::Object(left)
        }
        (left, right) => {
            let mut elements = into_elements(left);
            elements.extend(into_elements(right));
            Value::Array(elements)
        }
    }
}

fn into_elements(value: Value) -> Vec<Value> {
    match value {
        Value::Array(elements) => elements,
        other => vec![other],
    }
}

/// `value - 'key'`: without the key, or without the strings equal to it.
pub(super) fn delete_key(value: Value, key: &str) -> Result<Value, JsonbError> {
    match value {
        Value::Object(mut entries) => {
            entries.shift_remove(key);
            Ok(Value::Object(entries))
        }
        Value::Array(mut elements) => {
            elements.retain(|element| element.as_str() != Some(key));
            Ok(Value::Array(elements))
        }
        _ => Err(JsonbError::DeleteFromScalar),
    }
}

/// `value - index`: without the element, counted from the end when negative.
pub(super) fn delete_element(value: Value, index: i64) -> Result<Value, JsonbError> {
    match value {
        Value::Array(mut elements) => {
            if let Some(index) = position(index, elements.len()) {
                elements.remove(index);
            }
            Ok(Value::Array(elements))
        }
        Value::Object(_) => Err(JsonbError::IndexIntoObject),
        _ => Err(JsonbError::DeleteFromScalar),
    }
}

fn position(index: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).ok()?;
    let index = if index < 0 { index + length } else { index };
    usize::try_from(index).ok().filter(|_| index < length)
}

/// `value #- path`: without what is at the path.
pub(super) fn delete_at_path(mut value: Value, path: &[String]) -> Result<Value, JsonbError> {
    if !value.is_object() && !value.is_array() {
        return Err(JsonbError::PathInScalar);
    }
    // In an empty array no step is looked at, whatever it is.
    let nothing = value.as_array().is_some_and(Vec::is_empty);
    if let Some((last, parents)) = path.split_last().filter(|_| !nothing) {
        remove(&mut value, parents, last)?;
    }
    Ok(value)
}

fn remove(value: &mut Value, parents: &[String], last: &str) -> Result<(), JsonbError> {
    match (value, parents.split_first()) {
        (Value::Object(entries), None) => {
            entries.shift_remove(last);
            Ok(())
        }
        (Value::Object(entries), Some((step, rest))) => match entries.get_mut(step) {
            Some(inner) => remove(inner, rest, last),
            None => Ok(()),
        },
        (Value::Array(elements), None) => {
            let index = last.parse().map_err(|_| JsonbError::StepIsNoIndex)?;
            if let Some(index) = position(index, elements.len()) {
                elements.remove(index);
            }
            Ok(())
        }
        (Value::Array(elements), Some((step, rest))) => {
            let index = step.parse().map_err(|_| JsonbError::StepIsNoIndex)?;
            match position(index, elements.len()).and_then(|index| elements.get_mut(index)) {
                Some(inner) => remove(inner, rest, last),
                None => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// `value #> path`: what is at the path, if anything.
pub(super) fn part<'v>(mut value: &'v Value, path: &[String]) -> Option<&'v Value> {
    for step in path {
        value = match value {
            Value::Object(entries) => entries.get(step)?,
            Value::Array(elements) => elements.get(position(step.parse().ok()?, elements.len())?)?,
            _ => return None,
        };
    }
    Some(value)
}
