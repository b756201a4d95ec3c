//! One line in the log for each request; nothing in it comes from a query string, a body or a credential.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::response::Response;
use http::Method;

/// What a handler tells the log about a request, as an extension of its response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestFacts {
    /// Who asked.
    pub role: Option<Arc<str>>,
    /// The name of the GraphQL operation.
    pub operation: Option<String>,
    /// The code of the first error.
    pub code: Option<String>,
}

const LONGEST_NAME: usize = 100;

/// What is known of a request before its answer.
pub(crate) struct Arrival {
    at: Instant,
    method: Method,
    route: Option<MatchedPath>,
}

impl Arrival {
    pub(crate) fn of(request: &Request) -> Self {
        Self {
            at: Instant::now(),
            method: request.method().clone(),
            route: request.extensions().get().cloned(),
        }
    }

    /// Writes the line.
    pub(crate) fn log(&self, response: &Response) {
        let facts = response.extensions().get::<RequestFacts>();
        let role = facts.and_then(|facts| facts.role.as_deref()).unwrap_or("-");
        let operation = facts
            .and_then(|facts| facts.operation.as_deref())
            .map_or("-", harmless);
        let code = facts.and_then(|facts| facts.code.as_deref()).unwrap_or("-");
        let method = self.method.as_str();
        let route = self.route.as_ref().map_or("-", MatchedPath::as_str);
        let status = response.status().as_u16();
        let milliseconds = self.at.elapsed().as_micros() as f64 / 1_000.0;
        if status >= 500 {
            tracing::warn!(
                method,
                route,
                role,
                operation,
                status,
                milliseconds,
                code,
                "request failed"
            );
        } else if matches!(route, "/healthz" | "/readyz" | "/metrics") {
            // Asked every few seconds, these would drown the rest.
            tracing::debug!(method, route, status, milliseconds, "request");
        } else {
            tracing::info!(
                method,
                route,
                role,
                operation,
                status,
                milliseconds,
                code,
                "request"
            );
        }
    }
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
