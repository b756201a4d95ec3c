//! What is in what: `@>`, `?`, `?|` and `?&`.

use std::collections::HashSet;

use serde_json::Value;

use super::compare;

/// `outer @> inner`: the members of objects and the elements of arrays are found, however many more there are.
/// An array also contains a plain value that is one of its elements.
pub(crate) fn contains(outer: &Value, inner: &Value) -> bool {
    match (outer, inner) {
        (Value::Array(elements), inner) if is_plain(inner) => {
            elements.iter().any(|outer| equal(outer, inner))
        }
        (outer, inner) => deep(outer, inner),
    }
}

fn deep(outer: &Value, inner: &Value) -> bool {
    match (outer, inner) {
        (Value::Object(outer), Value::Object(inner)) => {
            inner.len() <= outer.len()
                && inner
                    .iter()
                    .all(|(key, inner)| outer.get(key).is_some_and(|outer| deep(outer, inner)))
        }
        (Value::Array(outer), Value::Array(inner)) => inner.iter().all(|inner| match is_plain(inner) {
            true => outer.iter().any(|outer| equal(outer, inner)),
            false => outer.iter().any(|outer| deep(outer, inner)),
        }),
        (outer, inner) => is_plain(outer) && equal(outer, inner),
    }
}

fn is_plain(value: &Value) -> bool {
    !value.is_array() && !value.is_object()
}

fn equal(left: &Value, right: &Value) -> bool {
    compare(left, right).is_eq()
}

/// The texts that are keys of an object, elements of an array, or the value itself.
pub(crate) fn keys(value: &Value) -> HashSet<&str> {
    match value {
        Value::Object(entries) => entries.keys().map(String::as_str).collect(),
        Value::Array(elements) => elements.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().into_iter().collect(),
    }
}
