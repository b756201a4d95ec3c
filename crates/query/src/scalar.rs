//! Values on the wire: strict coercion of JSON to what a bind parameter carries, and back to JSON.

use std::borrow::Cow;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, SecondsFormat, SubsecRound, Utc};
use portico_entity::catalogue::Scalar;
use serde_json::Value;
use uuid::Uuid;

use crate::error::{Code, Failure};
use crate::execute::jsonb;

/// A value ready to be bound.
#[derive(Debug, Clone, PartialEq)]
pub enum Parameter {
    /// SQL null.
    Null,
    /// `boolean`.
    Boolean(bool),
    /// `integer` and `bigint`.
    Integer(i64),
    /// `text`, `citext` and enum tables.
    Text(String),
    /// `uuid`.
    Uuid(Uuid),
    /// `timestamptz`, in microseconds.
    Time(DateTime<Utc>),
    /// `bytea`.
    Bytes(Vec<u8>),
    /// `jsonb` as text.
    Json(String),
    /// The elements of a list parameter.
    List(Vec<Parameter>),
    /// Rows to insert, for a database that takes them as one value.
    Rows(Vec<Vec<Parameter>>),
}

/// What a JSON value is, for an error message.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Coerces a JSON value to a scalar, as Hasura does: text wants a string, every other scalar also takes its
/// text form, and what is not of the type is told in PostgreSQL's words.
pub fn coerce(scalar: Scalar, value: &Value, path: &str) -> Result<Parameter, Failure> {
    match (scalar, value) {
        (Scalar::Jsonb, value) => json(value, path),
        (_, Value::Null) => {
            let message = format!("unexpected null value for type '{}'", scalar.graphql());
            Err(Failure::validation(path, message))
        }
        (Scalar::String | Scalar::Citext | Scalar::Enum(_), Value::String(text)) => {
            if text.contains('\0') {
                return Err(data(path, "a text may not contain the character U+0000"));
            }
            Ok(Parameter::Text(text.clone()))
        }
        (Scalar::Uuid, Value::String(text)) => uuid(text)
            .map(Parameter::Uuid)
            .ok_or_else(|| syntax("uuid", text)),
        (Scalar::Boolean, Value::Bool(value)) => Ok(Parameter::Boolean(*value)),
        (Scalar::Boolean, Value::String(text)) => boolean(text)
            .map(Parameter::Boolean)
            .ok_or_else(|| syntax("boolean", text)),
        (Scalar::Int, value @ (Value::Number(_) | Value::String(_))) => {
            integer(value, path, i64::from(i32::MIN), i64::from(i32::MAX), "integer")
        }
        (Scalar::Bigint, value @ (Value::Number(_) | Value::String(_))) => {
            integer(value, path, i64::MIN, i64::MAX, "bigint")
        }
        (Scalar::Timestamptz, Value::String(text)) => time(text)
            .map(Parameter::Time)
            .ok_or_else(|| syntax("timestamp with time zone", text)),
        (Scalar::Bytea, Value::String(text)) => bytes(text)
            .map(Parameter::Bytes)
            .ok_or_else(|| syntax("bytea", text)),
        (_, other) => Err(Failure::new(
            Code::ParseFailed,
            path,
            format!(
                "parsing {} failed, expected {}, but found {}",
                scalar.graphql(),
                wanted(scalar),
                kind(other)
            ),
        )),
    }
}

/// PostgreSQL's jsonb cannot hold the character U+0000.
fn json(value: &Value, path: &str) -> Result<Parameter, Failure> {
    fn holds_nul(value: &Value) -> bool {
        match value {
            Value::String(text) => text.contains('\0'),
            Value::Array(elements) => elements.iter().any(holds_nul),
            Value::Object(entries) => entries
                .iter()
                .any(|(key, value)| key.contains('\0') || holds_nul(value)),
            _ => false,
        }
    }
    match holds_nul(value) {
        true => Err(data(path, "a text may not contain the character U+0000")),
        false => Ok(Parameter::Json(jsonb::text(value))),
    }
}

fn wanted(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Boolean => "a boolean",
        Scalar::Int | Scalar::Bigint => "an integer",
        _ => "a string",
    }
}

/// PostgreSQL reports these without a place in the request, so the path is the whole of it.
fn syntax(type_name: &str, text: &str) -> Failure {
    let shown: String = text.chars().take(100).collect();
    data(
        "$",
        format!("invalid input syntax for type {type_name}: \"{shown}\""),
    )
}

fn data(path: &str, message: impl Into<String>) -> Failure {
    Failure::new(Code::DataException, path, message)
}

fn uuid(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text.trim()).ok()
}

fn boolean(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "t" | "true" | "y" | "yes" | "on" | "1" => Some(true),
        "f" | "false" | "n" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

fn integer(value: &Value, path: &str, least: i64, most: i64, type_name: &str) -> Result<Parameter, Failure> {
    let number = match value {
        Value::String(text) => match text.trim().parse::<i64>() {
            Ok(number) => Some(number),
            Err(_) => return Err(syntax(type_name, text)),
        },
        value => value.as_i64().or_else(|| whole(value.as_f64()?)),
    };
    match number {
        Some(number) if (least..=most).contains(&number) => Ok(Parameter::Integer(number)),
        _ => Err(Failure::new(
            Code::ParseFailed,
            path,
            format!(
                "The value {value} lies outside the bounds or is not an integer. Maybe it is a float, or is there integer overflow?"
            ),
        )),
    }
}

/// A float that is an exact integer, as `1.0`.
fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range where every integer is exact was checked"
    )]
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}

/// Reads a time in ISO 8601 with or without offset (then UTC) and seconds, or a date. A leap second is the
/// first one of the next minute, as in PostgreSQL.
///
/// Years have four digits: as texts, in which SQLite compares them, others would not be in order.
fn time(text: &str) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(read_time(text)?.timestamp_micros())
        .filter(|time| (1..=9999).contains(&time.year()))
}

fn read_time(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    // Otherwise 24 would be the year 24, whatever was meant.
    if text.bytes().take_while(u8::is_ascii_digit).count() != 4 {
        return None;
    }
    // As nearly all are written, and the quickest to read.
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc().trunc_subsecs(6));
    }
    let offsets = [
        "%Y-%m-%dT%H:%M:%S%.f%#z",
        "%Y-%m-%d %H:%M:%S%.f%#z",
        "%Y-%m-%dT%H:%M%#z",
        "%Y-%m-%d %H:%M%#z",
    ];
    let zulu = text.strip_suffix(['Z', 'z']).map(|text| format!("{text}+00:00"));
    let with_offset = zulu.as_deref().unwrap_or(text);
    for format in offsets {
        if let Ok(time) = DateTime::parse_from_str(with_offset, format) {
            return Some(time.to_utc().trunc_subsecs(6));
        }
    }
    for format in [
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%d %H:%M",
    ] {
        if let Ok(time) = NaiveDateTime::parse_from_str(text, format) {
            return Some(time.and_utc().trunc_subsecs(6));
        }
    }
    Some(
        NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .ok()?
            .and_hms_opt(0, 0, 0)?
            .and_utc(),
    )
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    hex::decode(text.strip_prefix("\\x")?).ok()
}

/// The form in which SQLite stores a time: RFC 3339 with no more digits than needed in groups of three, the
/// same as the other writer of the database uses, so that equal times are equal texts.
pub fn stored_time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, false)
}

/// The form of a time on the wire: as PostgreSQL's `to_json`, without trailing zeros in the fraction.
pub fn wire_time(stored: &str) -> Cow<'_, str> {
    if is_wire_time(stored.as_bytes()) {
        return stored.into();
    }
    match stored.split_once('+') {
        Some((time, offset)) if time.contains('.') => {
            let short = time.trim_end_matches('0').trim_end_matches('.');
            match short.len() == time.len() {
                true => stored.into(),
                false => format!("{short}+{offset}").into(),
            }
        }
        _ => stored.into(),
    }
}

/// Whether a stored time is at once seen to have the form of the wire: without a fraction, or with one that does not
/// end in a zero. Others may have it too.
pub fn is_wire_time(stored: &[u8]) -> bool {
    const SECONDS: usize = "2000-01-01T00:00:00".len();
    match stored.strip_suffix(b"+00:00") {
        Some(time) => time.len() == SECONDS || !time.ends_with(b"0"),
        None => false,
    }
}

/// `\x` and hex digits.
pub fn wire_bytes(bytes: &[u8]) -> String {
    format!("\\x{}", hex::encode(bytes))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::{read_time, stored_time, wire_time};

    proptest::proptest! {
        #[test]
        fn a_time_loses_the_zeros_at_its_end_on_the_wire(second in 0_i64..253_402_300_799, micros in 0_u32..1_000_000) {
            for micros in [0, micros, micros / 10 * 10, micros / 1_000 * 1_000, 100_000] {
                let time = DateTime::from_timestamp(second, micros * 1_000).unwrap();
                let fraction = format!(".{micros:06}");
                let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
                let expected = format!("{}{fraction}+00:00", time.format("%Y-%m-%dT%H:%M:%S"));
                let stored = stored_time(time);
                proptest::prop_assert_eq!(wire_time(&stored), expected);
            }
        }
    }

    #[test]
    fn a_time_is_read_however_it_is_written() {
        let texts = [
            "2024-02-29T23:30:00.25Z",
            "2024-02-29T23:30:00.25z",
            " 2024-02-29 23:30:00.250+00:00 ",
            "2024-02-29T23:30:00.250000+00",
            "2024-02-29T23:30:00.2500009",
            "2024-03-01T05:00:00.25+0530",
            "2024-02-29 18:30:00.25-05",
        ];
        for text in texts {
            let time = read_time(text).map(stored_time);
            assert_eq!(time.as_deref(), Some("2024-02-29T23:30:00.250+00:00"), "{text}");
        }
        for text in ["2024-02-29T23:30Z", "2024-02-29 23:30", "2024-02-29T18:30-05:00"] {
            let time = read_time(text).map(stored_time);
            assert_eq!(time.as_deref(), Some("2024-02-29T23:30:00+00:00"), "{text}");
        }
        for text in [
            "2023-02-29T00:00:00Z",
            "2024-02-29T24:00:00Z",
            "24-02-29T00:00:00Z",
            "2024-02-29Z",
        ] {
            assert_eq!(read_time(text), None, "{text}");
        }
    }
}
