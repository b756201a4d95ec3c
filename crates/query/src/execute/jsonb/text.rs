//! The text of jsonb.

use serde_json::{Number, Value};

use super::compare::sorted;

/// Writes a value as PostgreSQL does: members in their order, a blank after each comma and colon, numbers
/// without exponents.
pub(crate) fn text(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(entries) => {
            out.push('{');
            for (index, (key, value)) in sorted(entries).into_iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                string(key, out);
                out.push_str(": ");
                write(value, out);
            }
            out.push('}');
        }
        Value::Array(elements) => {
            out.push('[');
            for (index, value) in elements.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                write(value, out);
            }
            out.push(']');
        }
        Value::String(text) => string(text, out),
        Value::Number(found) => number(found, out),
        Value::Bool(_) | Value::Null => out.push_str(&value.to_string()),
    }
}

fn string(text: &str, out: &mut String) {
    out.push_str(&Value::from(text).to_string());
}

/// Its digits are those that were sent; zero has no sign.
fn number(number: &Number, out: &mut String) {
    let text = number.to_string();
    match number.as_f64().filter(|_| !number.is_i64() && !number.is_u64()) {
        Some(0.0) => out.push_str(text.trim_start_matches('-')),
        Some(float) if text.contains('e') => out.push_str(&float.to_string()),
        _ => out.push_str(&text),
    }
}
