//! The answer to one GraphQL request.

use portico_query::{Code, Failure};

use crate::error::WireError;

/// The answer to a request.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// JSON.
    pub(crate) body: Vec<u8>,
    /// The first error, if there is one.
    pub(crate) error: Option<WireError>,
    /// Whether anything was executed: errors before that are the request's.
    pub(crate) executed: bool,
    /// The operation's name.
    pub(crate) operation: Option<String>,
}

impl Answer {
    /// An answer that holds an error alone.
    pub(crate) fn refused(error: WireError) -> Self {
        let body = serde_json::json!({ "errors": [error.to_json()] })
            .to_string()
            .into_bytes();
        Self {
            body,
            error: Some(error),
            executed: false,
            operation: None,
        }
    }

    /// Data that is JSON already.
    pub(crate) fn data(members: &[u8]) -> Self {
        let mut body = Vec::with_capacity(members.len() + 9);
        body.extend_from_slice(b"{\"data\":");
        body.extend_from_slice(members);
        body.push(b'}');
        Self {
            body,
            error: None,
            executed: true,
            operation: None,
        }
    }

    /// Why nothing came of an operation: an error of the request stands alone, one of its execution
    /// beside empty data.
    pub(crate) fn failure(failure: Failure) -> Self {
        match failure.code {
            Code::ValidationFailed | Code::ParseFailed => Self::refused(failure.into()),
            _ => Self::failed(failure.into()),
        }
    }

    fn failed(error: WireError) -> Self {
        let body = serde_json::json!({ "errors": [error.to_json()], "data": null })
            .to_string()
            .into_bytes();
        Self {
            body,
            error: Some(error),
            executed: true,
            operation: None,
        }
    }
}
