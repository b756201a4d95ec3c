//! When two answers, or what is stored, count as the same.

use serde_json::{Value, json};
use uuid::Uuid;

use super::mutation::Mutation;
use super::rows::Store;
use super::schema::TABLES;

/// An answer without what nobody promises: ids that the service made, and the last digits of a fraction.
pub(super) fn plain(value: &Value) -> Value {
    match value {
        Value::String(text) if is_made(text) => json!("made by the service"),
        Value::Number(number) if number.is_f64() => rounded(number.as_f64().unwrap()),
        Value::Array(elements) => elements.iter().map(plain).collect(),
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            let members = members
                .into_iter()
                .map(|(name, value)| (name.clone(), plain(value)));
            Value::Object(members.collect())
        }
        other => other.clone(),
    }
}

/// The answer to a mutation, with rows in an order of their own where the request gives none.
pub(super) fn plain_answer(mutation: &Mutation, answer: &Value) -> Value {
    let mut answer = plain(answer);
    let roots = mutation.roots.iter().enumerate();
    for (number, _) in roots.filter(|(_, root)| !root.is_ordered()) {
        match answer.pointer_mut(&format!("/data/m{number}")) {
            Some(Value::Array(responses)) => responses.iter_mut().for_each(sort),
            Some(response) => sort(response),
            None => {}
        }
    }
    answer
}

fn sort(response: &mut Value) {
    if let Some(Value::Array(rows)) = response.get_mut("returning") {
        rows.sort_by_key(Value::to_string);
    }
}

/// Everything stored, in an order of its own.
pub(super) fn plain_rows(store: &Store) -> Vec<String> {
    let mut rows = Vec::new();
    for table in &TABLES {
        let texts = store
            .rows(table.name)
            .iter()
            .map(|row| plain(&json!(row)).to_string());
        rows.extend(texts.map(|text| format!("{} {text}", table.name)));
    }
    rows.sort();
    rows
}

/// Whether it is a uuid of the version that the service makes; those of the test are of none.
fn is_made(text: &str) -> bool {
    Uuid::try_parse(text).is_ok_and(|id| id.get_version_num() == 7)
}

/// Nine digits, and a whole number as such.
fn rounded(number: f64) -> Value {
    match number.fract() == 0.0 && number.abs() < 1e15 {
        true => format!("{number:.0}")
            .parse::<i64>()
            .map_or(Value::Null, Value::from),
        false => json!(format!("{number:.8e}")),
    }
}
