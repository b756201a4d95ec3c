//! Values into PostgreSQL as text, which it reads by its own rules, and out of it in binary.

use std::error::Error;
use std::fmt::Write;

use bytes::BytesMut;
use chrono::{DateTime, SecondsFormat};
use portico_entity::catalogue::Scalar;
use tokio_postgres::Column;
use tokio_postgres::types::{Format, FromSql, IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

use super::error;
use crate::error::Failure;
use crate::execute::{Found, answer};
use crate::scalar::{self, Parameter, stored_time};
use crate::sql::{Objects, OutputValue};

/// A parameter sent in text form, so that one type serves every SQL type.
#[derive(Debug)]
pub(super) struct TextParameter<'p>(pub(super) &'p Parameter);

impl ToSql for TextParameter<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        Ok(match write_text(self.0, out)? {
            true => IsNull::No,
            false => IsNull::Yes,
        })
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

/// Writes a value as text; false for null, which has none.
fn write_text(parameter: &Parameter, out: &mut impl Write) -> Result<bool, std::fmt::Error> {
    match parameter {
        // Rows come as a list for each column.
        Parameter::Null | Parameter::Rows(_) => return Ok(false),
        Parameter::Boolean(value) => write!(out, "{value}")?,
        Parameter::Integer(value) => write!(out, "{value}")?,
        Parameter::Text(text) | Parameter::Json(text) => out.write_str(text)?,
        Parameter::Uuid(uuid) => write!(out, "{uuid}")?,
        Parameter::Time(time) => out.write_str(&stored_time(*time))?,
        Parameter::Bytes(bytes) => out.write_str(&scalar::wire_bytes(bytes))?,
        Parameter::List(elements) => write_array(elements, out)?,
    }
    Ok(true)
}

/// PostgreSQL's array text, every element quoted.
fn write_array(elements: &[Parameter], out: &mut impl Write) -> std::fmt::Result {
    out.write_char('{')?;
    let mut text = String::new();
    for (index, element) in elements.iter().enumerate() {
        if index > 0 {
            out.write_char(',')?;
        }
        text.clear();
        match write_text(element, &mut text)? {
            false => out.write_str("NULL")?,
            true => {
                out.write_char('"')?;
                for character in text.chars() {
                    if matches!(character, '"' | '\\') {
                        out.write_char('\\')?;
                    }
                    out.write_char(character)?;
                }
                out.write_char('"')?;
            }
        }
    }
    out.write_char('}')
}

/// A column's bytes as they came.
struct Raw<'r>(&'r [u8]);

impl<'r> FromSql<'r> for Raw<'r> {
    fn from_sql(_: &Type, bytes: &'r [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(bytes))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Rows as values.
pub(super) fn found(rows: &[tokio_postgres::Row]) -> Result<Found, Failure> {
    let Some(first) = rows.first() else {
        return Ok(Found::default());
    };
    let columns = first.columns();
    let values = |row: &tokio_postgres::Row| {
        let value = |(index, column): (usize, &Column)| match row.try_get(index).map_err(error::failure)? {
            Some(Raw(bytes)) => parameter(column.type_(), bytes),
            None => Ok(Parameter::Null),
        };
        columns.iter().enumerate().map(value).collect()
    };
    Ok(Found {
        columns: columns.iter().map(|column| column.name().to_owned()).collect(),
        rows: rows.iter().map(values).collect::<Result<_, Failure>>()?,
    })
}

/// A value out of its binary form.
fn parameter(kind: &Type, bytes: &[u8]) -> Result<Parameter, Failure> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(match *kind {
        Type::BOOL => Parameter::Boolean(bytes == [1]),
        Type::INT2 | Type::INT4 | Type::INT8 => Parameter::Integer(integer(bytes)),
        Type::UUID => Parameter::Uuid(Uuid::from_slice(bytes).unwrap_or_default()),
        Type::BYTEA => Parameter::Bytes(bytes.to_vec()),
        Type::JSON => Parameter::Json(text(bytes)),
        // A version and then text.
        Type::JSONB => Parameter::Json(text(bytes.strip_prefix(&[1]).unwrap_or(bytes))),
        Type::TIMESTAMPTZ => {
            let time = DateTime::from_timestamp_micros(integer(bytes).saturating_add(FROM_1970_TO_2000));
            Parameter::Time(time.ok_or_else(|| Failure::unexpected(&"a time is beyond all calendars"))?)
        }
        Type::TEXT | Type::VARCHAR => Parameter::Text(text(bytes)),
        _ if kind.name() == "citext" => Parameter::Text(text(bytes)),
        _ => {
            return Err(Failure::unexpected(&format!(
                "a value of the type {kind} is not read"
            )));
        }
    })
}

/// A row of PostgreSQL.
pub(super) struct PostgresRow<'r>(pub(super) &'r tokio_postgres::Row);

impl answer::Row for PostgresRow<'_> {
    type Error = tokio_postgres::Error;

    fn write(&self, index: usize, value: &OutputValue, out: &mut Vec<u8>) -> Result<(), Self::Error> {
        let Some(Raw(bytes)) = self.0.try_get::<usize, Option<Raw<'_>>>(index)? else {
            out.extend_from_slice(b"null");
            return Ok(());
        };
        match value {
            OutputValue::Known(_) => {}
            OutputValue::Json => out.extend_from_slice(bytes),
            OutputValue::Scalar(scalar) => write_scalar(*scalar, bytes, out),
            OutputValue::Objects(objects) => write_objects(objects, bytes, out),
        }
        Ok(())
    }
}

/// Writes an array of one dimension. Its binary form is a head of 20 bytes, of which an array without elements
/// has 12, and then each element with its length, which is -1 for null.
fn write_objects(objects: &Objects, array: &[u8], out: &mut Vec<u8>) {
    out.push(b'[');
    let mut rest = array.get(20..).unwrap_or_default();
    let mut first = true;
    while let Some((length, after)) = rest.split_first_chunk() {
        if !std::mem::take(&mut first) {
            out.push(b',');
        }
        out.extend_from_slice(objects.before.as_bytes());
        let length = usize::try_from(i32::from_be_bytes(*length)).ok();
        let element = length.and_then(|length| after.split_at_checked(length));
        match element {
            Some((value, _)) => write_scalar(objects.scalar, value, out),
            None => out.extend_from_slice(b"null"),
        }
        rest = element.map_or(after, |(_, rest)| rest);
        out.extend_from_slice(objects.after.as_bytes());
    }
    out.push(b']');
}

fn write_scalar(scalar: Scalar, bytes: &[u8], out: &mut Vec<u8>) {
    match scalar {
        Scalar::Boolean => out.extend_from_slice(if bytes == [1] { b"true" } else { b"false" }),
        Scalar::Int | Scalar::Bigint => answer::integer(integer(bytes), out),
        Scalar::Uuid => {
            let uuid = Uuid::from_slice(bytes).unwrap_or_default();
            answer::plain(uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()), out);
        }
        Scalar::Timestamptz => answer::string(&time(integer(bytes)), out),
        // The binary form of jsonb is a version and then text.
        Scalar::Jsonb => out.extend_from_slice(bytes.strip_prefix(&[1]).unwrap_or(bytes)),
        Scalar::Bytea => answer::string(&scalar::wire_bytes(bytes), out),
        Scalar::String | Scalar::Citext | Scalar::Enum(_) => {
            answer::string(&String::from_utf8_lossy(bytes), out);
        }
    }
}

/// A big-endian integer of two, four or eight bytes.
fn integer(bytes: &[u8]) -> i64 {
    if let Ok(bytes) = bytes.try_into() {
        return i64::from_be_bytes(bytes);
    }
    if let Ok(bytes) = bytes.try_into() {
        return i32::from_be_bytes(bytes).into();
    }
    bytes
        .try_into()
        .map(i16::from_be_bytes)
        .unwrap_or_default()
        .into()
}

/// PostgreSQL counts microseconds from the year 2000.
const FROM_1970_TO_2000: i64 = 946_684_800_000_000;

fn time(microseconds: i64) -> String {
    match DateTime::from_timestamp_micros(microseconds.saturating_add(FROM_1970_TO_2000)) {
        Some(time) => scalar::wire_time(&time.to_rfc3339_opts(SecondsFormat::Micros, false)).into_owned(),
        None if microseconds < 0 => "-infinity".to_owned(),
        None => "infinity".to_owned(),
    }
}
