//! One id for a request in its answer, in the log and in the audit.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

use super::HttpSettings;

/// The header that carries the id.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const LONGEST: usize = 128;

/// The id of a request: the client's own, or one of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The client's own id, or a new one.
    pub(crate) fn of(headers: &HeaderMap, settings: &HttpSettings) -> Result<Self, portico_auth::Error> {
        match headers.get(REQUEST_ID).and_then(Self::from_client) {
            Some(id) => Ok(id),
            None => {
                let id = portico_auth::new_id(settings.clock.as_ref(), settings.entropy.as_ref())?;
                Ok(Self(
                    id.hyphenated().encode_lower(&mut Uuid::encode_buffer()).into(),
                ))
            }
        }
    }

    /// Only what is safe in a log and a header is taken from a client.
    fn from_client(value: &HeaderValue) -> Option<Self> {
        let text = value.to_str().ok()?;
        let fits = (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Self(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_ids_are_taken_from_a_client() {
        let taken = |text: &[u8]| RequestId::from_client(&HeaderValue::from_bytes(text).unwrap()).is_some();
        assert!(taken(b"a-1/b"));
        assert!(taken(&[b'a'; 128]));
        assert!(!taken(&[b'a'; 129]));
        assert!(!taken(b""));
        assert!(!taken(b"a b"));
        assert!(!taken("ä".as_bytes()));
    }
}
