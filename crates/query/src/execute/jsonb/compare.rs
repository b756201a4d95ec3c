//! The order of jsonb.

use std::cmp::Ordering;

use serde_json::{Map, Number, Value};

/// Objects over arrays over booleans over numbers over strings over null; containers by size first, then
/// member by member, keys in the order in which they are kept. An empty array that is the whole value stands
/// below everything, as it does in PostgreSQL.
pub(crate) fn compare(left: &Value, right: &Value) -> Ordering {
    let is_empty_array = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
    match (left, right) {
        (Value::Array(_) | Value::Object(_), Value::Array(_) | Value::Object(_)) => within(left, right),
        (left, _) if is_empty_array(left) => Ordering::Less,
        (_, right) if is_empty_array(right) => Ordering::Greater,
        _ => within(left, right),
    }
}

fn within(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        (Value::Number(left), Value::Number(right)) => numbers(left, right),
        (Value::String(left), Value::String(right)) => left.cmp(right),
        (Value::Array(left), Value::Array(right)) => left.len().cmp(&right.len()).then_with(|| {
            let pairs = left.iter().zip(right);
            first_difference(pairs.map(|(left, right)| within(left, right)))
        }),
        (Value::Object(left), Value::Object(right)) => left.len().cmp(&right.len()).then_with(|| {
            let (left, right) = (sorted(left), sorted(right));
            let pairs = left.iter().zip(&right);
            first_difference(
                pairs.map(|(left, right)| left.0.cmp(right.0).then_with(|| within(left.1, right.1))),
            )
        }),
        (left, right) => rank(left).cmp(&rank(right)),
    }
}

fn first_difference(mut orders: impl Iterator<Item = Ordering>) -> Ordering {
    orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

fn numbers(left: &Number, right: &Number) -> Ordering {
    match (left.as_i128(), right.as_i128(), left.as_f64(), right.as_f64()) {
        (Some(left), Some(right), ..) => left.cmp(&right),
        // Zero is one, whatever its sign.
        (_, _, Some(left), Some(right)) => left.partial_cmp(&right).unwrap_or(Ordering::Equal),
        _ => Ordering::Equal,
    }
}

pub(super) fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::String(_) => 1,
        Value::Number(_) => 2,
        Value::Bool(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    }
}

/// The members in the order in which PostgreSQL keeps them: the shorter key first.
pub(super) fn sorted(object: &Map<String, Value>) -> Vec<(&str, &Value)> {
    let mut entries: Vec<_> = object.iter().map(|(key, value)| (key.as_str(), value)).collect();
    entries.sort_by(|(left, _), (right, _)| left.len().cmp(&right.len()).then_with(|| left.cmp(right)));
    entries
}
