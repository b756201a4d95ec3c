//! One line in the log for each request; nothing in it comes from a query string, a body or a credential.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;

use super::RequestId;

/// What a handler tells the log about a request, as an extension of its response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestFacts {
    /// Who asked.
    pub role: Option<String>,
    /// The name of the GraphQL operation.
    pub operation: Option<String>,
    /// The code of the first error.
    pub code: Option<String>,
}

const LONGEST_NAME: usize = 100;

/// Writes the line once the answer is known.
pub(crate) async fn log_request(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("-", MatchedPath::as_str).to_owned();
    let id = request.extensions().get::<RequestId>().cloned();
    let id = id.as_ref().map_or("-", RequestId::as_str).to_owned();
    // What is logged on the way can be joined with the line by the id.
    let span = tracing::info_span!("request", id);
    let response = next.run(request).instrument(span).await;

    let facts = response.extensions().get::<RequestFacts>();
    let role = facts.and_then(|facts| facts.role.as_deref()).unwrap_or("-");
    let operation = facts
        .and_then(|facts| facts.operation.as_deref())
        .map_or("-", harmless);
    let code = facts.and_then(|facts| facts.code.as_deref()).unwrap_or("-");
    let (status, milliseconds) = (
        response.status().as_u16(),
        started.elapsed().as_micros() as f64 / 1_000.0,
    );
    if status >= 500 {
        tracing::warn!(id, %method, route, role, operation, status, milliseconds, code, "request failed");
    } else if matches!(route.as_str(), "/healthz" | "/readyz") {
        // Asked every few seconds, these would drown the rest.
        tracing::debug!(id, %method, route, status, milliseconds, "request");
    } else {
        tracing::info!(id, %method, route, role, operation, status, milliseconds, code, "request");
    }
    response
}

/// A client may send anything as the name of an operation.
fn harmless(name: &str) -> &str {
    let fits = name.len() <= LONGEST_NAME
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if fits { name } else { "(unusable name)" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_are_logged_as_names() {
        assert_eq!(harmless("GetUserProfile_2"), "GetUserProfile_2");
        assert_eq!(harmless("two\nlines"), "(unusable name)");
        assert_eq!(harmless(&"a".repeat(101)), "(unusable name)");
    }
}
