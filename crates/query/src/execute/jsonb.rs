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
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum JsonbError {
    #[error("cannot delete from object using integer index")]
    IndexIntoObject,
    #[error("cannot delete from scalar")]
    DeleteFromScalar,
    #[error("cannot delete path in scalar")]
    PathInScalar,
    #[error("path element at position {position} is not an integer: \"{step}\"")]
    StepIsNoIndex { position: usize, step: String },
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
    if value.as_array().is_none_or(|elements| !elements.is_empty()) {
        remove(&mut value, path, 0)?;
    }
    Ok(value)
}

/// Removes what is at the rest of a path, from this step on.
fn remove(value: &mut Value, path: &[String], level: usize) -> Result<(), JsonbError> {
    let Some(step) = path.get(level) else {
        return Ok(());
    };
    let is_last = level + 1 == path.len();
    let inner = match value {
        Value::Object(entries) if is_last => {
            entries.shift_remove(step);
            None
        }
        Value::Object(entries) => entries.get_mut(step),
        Value::Array(elements) => {
            let index = index(step).ok_or_else(|| JsonbError::StepIsNoIndex {
                position: level + 1,
                step: step.clone(),
            })?;
            match position(index, elements.len()) {
                Some(index) if is_last => {
                    elements.remove(index);
                    None
                }
                Some(index) => elements.get_mut(index),
                None => None,
            }
        }
        _ => None,
    };
    inner.map_or(Ok(()), |inner| remove(inner, path, level + 1))
}

/// A step into an array: PostgreSQL reads a number of 32 bits, which white space of C may precede.
fn index(step: &str) -> Option<i64> {
    let number = step.trim_start_matches([' ', '\t', '\n', '\u{b}', '\u{c}', '\r']);
    number.parse::<i32>().ok().map(i64::from)
}

/// `value #> path`: what is at the path, if anything.
pub(super) fn part<'v>(mut value: &'v Value, path: &[String]) -> Option<&'v Value> {
    for step in path {
        value = match value {
            Value::Object(entries) => entries.get(step)?,
            Value::Array(elements) => elements.get(position(index(step)?, elements.len())?)?,
            _ => return None,
        };
    }
    Some(value)
}
