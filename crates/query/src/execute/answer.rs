//! The answer as bytes, written once.

use std::ops::{Deref, DerefMut};

use super::AnswerLimit;
use crate::error::{Code, Failure};
use crate::plan::Shape;
use crate::sql::{OutputColumn, OutputValue};

/// A row as a database gives it: columns by position, written as JSON.
pub(super) trait Row {
    /// What can go wrong with a column.
    type Error;

    /// Writes the column's value as JSON; null where it is null.
    fn write(&self, index: usize, value: &OutputValue, out: &mut Vec<u8>) -> Result<(), Self::Error>;
}

/// Text of an answer that does not grow for ever: rows are written until it is full, and then it is refused.
#[derive(Debug, Clone)]
pub(super) struct Output {
    bytes: Vec<u8>,
    limit: AnswerLimit,
}

impl Output {
    /// Text that stands for itself until it is put into this one.
    pub(super) fn beside(&self) -> Self {
        Self {
            bytes: Vec::new(),
            limit: self.limit,
        }
    }

    /// Whether it is longer than it may be: nobody will get it.
    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() > self.limit.left
    }

    /// Lets everything be answered from here on: what it tells of is done already.
    pub(super) fn lift(&mut self) {
        self.limit.left = usize::MAX;
    }

    /// Allows what text beside it was allowed.
    pub(super) fn allow_as(&mut self, beside: &Self) {
        self.limit = beside.limit;
    }

    /// Refuses what is too long.
    pub(super) fn check(&self) -> Result<(), Failure> {
        match self.is_full() {
            false => Ok(()),
            true => {
                let allowed = self.limit.allowed;
                let message = format!(
                    "the answer is too large: no more than {allowed} bytes are allowed for all that one request asks"
                );
                Err(Failure::new(Code::PayloadTooLarge, "$", message))
            }
        }
    }
}

impl Deref for Output {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.bytes
    }
}

impl DerefMut for Output {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
}

/// An answer under construction: the members of one object.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    out: Output,
    /// Where the object begins.
    start: usize,
    members: usize,
}

impl Answer {
    /// An answer that stands behind other bytes.
    ///
    /// `size` is how large it may become, in bytes: what is right need not be moved while it grows.
    pub(super) fn after(before: &[u8], size: usize, limit: AnswerLimit) -> Self {
        let mut bytes = Vec::with_capacity(size);
        bytes.extend_from_slice(before);
        bytes.push(b'{');
        Self {
            start: bytes.len(),
            out: Output { bytes, limit },
            members: 0,
        }
    }

    /// Begins a member; what is written next is its value.
    pub(super) fn member(&mut self, key: &str) -> &mut Output {
        if self.members > 0 {
            self.out.push(b',');
        }
        self.members += 1;
        write_key(key, &mut self.out);
        &mut self.out
    }

    /// Forgets every member.
    pub(super) fn begin_again(&mut self) {
        self.out.truncate(self.start);
        self.members = 0;
    }

    /// The whole of it, unless it is too long.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, Failure> {
        self.out.check()?;
        self.out.push(b'}');
        Ok(self.out.bytes)
    }
}

/// Keys are GraphQL names: nothing in them needs an escape.
pub(super) fn write_key(key: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":");
}

/// Begins the value of a root field.
pub(super) fn begin(shape: Shape, out: &mut Vec<u8>) {
    if shape == Shape::Many {
        out.push(b'[');
    }
}

/// Ends the value of a root field of which `rows` were written.
pub(super) fn end(shape: Shape, rows: usize, out: &mut Vec<u8>) {
    match shape {
        Shape::Many => out.push(b']'),
        Shape::One if rows == 0 => out.extend_from_slice(b"null"),
        Shape::One => {}
    }
}

/// Writes a row as an object, up to where the answer is full; an empty one where directives left nothing of it.
pub(super) fn object<R: Row>(
    row: &R,
    columns: &[OutputColumn],
    first: bool,
    out: &mut Output,
) -> Result<(), R::Error> {
    if !first {
        out.push(b',');
    }
    if columns.is_empty() {
        out.push(b'{');
    }
    let mut index = 0;
    for column in columns {
        out.extend_from_slice(column.before.as_bytes());
        match &column.value {
            OutputValue::Known(json) => out.extend_from_slice(json.as_bytes()),
            value => {
                row.write(index, value, out)?;
                index += 1;
            }
        }
        if out.is_full() {
            return Ok(());
        }
    }
    out.push(b'}');
    Ok(())
}

/// Writes a number.
pub(super) fn integer(number: i64, out: &mut Vec<u8>) {
    use std::io::Write as _;
    // A buffer that grows takes everything.
    let _ = write!(out, "{number}");
}

/// Whether these bytes are a text as it stands in JSON, all of it ASCII.
pub(super) fn is_plain(text: &[u8]) -> bool {
    !text
        .iter()
        .fold(false, |found, byte| found | is_special(*byte) | !byte.is_ascii())
}

/// Writes a text that needs no escapes as a JSON string.
pub(super) fn plain(text: impl AsRef<[u8]>, out: &mut Vec<u8>) {
    let text = text.as_ref();
    out.reserve(text.len() + 2);
    out.push(b'"');
    out.extend_from_slice(text);
    out.push(b'"');
}

fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// Writes a text as a JSON string.
pub(super) fn string(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    // Nearly all need none; to look at every byte lets many be looked at in one step.
    if !text.bytes().fold(false, |found, byte| found | is_special(byte)) {
        return plain(text, out);
    }
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| is_special(*byte)) {
        let (plain, special) = rest.split_at(at);
        out.extend_from_slice(plain);
        let Some((byte, after)) = special.split_first() else {
            break;
        };
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            control => {
                out.extend_from_slice(b"\\u00");
                out.extend(
                    [control >> 4, control & 15]
                        .iter()
                        .filter_map(|digit| HEX.get(usize::from(*digit))),
                );
            }
        }
        rest = after;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    proptest::proptest! {
        #[test]
        fn strings_read_back_as_they_were(text in ".*") {
            let mut out = Vec::new();
            super::string(&text, &mut out);
            let back: String = serde_json::from_slice(&out).unwrap();
            proptest::prop_assert_eq!(back, text);
        }
    }
}
