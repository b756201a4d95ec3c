//! The order of jsonb as bytes: a database that sorts, groups and tells apart by them does it as PostgreSQL does.

use serde_json::{Number, Value};

use super::compare::{rank, sorted};

/// Bytes that compare as the values do; equal for equal values and no others.
pub(crate) fn key(value: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(32);
    // An empty array that is the whole value stands below everything.
    match value.as_array().is_some_and(Vec::is_empty) {
        true => out.push(0),
        false => {
            out.push(1);
            write(value, &mut out);
        }
    }
    out
}

fn write(value: &Value, out: &mut Vec<u8>) {
    out.push(rank(value));
    match value {
        Value::Null => {}
        Value::Bool(value) => out.push((*value).into()),
        Value::Number(value) => number(value, out),
        Value::String(value) => text(value, out),
        Value::Array(elements) => {
            length(elements.len(), out);
            elements.iter().for_each(|element| write(element, out));
        }
        Value::Object(entries) => {
            length(entries.len(), out);
            for (name, value) in sorted(entries) {
                text(name, out);
                write(value, out);
            }
        }
    }
}

fn length(length: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&(length as u64).to_be_bytes());
}

/// The text with an end that is below every character, and below what stands for one that looks like it.
fn text(text: &str, out: &mut Vec<u8>) {
    for byte in text.bytes() {
        out.push(byte);
        if byte == 0 {
            out.push(u8::MAX);
        }
    }
    out.extend_from_slice(&[0, 0]);
}

/// The nearest float, then how far an integer is from it.
fn number(number: &Number, out: &mut Vec<u8>) {
    const SIGN: u64 = 1 << 63;
    // Zero is one, whatever its sign.
    let float = number.as_f64().unwrap_or_default() + 0.0;
    let bits = float.to_bits();
    let ordered = if bits & SIGN == 0 { bits | SIGN } else { !bits };
    out.extend_from_slice(&ordered.to_be_bytes());
    #[expect(
        clippy::cast_possible_truncation,
        reason = "an integer of 65 bits and its float are near each other"
    )]
    let beyond = number
        .as_i128()
        .map_or(0, |integer| (integer - float as i128) as i16);
    out.extend_from_slice(&(beyond.cast_unsigned() ^ (1 << 15)).to_be_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::compare;
    use super::*;

    fn value() -> impl Strategy<Value = Value> {
        let plain = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-3..4_i64).prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (-3..4_i32).prop_map(|number| Value::from(f64::from(number) / 2.0)),
            "[\\x00a-c\u{ff}]{0,3}".prop_map(Value::from),
        ];
        plain.prop_recursive(3, 16, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::vec(("[a-c]{0,2}", inner), 0..3)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn keys_compare_as_their_values(left in value(), right in value()) {
            prop_assert_eq!(key(&left).cmp(&key(&right)), compare(&left, &right));
        }
    }

    #[test]
    fn numbers_near_each_other_are_told_apart() {
        let ordered = [
            json!(i64::MIN),
            json!(i64::MIN + 1),
            json!(-0.5),
            json!(0),
            json!(9_007_199_254_740_992_u64),
            json!(9_007_199_254_740_993_u64),
            json!(i64::MAX - 1),
            json!(i64::MAX),
            json!(u64::MAX - 1),
            json!(u64::MAX),
        ];
        let keys = ordered.each_ref().map(key);
        assert!(keys.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(key(&json!(0)), key(&json!(-0.0)));
        assert_eq!(
            key(&json!({ "a": 1, "b": 2.0 })),
            key(&json!({ "b": 2, "a": 1.0 }))
        );
    }
}
