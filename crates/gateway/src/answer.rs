//! The answer to one GraphQL request.

use portico_query::{Code, Failure};
use serde_json::{Map, Value};

use crate::error::WireError;

/// The answers of most operations take less, and so need not be moved while they are written.
const ROOM: usize = 2048;

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

    /// What stands before the data of an answer.
    pub(crate) const BEFORE_DATA: &[u8] = b"{\"data\":";

    /// What came of the data path: bytes that begin with [`Self::BEFORE_DATA`], or why there are none.
    pub(crate) fn of(answered: Result<Vec<u8>, Failure>) -> Self {
        match answered {
            Ok(mut body) => {
                body.push(b'}');
                Self {
                    body,
                    error: None,
                    executed: true,
                    operation: None,
                }
            }
            Err(failure) => Self::failure(failure),
        }
    }

    /// Why nothing came of an operation: an error of the request stands alone, one of its execution
    /// beside empty data.
    fn failure(failure: Failure) -> Self {
        match failure.code {
            Code::ValidationFailed | Code::ParseFailed => Self::refused(failure.into()),
            _ => Self::failed(failure.into()),
        }
    }

    /// What was executed came to, with what failed of it.
    pub(crate) fn told(data: Value, errors: Vec<WireError>) -> Self {
        let mut members = Map::new();
        if !errors.is_empty() {
            let errors = errors.iter().map(WireError::to_json);
            members.insert("errors".to_owned(), errors.collect());
        }
        members.insert("data".to_owned(), data);
        let mut body = Vec::with_capacity(ROOM);
        if let Err(error) = serde_json::to_writer(&mut body, &members) {
            return Self::failed(Failure::unexpected(&error).into());
        }
        Self {
            body,
            error: errors.into_iter().next(),
            executed: true,
            operation: None,
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
