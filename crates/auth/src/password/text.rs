//! What the textual forms of hashes have in common: parts between dollar signs, numbers with names, base64.

use std::ops::RangeInclusive;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::HashError;

/// Longer texts are no hashes.
const LONGEST: usize = 1024;

/// Standard base64 with or without padding: some write it, some do not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The name of the scheme: what stands between the first two dollar signs.
pub(super) fn scheme(stored: &str) -> Result<&str, HashError> {
    parts(stored)?.next().ok_or(HashError::Form)
}

/// The parts between the dollar signs, the scheme among them.
pub(super) fn parts(stored: &str) -> Result<impl Iterator<Item = &str>, HashError> {
    if stored.len() > LONGEST {
        return Err(HashError::Form);
    }
    Ok(stored.strip_prefix('$').ok_or(HashError::Form)?.split('$'))
}

/// The next part, which has to be there.
pub(super) fn next<'a>(parts: &mut impl Iterator<Item = &'a str>) -> Result<&'a str, HashError> {
    parts.next().ok_or(HashError::Form)
}

/// Nothing may follow.
pub(super) fn end<'a>(mut parts: impl Iterator<Item = &'a str>) -> Result<(), HashError> {
    match parts.next() {
        None => Ok(()),
        Some(_) => Err(HashError::Form),
    }
}

/// A number of decimal digits alone. One that is too large to be read is out of all bounds.
pub(super) fn number(text: &str) -> Result<u32, HashError> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(HashError::Form);
    }
    text.parse().map_err(|_| HashError::Parameters)
}

/// Reads `a=1,b=2`: these names, once each, in this order, and nothing else.
pub(super) fn numbers<const N: usize>(text: &str, names: [&str; N]) -> Result<[u32; N], HashError> {
    let mut numbers = [0; N];
    let mut given = text.split(',');
    for (place, name) in numbers.iter_mut().zip(names) {
        let digits = given
            .next()
            .and_then(|part| part.strip_prefix(name)?.strip_prefix('='));
        *place = number(digits.ok_or(HashError::Form)?)?;
    }
    end(given)?;
    Ok(numbers)
}

/// Reads base64 of so many bytes.
pub(super) fn bytes(text: &str, length: RangeInclusive<usize>) -> Result<Vec<u8>, HashError> {
    let bytes = BASE64.decode(text).map_err(|_| HashError::Form)?;
    length
        .contains(&bytes.len())
        .then_some(bytes)
        .ok_or(HashError::Parameters)
}
