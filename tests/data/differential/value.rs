//! Values: how they compare, and the pools from which rows and requests take them.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::schema::Kind;

/// Values for a column of this kind, the same for rows and for operands.
pub(super) fn pool(kind: Kind) -> Vec<Value> {
    match kind {
        Kind::Uuid => vec![
            json!("10000000-0000-0000-0000-000000000001"),
            json!("10000000-0000-0000-0000-000000000004"),
            json!("aaaaaaaa-0000-0000-0000-00000000000a"),
            json!("bbbbbbbb-0000-0000-0000-00000000000b"),
        ],
        Kind::Text => vec![
            json!(""),
            json!("a"),
            json!("A"),
            json!("ab"),
            json!("Ab b"),
            json!("a%b"),
            json!("b_\\a"),
            json!("é"),
            json!("É\nab"),
            json!("abab"),
        ],
        Kind::Citext => vec![
            json!("a@x.org"),
            json!("A@X.ORG"),
            json!("b@y.org"),
            json!("Ab@x.org"),
        ],
        Kind::Boolean => vec![json!(true), json!(false)],
        Kind::Int => vec![json!(0), json!(1), json!(-3), json!(7), json!(i32::MAX)],
        Kind::Bigint => vec![
            json!(0),
            json!(5),
            json!(-5),
            json!(4_000_000_000_u64),
            json!(9_007_199_254_740_993_u64),
        ],
        Kind::Time => vec![
            json!("2024-01-01T00:00:00+00:00"),
            json!("2024-01-01T00:00:00.5+00:00"),
            json!("2024-01-01T00:00:00.500001+00:00"),
            json!("1999-12-31T23:59:59+00:00"),
        ],
        Kind::Json => vec![
            json!({}),
            json!([]),
            json!(1),
            json!("a"),
            json!(true),
            json!({ "a": 1 }),
            json!({ "b": 1 }),
            json!({ "aa": 1, "b": [1, "a"] }),
            json!({ "a": { "b": [1, 2] }, "c": null }),
            json!([1, "a", [2]]),
            json!(["a", "b"]),
            json!([[], {}]),
        ],
        Kind::Bytes => vec![json!("\\x"), json!("\\x00"), json!("\\x00ff"), json!("\\xff")],
    }
}

/// How two values that are not null compare.
pub(super) fn compare(kind: Kind, left: &Value, right: &Value) -> Ordering {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    match kind {
        Kind::Uuid | Kind::Text | Kind::Bytes => text(left).cmp(&text(right)),
        Kind::Citext => text(left)
            .to_ascii_lowercase()
            .cmp(&text(right).to_ascii_lowercase()),
        Kind::Boolean => left.as_bool().cmp(&right.as_bool()),
        Kind::Int | Kind::Bigint => left.as_i64().cmp(&right.as_i64()),
        Kind::Time => time(left).cmp(&time(right)),
        Kind::Json => whole_json(left, right),
    }
}

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

/// PostgreSQL has an empty array as the whole value below everything that is no container.
fn whole_json(left: &Value, right: &Value) -> Ordering {
    let plain = |value: &Value| !value.is_array() && !value.is_object();
    match (
        left == &json!([]) && plain(right),
        right == &json!([]) && plain(left),
    ) {
        (true, _) => Ordering::Less,
        (_, true) => Ordering::Greater,
        _ => json(left, right),
    }
}

fn json(left: &Value, right: &Value) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Null => 0,
        Value::String(_) => 1,
        Value::Number(_) => 2,
        Value::Bool(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    };
    match (left, right) {
        (Value::String(left), Value::String(right)) => left.cmp(right),
        (Value::Number(left), Value::Number(right)) => left.as_i64().cmp(&right.as_i64()),
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        (Value::Array(left), Value::Array(right)) => {
            let mut order = left.len().cmp(&right.len());
            for (left, right) in left.iter().zip(right) {
                order = order.then(json(left, right));
            }
            order
        }
        (Value::Object(left), Value::Object(right)) => {
            let mut order = left.len().cmp(&right.len());
            let (left, right) = (members(left), members(right));
            for (left, right) in left.iter().zip(&right) {
                order = order.then(left.0.cmp(right.0)).then(json(left.1, right.1));
            }
            order
        }
        _ => rank(left).cmp(&rank(right)),
    }
}

/// In the order in which PostgreSQL keeps them.
fn members(object: &serde_json::Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut members: Vec<_> = object.iter().collect();
    members.sort_by_key(|(key, _)| (key.len(), key.as_str()));
    members
}

/// The text of JSON that has no numbers but integers.
pub(super) fn json_text(value: &Value) -> String {
    match value {
        Value::Array(elements) => {
            let elements: Vec<String> = elements.iter().map(json_text).collect();
            format!("[{}]", elements.join(", "))
        }
        Value::Object(object) => {
            let members: Vec<String> = members(object)
                .into_iter()
                .map(|(key, value)| format!("{}: {}", json!(key), json_text(value)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
        plain => plain.to_string(),
    }
}

/// `outer @> inner`
pub(super) fn contains(outer: &Value, inner: &Value) -> bool {
    match (outer, inner) {
        (Value::Array(outer), inner) if !inner.is_array() && !inner.is_object() => outer.contains(inner),
        _ => within(outer, inner),
    }
}

fn within(outer: &Value, inner: &Value) -> bool {
    match (outer, inner) {
        (Value::Array(outer), Value::Array(inner)) => inner
            .iter()
            .all(|inner| outer.iter().any(|outer| within(outer, inner))),
        (Value::Object(outer), Value::Object(inner)) => inner
            .iter()
            .all(|(key, inner)| outer.get(key).is_some_and(|outer| within(outer, inner))),
        _ => outer == inner,
    }
}

/// `value ? key`
pub(super) fn has_key(value: &Value, key: &str) -> bool {
    match value {
        Value::Object(members) => members.contains_key(key),
        Value::Array(elements) => elements.contains(&json!(key)),
        other => other == &json!(key),
    }
}
