//! Values into and out of SQLite.

use portico_entity::catalogue::Scalar;
use rusqlite::types::{Value, ValueRef};
use uuid::Uuid;

use crate::execute::answer;
use crate::scalar::{self, Parameter, stored_time};
use crate::sql::{Objects, OutputValue};

/// A parameter as SQLite stores it.
pub(super) fn value(parameter: Parameter) -> Value {
    match parameter {
        Parameter::Null => Value::Null,
        Parameter::Boolean(value) => Value::Integer(value.into()),
        Parameter::Integer(value) => Value::Integer(value),
        Parameter::Text(text) | Parameter::Json(text) => Value::Text(text),
        Parameter::Uuid(uuid) => Value::Blob(uuid.into_bytes().to_vec()),
        Parameter::Time(time) => Value::Text(stored_time(time)),
        Parameter::Bytes(bytes) => Value::Blob(bytes),
        Parameter::List(elements) => Value::Text(array(elements).to_string()),
        Parameter::Rows(rows) => {
            let rows: serde_json::Value = rows.into_iter().map(array).collect();
            Value::Text(rows.to_string())
        }
    }
}

/// A value as SQLite has it.
pub(super) fn parameter(value: ValueRef<'_>) -> Parameter {
    match value {
        ValueRef::Null => Parameter::Null,
        ValueRef::Integer(number) => Parameter::Integer(number),
        ValueRef::Real(number) => Parameter::Text(number.to_string()),
        ValueRef::Text(text) => Parameter::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Parameter::Bytes(bytes.to_vec()),
    }
}

fn array(elements: Vec<Parameter>) -> serde_json::Value {
    elements.into_iter().map(element).collect()
}

/// An element of a list, which reaches SQLite as a JSON array: bytes as hex digits.
fn element(parameter: Parameter) -> serde_json::Value {
    match value(parameter) {
        Value::Null => serde_json::Value::Null,
        Value::Integer(number) => number.into(),
        Value::Real(number) => number.into(),
        Value::Text(text) => text.into(),
        Value::Blob(bytes) => scalar::wire_bytes(&bytes).trim_start_matches("\\x").into(),
    }
}

/// A row of SQLite.
pub(super) struct SqliteRow<'r, 's>(pub(super) &'r rusqlite::Row<'s>);

impl answer::Row for SqliteRow<'_, '_> {
    type Error = rusqlite::Error;

    fn write(&self, index: usize, value: &OutputValue, out: &mut Vec<u8>) -> Result<(), rusqlite::Error> {
        let found = self.0.get_ref(index)?;
        match (value, found) {
            (_, ValueRef::Null) => out.extend_from_slice(b"null"),
            (OutputValue::Json | OutputValue::Scalar(Scalar::Jsonb), ValueRef::Text(json)) => {
                out.extend_from_slice(json);
            }
            (OutputValue::Scalar(Scalar::Boolean), ValueRef::Integer(number)) => {
                out.extend_from_slice(if number == 0 { b"false" } else { b"true" });
            }
            (_, ValueRef::Integer(number)) => answer::integer(number, out),
            (OutputValue::Scalar(Scalar::Timestamptz), ValueRef::Text(time))
                if scalar::is_wire_time(time) && answer::is_plain(time) =>
            {
                answer::plain(time, out);
            }
            (OutputValue::Scalar(Scalar::Timestamptz), ValueRef::Text(_)) => {
                answer::string(&scalar::wire_time(found.as_str()?), out);
            }
            (OutputValue::Objects(objects), ValueRef::Text(array)) => write_objects(objects, array, out),
            // Most are: they need not be looked at again to see whether they are UTF-8.
            (_, ValueRef::Text(text)) if answer::is_plain(text) => answer::plain(text, out),
            (_, ValueRef::Text(_)) => answer::string(found.as_str()?, out),
            (OutputValue::Scalar(Scalar::Uuid), ValueRef::Blob(bytes)) => {
                let uuid = Uuid::from_slice(bytes).unwrap_or_default();
                answer::plain(uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()), out);
            }
            (_, ValueRef::Blob(bytes)) => answer::string(&scalar::wire_bytes(bytes), out),
            (_, ValueRef::Real(number)) => {
                out.extend_from_slice(serde_json::Value::from(number).to_string().as_bytes());
            }
        }
        Ok(())
    }
}

/// Writes an array of scalars, as SQLite makes it: without a space between them.
fn write_objects(objects: &Objects, array: &[u8], out: &mut Vec<u8>) {
    let inner = array.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]"));
    let mut rest = inner.unwrap_or_default();
    out.push(b'[');
    while !rest.is_empty() {
        let (value, after) = rest.split_at(length_of_scalar(rest));
        out.extend_from_slice(objects.before.as_bytes());
        out.extend_from_slice(value);
        out.extend_from_slice(objects.after.as_bytes());
        rest = after.strip_prefix(b",").unwrap_or_default();
        if !rest.is_empty() {
            out.push(b',');
        }
    }
    out.push(b']');
}

/// How long the scalar is with which JSON begins.
fn length_of_scalar(json: &[u8]) -> usize {
    let (mut in_text, mut escaped) = (false, false);
    let end = json.iter().position(|byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_text = !in_text,
            b',' => return !in_text,
            _ => {}
        }
        false
    });
    end.unwrap_or(json.len())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    proptest::proptest! {
        #[test]
        fn each_value_gets_an_object(texts in proptest::collection::vec(".*", 0..5), numbers: Vec<i64>) {
            let texts = texts.into_iter().map(Value::from);
            let mut values: Vec<Value> = texts.chain(numbers.into_iter().map(Value::from)).collect();
            values.extend([Value::Null, true.into()]);
            let objects = Objects {
                before: "{\"a\":1,\"b\":".to_owned(),
                scalar: Scalar::String,
                after: ",\"c\":2}".to_owned(),
            };
            let array = serde_json::to_vec(&values).unwrap();
            let mut out = Vec::new();
            write_objects(&objects, &array, &mut out);
            let expected: Value = values.iter().map(|value| json!({ "a": 1, "b": value, "c": 2 })).collect();
            let written: Value = serde_json::from_slice(&out).unwrap();
            proptest::prop_assert_eq!(written, expected);
        }
    }

    #[test]
    fn nothing_is_an_empty_list() {
        let objects = Objects {
            before: "{".to_owned(),
            scalar: Scalar::String,
            after: "}".to_owned(),
        };
        let mut out = Vec::new();
        write_objects(&objects, b"[]", &mut out);
        assert_eq!(out, b"[]");
    }
}
