//! One id for a request in its answer, in the log and in the audit.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode};

use super::{HttpSettings, graphql_failure};

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

    /// Only what is safe in a log and a header is taken from a client.
    fn from_client(value: &HeaderValue) -> Option<Self> {
        let text = value.to_str().ok()?;
        let fits = (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Self(text.into()))
    }
}

/// Gives the request its id and tells it with the answer.
pub(crate) async fn request_id(
    State(settings): State<Arc<HttpSettings>>,
    mut request: Request,
    next: Next,
) -> Response {
    let given = request.headers().get(REQUEST_ID).and_then(RequestId::from_client);
    let id = match given {
        Some(id) => id,
        None => match portico_auth::new_id(settings.clock.as_ref(), settings.entropy.as_ref()) {
            Ok(id) => RequestId(id.to_string().into()),
            Err(error) => {
                tracing::error!(%error, "no id for a request");
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                return graphql_failure(status, "internal-server-error", "internal server error")
                    .into_response();
            }
        },
    };
    request.extensions_mut().insert(id.clone());
    let mut response = next.run(request).await;
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
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
