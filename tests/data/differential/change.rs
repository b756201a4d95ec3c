//! How columns change: `_set`, `_inc` and the operators of JSON.

use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Just, Strategy};
use proptest::prop_oneof;
use proptest::sample::select;
use serde_json::{Value, json};

use super::database::DATA;
use super::schema::{Column, Initial, Kind, Table};
use super::value::pool;
use super::writing::value_of;

/// How a column changes.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Set(Value),
    Increment(i64),
    Append(Value),
    Prepend(Value),
    DeleteKey(&'static str),
    DeleteElement(i64),
    DeleteAtPath(Vec<&'static str>),
}

/// A change of a column, with its values.
pub(super) fn change(table: &'static Table, column: &'static Column) -> BoxedStrategy<Change> {
    let nullable = column.initial == Initial::Null;
    // Whether null may stand there is for the type of the input to say, before the database is asked.
    let set = value_of(table, column)
        .prop_filter("null where it may be", move |value| nullable || !value.is_null())
        .prop_map(Change::Set);
    match column.kind {
        Kind::Int => prop_oneof![set, (-2..=1_i64).prop_map(Change::Increment)].boxed(),
        Kind::Bigint => {
            let by = prop_oneof![3 => -2..=1_i64, 1 => Just(i64::MAX)];
            prop_oneof![set, by.prop_map(Change::Increment)].boxed()
        }
        Kind::Json => {
            let value = || select(pool(Kind::Json));
            let step = || select(vec!["a", "b", "0", "1", "-1", "z"]);
            prop_oneof![
                set,
                value().prop_map(Change::Append),
                value().prop_map(Change::Prepend),
                step().prop_map(Change::DeleteKey),
                (-3..4_i64).prop_map(Change::DeleteElement),
                vec(step(), 0..3).prop_map(Change::DeleteAtPath),
            ]
            .boxed()
        }
        _ => set.boxed(),
    }
}

impl Change {
    /// Whether it depends on what is there.
    pub(super) fn builds_on(&self) -> bool {
        !matches!(self, Self::Set(_))
    }

    pub(super) fn operator(&self) -> &'static str {
        match self {
            Self::Set(_) => "_set",
            Self::Increment(_) => "_inc",
            Self::Append(_) => "_append",
            Self::Prepend(_) => "_prepend",
            Self::DeleteKey(_) => "_delete_key",
            Self::DeleteElement(_) => "_delete_elem",
            Self::DeleteAtPath(_) => "_delete_at_path",
        }
    }

    pub(super) fn operand(&self) -> Value {
        match self {
            Self::Set(value) | Self::Append(value) | Self::Prepend(value) => value.clone(),
            Self::Increment(number) | Self::DeleteElement(number) => json!(number),
            Self::DeleteKey(key) => json!(key),
            Self::DeleteAtPath(path) => json!(path),
        }
    }

    /// What stands in the column afterwards, or the code of the error.
    pub(super) fn apply(&self, kind: Kind, value: &Value) -> Result<Value, &'static str> {
        match self {
            Self::Set(value) => Ok(value.clone()),
            _ if value.is_null() => Ok(Value::Null),
            Self::Increment(by) => {
                let in_bounds = |sum: &i64| kind == Kind::Bigint || i32::try_from(*sum).is_ok();
                let sum = value.as_i64().unwrap().checked_add(*by).filter(in_bounds);
                sum.map(|sum| json!(sum)).ok_or(DATA)
            }
            Self::Append(other) => Ok(concatenated(value, other)),
            Self::Prepend(other) => Ok(concatenated(other, value)),
            Self::DeleteKey(key) => match value {
                Value::Object(members) => Ok(members
                    .clone()
                    .into_iter()
                    .filter(|(name, _)| name != key)
                    .collect()),
                Value::Array(elements) => Ok(elements
                    .iter()
                    .filter(|element| *element != key)
                    .cloned()
                    .collect()),
                _ => Err(DATA),
            },
            Self::DeleteElement(index) => match value {
                Value::Array(elements) => Ok(without(elements, *index).into()),
                _ => Err(DATA),
            },
            Self::DeleteAtPath(path) => match value {
                Value::Array(elements) if elements.is_empty() => Ok(value.clone()),
                Value::Array(_) | Value::Object(_) => pruned(value, path),
                _ => Err(DATA),
            },
        }
    }
}

fn concatenated(first: &Value, second: &Value) -> Value {
    let elements = |value: &Value| match value {
        Value::Array(elements) => elements.clone(),
        other => vec![other.clone()],
    };
    match (first, second) {
        (Value::Object(first), Value::Object(second)) => {
            Value::Object(first.clone().into_iter().chain(second.clone()).collect())
        }
        _ => [elements(first), elements(second)].concat().into(),
    }
}

/// Where an index points, counted from the end when negative.
fn position(elements: &[Value], index: i64) -> Option<usize> {
    let length = i64::try_from(elements.len()).unwrap();
    let index = if index < 0 { index + length } else { index };
    (0..length)
        .contains(&index)
        .then(|| usize::try_from(index).unwrap())
}

fn without(elements: &[Value], index: i64) -> Vec<Value> {
    let mut elements = elements.to_vec();
    if let Some(index) = position(&elements, index) {
        elements.remove(index);
    }
    elements
}

/// Without what is at a path.
fn pruned(value: &Value, path: &[&str]) -> Result<Value, &'static str> {
    let Some((step, rest)) = path.split_first() else {
        return Ok(value.clone());
    };
    match value {
        Value::Object(members) => {
            let mut members = members.clone();
            match (rest, members.get(*step)) {
                ([], _) => {
                    members.remove(*step);
                }
                (rest, Some(inner)) => {
                    let inner = pruned(inner, rest)?;
                    members.insert((*step).to_owned(), inner);
                }
                _ => {}
            }
            Ok(members.into())
        }
        Value::Array(elements) => {
            let index: i64 = step.parse().map_err(|_| DATA)?;
            let Some(at) = position(elements, index).filter(|_| !rest.is_empty()) else {
                return Ok(without(elements, index).into());
            };
            let mut elements = elements.clone();
            elements[at] = pruned(&elements[at], rest)?;
            Ok(elements.into())
        }
        other => Ok(other.clone()),
    }
}
