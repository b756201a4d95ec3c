//! The one mapping from our errors to the wire.

use std::borrow::Cow;

use async_graphql::{PathSegment, Pos, ServerError};
use http::StatusCode;
use portico_query::{Code, Failure};
use serde_json::{Value, json};

/// In characters.
const LONGEST_MESSAGE: usize = 1_000;

/// An error as clients read it: a message, `extensions.code` and `extensions.path` as in Hasura, and the
/// places of the GraphQL specification where they are known.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WireError {
    /// For people.
    pub(crate) message: String,
    /// For programs.
    pub(crate) code: &'static str,
    /// Where in the request, as `$.selectionSet.users.args.where`.
    pub(crate) path: String,
    /// Places in the document.
    pub(crate) locations: Vec<Pos>,
    /// Place in the answer.
    pub(crate) response_path: Vec<PathSegment>,
    /// After how many seconds to try again.
    pub(crate) retry_after: Option<u32>,
}

impl WireError {
    /// An error at a place of the request.
    pub(crate) fn new(code: &'static str, path: &str, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            code,
            path: path.to_owned(),
            locations: Vec::new(),
            response_path: Vec::new(),
            retry_after: None,
        }
    }

    /// A document that does not fit.
    pub(crate) fn validation(path: &str, message: impl Into<String>) -> Self {
        Self::new("validation-failed", path, message)
    }

    /// The same error with its places in the document.
    #[must_use]
    pub(crate) fn at(mut self, locations: Vec<Pos>) -> Self {
        self.locations = locations;
        self
    }

    /// For a resolver: the GraphQL library hands it back unchanged.
    pub(crate) fn into_resolver_error(self) -> async_graphql::Error {
        async_graphql::Error::new_with_source(self)
    }

    /// As JSON.
    pub(crate) fn to_json(&self) -> Value {
        let mut error = json!({
            "message": shortened(&self.message),
            "extensions": { "path": self.path, "code": self.code },
        });
        if let (false, Some(members)) = (self.locations.is_empty(), error.as_object_mut()) {
            let locations: Vec<Value> = self
                .locations
                .iter()
                .map(|place| json!({ "line": place.line, "column": place.column }))
                .collect();
            members.insert("locations".to_owned(), locations.into());
        }
        if let (false, Some(members)) = (self.response_path.is_empty(), error.as_object_mut()) {
            let path = serde_json::to_value(&self.response_path).unwrap_or_default();
            members.insert("path".to_owned(), path);
        }
        error
    }

    /// The HTTP status where the answer is `application/graphql-response+json`, and also where overload or
    /// outage must be seen by whatever stands between client and service.
    pub(crate) fn status(&self) -> StatusCode {
        match self.code {
            "invalid-jwt" | "invalid-headers" | "access-denied" => StatusCode::UNAUTHORIZED,
            "too-many-requests" => StatusCode::TOO_MANY_REQUESTS,
            "unavailable" => StatusCode::SERVICE_UNAVAILABLE,
            "timeout" => StatusCode::GATEWAY_TIMEOUT,
            "unexpected" | "internal-server-error" => StatusCode::INTERNAL_SERVER_ERROR,
            "method-not-allowed" => StatusCode::METHOD_NOT_ALLOWED,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

/// A message that repeats what was sent is no longer than anybody reads.
fn shortened(message: &str) -> Cow<'_, str> {
    match message.char_indices().nth(LONGEST_MESSAGE) {
        Some(_) => message.chars().take(LONGEST_MESSAGE).chain(['…']).collect(),
        None => Cow::Borrowed(message),
    }
}

impl std::fmt::Display for WireError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.code, self.message)
    }
}

impl From<Failure> for WireError {
    fn from(failure: Failure) -> Self {
        Self::new(failure.code.as_str(), &failure.path, failure.message)
    }
}

impl From<portico_auth::Error> for WireError {
    fn from(error: portico_auth::Error) -> Self {
        match error {
            portico_auth::Error::Refused(refusal) => {
                tracing::debug!(reason = %refusal, "refused");
                let code = refusal.code();
                let mut wire = Self::new(code.as_str(), "$", refusal.message());
                wire.retry_after = refusal
                    .retry_after()
                    .map(|wait| u32::try_from(wait.as_secs()).unwrap_or(u32::MAX));
                wire
            }
            portico_auth::Error::Internal(reason) if reason.is_unavailable() => {
                Self::from(Failure::unavailable(&reason))
            }
            portico_auth::Error::Internal(reason) => {
                tracing::error!(%reason, "an operation failed");
                Self::from(Failure::new(Code::Unexpected, "$", "internal server error"))
            }
        }
    }
}

/// An error of the GraphQL library, or one of ours that passed through it; `path` is where in the request
/// it arose.
pub(crate) fn from_server(error: ServerError, path: String) -> WireError {
    let mut wire = match error.source::<WireError>() {
        Some(source) if source.path == "$" => WireError {
            path,
            ..source.clone()
        },
        Some(source) => source.clone(),
        None if is_ours(&error) => WireError::from(Failure::unexpected(&error.message)),
        None => return WireError::validation(&path, error.message).at(error.locations),
    };
    wire.response_path = match error.path.is_empty() {
        true => root_field(&wire.path).into_iter().collect(),
        false => error.path,
    };
    wire.at(error.locations)
}

/// Whether it arose while answering: a resolver that fails in other words than ours is a fault of ours.
pub(crate) fn is_ours(error: &ServerError) -> bool {
    error.source::<WireError>().is_some() || !error.path.is_empty()
}

/// The response name of the root field in a path of the request.
fn root_field(path: &str) -> Option<PathSegment> {
    let name = path.strip_prefix("$.selectionSet.")?.split('.').next()?;
    Some(PathSegment::Field(name.to_owned()))
}
