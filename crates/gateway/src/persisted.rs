//! Persisted queries: a client sends the hash of a document, and its text once. They are kept in memory within
//! bounds; whoever asks for one that is gone sends it again.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use serde_json::Value;

use crate::error::WireError;
use crate::execute::GraphqlRequest;

/// The name of the extension.
pub(crate) const EXTENSION: &str = "persistedQuery";
/// A longer document is answered, but not kept: it would push out many.
const LONGEST_DOCUMENT: usize = 64 * 1024;

type Hash = [u8; 32];

#[derive(Debug, Clone)]
struct Bytes;

impl Weighter<Hash, Arc<str>> for Bytes {
    fn weight(&self, _: &Hash, text: &Arc<str>) -> u64 {
        (size_of::<Hash>() + size_of::<Arc<str>>() + text.len()) as u64
    }
}

/// Documents by their hash.
pub(crate) struct PersistedQueries(Option<Cache<Hash, Arc<str>, Bytes>>);

impl PersistedQueries {
    /// Documents of so many bytes together; none at all are kept where it is 0, and clients are told.
    pub(crate) fn new(bytes: u64) -> Self {
        const USUAL_DOCUMENT: u64 = 1024;
        let documents = usize::try_from(bytes / USUAL_DOCUMENT)
            .unwrap_or(usize::MAX)
            .max(16);
        Self((bytes > 0).then(|| Cache::with_weighter(documents, bytes, Bytes)))
    }

    /// Puts the text into a request that names it by its hash, and keeps the text of one that brings both.
    pub(crate) fn resolve(&self, request: &mut GraphqlRequest) -> Result<(), WireError> {
        let extension = request.extensions.as_ref().and_then(|found| found.get(EXTENSION));
        let Some(extension) = extension else {
            return Ok(());
        };
        let Some(documents) = &self.0 else {
            return Err(WireError::new("not-supported", "$", "PersistedQueryNotSupported"));
        };
        let hash = hash(extension)?;
        match &request.query {
            None => {
                let known = documents.get(&hash).map(|text| text.to_string());
                let missing = || WireError::new("not-found", "$", "PersistedQueryNotFound");
                request.query = Some(known.ok_or_else(missing)?);
            }
            Some(text) if digest(&SHA256, text.as_bytes()).as_ref() != hash => {
                let path = "$.extensions.persistedQuery.sha256Hash";
                return Err(WireError::validation(path, "the hash is not that of the query"));
            }
            Some(text) if may_be_kept(text) => documents.insert(hash, text.as_str().into()),
            Some(_) => {}
        }
        Ok(())
    }
}

/// A text written in an operation may be a password, which is not to be kept.
fn may_be_kept(text: &str) -> bool {
    text.len() <= LONGEST_DOCUMENT && !(text.contains("mutation") && text.contains('"'))
}

/// The hash that `{ version: 1, sha256Hash }` gives in hexadecimal digits.
fn hash(extension: &Value) -> Result<Hash, WireError> {
    let path = |member: &str| format!("$.extensions.{EXTENSION}{member}");
    if extension.get("version").and_then(Value::as_u64) != Some(1) {
        return Err(WireError::new(
            "parse-failed",
            &path(".version"),
            "the version has to be 1",
        ));
    }
    let text = extension.get("sha256Hash").and_then(Value::as_str);
    text.and_then(bytes).ok_or_else(|| {
        let message = "expected the SHA-256 of the query in 64 hexadecimal digits";
        WireError::new("parse-failed", &path(".sha256Hash"), message)
    })
}

fn bytes(text: &str) -> Option<Hash> {
    let mut hash = Hash::default();
    if text.len() != hash.len() * 2 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    for (index, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(query: Option<&str>, hash: &str) -> GraphqlRequest {
        let body =
            json!({ "query": query, "extensions": { EXTENSION: { "version": 1, "sha256Hash": hash } } });
        serde_json::from_value(body).unwrap()
    }

    fn hex(text: &str) -> String {
        let hash = digest(&SHA256, text.as_bytes());
        hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn documents_leave_when_there_are_too_many() {
        let documents = PersistedQueries::new(64 * 1024);
        let text = |number: usize| format!("{{ a{number} }} #{}", "x".repeat(1000));
        for number in 0..1000 {
            let text = text(number);
            documents.resolve(&mut request(Some(&text), &hex(&text))).unwrap();
        }
        assert!(documents.0.as_ref().unwrap().weight() <= 64 * 1024);
        let found = |number: usize| documents.resolve(&mut request(None, &hex(&text(number)))).is_ok();
        let kept = (0..1000).filter(|number| found(*number)).count();
        assert!((1..=64).contains(&kept), "{kept}");
    }

    #[test]
    fn what_is_long_or_may_hold_a_password_is_answered_but_not_kept() {
        let documents = PersistedQueries::new(1 << 20);
        let long = format!("{{ a }} #{}", "x".repeat(LONGEST_DOCUMENT));
        for text in [long.as_str(), "mutation { signIn(password: \"x\") }"] {
            documents.resolve(&mut request(Some(text), &hex(text))).unwrap();
            assert!(documents.resolve(&mut request(None, &hex(text))).is_err());
        }
    }
}
