//! What PostgreSQL has and SQLite lacks, as functions of every connection.

mod compare;

use rusqlite::functions::{Context, FunctionFlags, SubType};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Error, Result};
use serde_json::Value;
use uuid::Uuid;

use crate::error::Code;
use crate::execute::{jsonb, statistics};
use crate::scalar::{wire_bytes, wire_time};

/// What SQLite's functions of JSON call a text that they need not put between quotes.
const JSON: SubType = Some(b'J' as u32);

/// Registers the functions that compiled statements use.
pub(super) fn register(connection: &Connection) -> Result<()> {
    as_json(connection)?;
    scalar(connection, "uuid_text", 1, |context| {
        Ok(match context.get_raw(0) {
            ValueRef::Blob(bytes) => Uuid::from_slice(bytes).ok().map(|uuid| uuid.to_string()),
            _ => None,
        })
    })?;
    scalar(connection, "wire_time", 1, |context| {
        Ok(text(context, 0)?.map(|stored| wire_time(stored).into_owned()))
    })?;
    scalar(connection, "wire_bytes", 1, |context| {
        Ok(match context.get_raw(0) {
            ValueRef::Blob(bytes) => Some(wire_bytes(bytes)),
            _ => None,
        })
    })?;
    scalar(connection, "jsonb_key", 1, |context| {
        Ok(json(context, 0)?.map(|value| jsonb::key(&value)))
    })?;
    scalar(connection, "integer_text", 1, |context| {
        let bytes = context.get_raw(0).as_blob_or_null()?;
        Ok(bytes
            .and_then(|bytes| bytes.try_into().ok())
            .map(statistics::integer_text))
    })?;
    scalar(connection, "float_text", 1, |context| {
        Ok(context.get_raw(0).as_f64_or_null()?.map(statistics::float_text))
    })?;
    scalar(connection, "json_part", 2, |context| {
        let (Some(value), path) = (json(context, 0)?, steps(context, 1)?) else {
            return Ok(None);
        };
        Ok(jsonb::part(&value, &path).map(Value::to_string))
    })?;
    compare::register(connection)?;
    changes(connection)
}

/// Says of a text that it is JSON. SQLite's own `json` does so as well, but reads the text and writes it anew.
fn as_json(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_RESULT_SUBTYPE;
    connection.create_scalar_function("as_json", 1, flags, |context| Ok((context.get_arg(0), JSON)))
}

/// The functions that make a new JSON value of a stored one; of null they make null.
fn changes(connection: &Connection) -> Result<()> {
    scalar(connection, "jsonb_append", 2, |context| {
        let (Some(stored), Some(value)) = (json(context, 0)?, json(context, 1)?) else {
            return Ok(None);
        };
        Ok(Some(jsonb::text(&jsonb::concatenate(stored, value))))
    })?;
    scalar(connection, "jsonb_prepend", 2, |context| {
        let (Some(stored), Some(value)) = (json(context, 0)?, json(context, 1)?) else {
            return Ok(None);
        };
        Ok(Some(jsonb::text(&jsonb::concatenate(value, stored))))
    })?;
    scalar(connection, "jsonb_delete_key", 2, |context| {
        let (Some(stored), Some(key)) = (json(context, 0)?, text(context, 1)?) else {
            return Ok(None);
        };
        changed(jsonb::delete_key(stored, key))
    })?;
    scalar(connection, "jsonb_delete_element", 2, |context| {
        let Some(stored) = json(context, 0)? else {
            return Ok(None);
        };
        changed(jsonb::delete_element(stored, context.get(1)?))
    })?;
    scalar(connection, "jsonb_delete_at_path", 2, |context| {
        let Some(stored) = json(context, 0)? else {
            return Ok(None);
        };
        changed(jsonb::delete_at_path(stored, &steps(context, 1)?))
    })?;
    sums(connection)
}

/// SQLite stores whole numbers of 64 bits in every column of them, and goes on with floats beyond that.
fn sums(connection: &Connection) -> Result<()> {
    for (name, type_name, bounds) in [
        ("integer_sum", "integer", i32::MIN.into()..=i32::MAX.into()),
        ("bigint_sum", "bigint", i64::MIN..=i64::MAX),
    ] {
        scalar(connection, name, 2, move |context| {
            let numbers = (
                context.get_raw(0).as_i64_or_null()?,
                context.get_raw(1).as_i64_or_null()?,
            );
            let (Some(one), Some(other)) = numbers else {
                return Ok(None);
            };
            match one.checked_add(other).filter(|sum| bounds.contains(sum)) {
                Some(sum) => Ok(Some(sum)),
                None => Err(refused(
                    Code::DataException,
                    &format_args!("{type_name} out of range"),
                )),
            }
        })?;
    }
    Ok(())
}

fn changed(value: std::result::Result<Value, jsonb::JsonbError>) -> Result<Option<String>> {
    value
        .map(|value| Some(jsonb::text(&value)))
        .map_err(|error| refused(Code::DataException, &error))
}

fn scalar<T>(
    connection: &Connection,
    name: &str,
    arguments: i32,
    function: impl Fn(&Context<'_>) -> Result<T> + Send + 'static,
) -> Result<()>
where
    T: Into<Answer>,
{
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function(name, arguments, flags, move |context| {
        function(context).map(|answer| answer.into().0)
    })
}

/// What a function answers.
struct Answer(ToSqlOutput<'static>);

impl From<Option<String>> for Answer {
    fn from(text: Option<String>) -> Self {
        Self(ToSqlOutput::Owned(text.into()))
    }
}
impl From<Option<Vec<u8>>> for Answer {
    fn from(bytes: Option<Vec<u8>>) -> Self {
        Self(ToSqlOutput::Owned(bytes.into()))
    }
}
impl From<Option<bool>> for Answer {
    fn from(value: Option<bool>) -> Self {
        Self(ToSqlOutput::Owned(value.into()))
    }
}
impl From<Option<i64>> for Answer {
    fn from(value: Option<i64>) -> Self {
        Self(ToSqlOutput::Owned(value.into()))
    }
}

fn text<'c>(context: &'c Context<'_>, index: usize) -> Result<Option<&'c str>> {
    match context.get_raw(index) {
        ValueRef::Null => Ok(None),
        value => Ok(Some(value.as_str()?)),
    }
}

fn json(context: &Context<'_>, index: usize) -> Result<Option<Value>> {
    let Some(text) = text(context, index)? else {
        return Ok(None);
    };
    serde_json::from_str(text)
        .map(Some)
        .map_err(|error| refused(Code::DataException, &error))
}

fn steps(context: &Context<'_>, index: usize) -> Result<Vec<String>> {
    let text = text(context, index)?.unwrap_or("[]");
    serde_json::from_str(text).map_err(|error| refused(Code::DataException, &error))
}

/// An error of a function reaches the statement as text alone: the code goes before it.
fn refused(code: Code, reason: &dyn std::fmt::Display) -> Error {
    Error::UserFunctionError(format!("{}: {reason}", code.as_str()).into())
}
