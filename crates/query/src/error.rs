//! Why a request for data was refused or failed, in the words its client may read.

/// The codes of `extensions.code` on the data path (`Base/Error.hs` of Hasura has the full list).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// The document does not fit the role's schema.
    ValidationFailed,
    /// A value has the wrong JSON type.
    ParseFailed,
    /// A value is not one of its SQL type, or an operation cannot work on it.
    DataException,
    /// The database refuses the pattern or request as such.
    BadRequest,
    /// A unique, foreign key or not-null rule would be broken.
    ConstraintViolation,
    /// A check or a permission's check would be broken.
    PermissionError,
    /// Whoever asks has to be proved anew first.
    ElevatedClaimRequired,
    /// A personal access token does not do it.
    ForbiddenPat,
    /// A session variable that the permission needs is missing.
    NotFound,
    /// Something this service does not do.
    NotSupported,
    /// The answer is longer than one may be.
    PayloadTooLarge,
    /// The database cannot be reached or is overloaded, or undid the request for others.
    Unavailable,
    /// The statement took too long.
    Timeout,
    /// Anything else; the reason is in the log alone.
    Unexpected,
}

impl Code {
    /// The code on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ValidationFailed => "validation-failed",
            Self::ParseFailed => "parse-failed",
            Self::DataException => "data-exception",
            Self::BadRequest => "bad-request",
            Self::ConstraintViolation => "constraint-violation",
            Self::PermissionError => "permission-error",
            Self::ElevatedClaimRequired => "elevated-claim-required",
            Self::ForbiddenPat => "forbidden-pat",
            Self::NotFound => "not-found",
            Self::NotSupported => "not-supported",
            Self::PayloadTooLarge => "payload-too-large",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::Unexpected => "unexpected",
        }
    }
}

/// A refusal or failure on the data path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message} ({path})", code.as_str())]
pub struct Failure {
    /// Code for the client.
    pub code: Code,
    /// Message for the client; never holds another row's values or SQL.
    pub message: String,
    /// Where in the request, as `$.selectionSet.users.args.where`.
    pub path: String,
}

impl Failure {
    /// A failure at a place of the request.
    pub fn new(code: Code, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            path: path.into(),
        }
    }

    /// A document or value that does not fit the schema.
    pub fn validation(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Code::ValidationFailed, path, message)
    }

    /// A member that a type has not.
    pub fn unknown_field(path: impl Into<String>, name: &str, type_name: &str) -> Self {
        Self::validation(path, format!("field '{name}' not found in type: '{type_name}'"))
    }

    /// A member that is not given where it has to be: `owner` is the place that lacks it.
    pub fn missing_field(owner: &str, name: &str) -> Self {
        Self::validation(
            format!("{owner}.{name}"),
            format!("missing required field '{name}'"),
        )
    }

    /// A value that is none of an enum's.
    pub fn unknown_value(path: impl Into<String>, name: &str, type_name: &str, known: &[&str]) -> Self {
        let known: Vec<_> = known.iter().map(|name| format!("'{name}'")).collect();
        let known = known.join(", ");
        let message =
            format!("expected one of the values [{known}] for type '{type_name}', but found '{name}'");
        Self::validation(path, message)
    }

    /// A failure of the service itself: the reason goes to the log, the client learns nothing.
    pub fn unexpected(reason: &dyn std::fmt::Display) -> Self {
        tracing::error!(%reason, "a data request failed");
        Self::new(Code::Unexpected, "$", "database query error")
    }

    /// The database cannot be reached.
    pub fn unavailable(reason: &dyn std::fmt::Display) -> Self {
        tracing::warn!(%reason, "the database is not available");
        Self::new(
            Code::Unavailable,
            "$",
            "the database is not available, try again later",
        )
    }

    /// The database undid it for others who changed the same at that moment.
    pub fn overtaken(reason: &dyn std::fmt::Display) -> Self {
        tracing::warn!(%reason, "a request was undone for another");
        Self::new(
            Code::Unavailable,
            "$",
            "others were changing the same, nothing was done: try again",
        )
    }
}
