//! PostgreSQL's errors with the codes of Hasura (section 10.4 of the reference). Details, which hold values of
//! rows, stay behind.

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};

use crate::error::{Code, Failure};
use crate::execute::mutation::changed_twice;

/// What a client may know of an error.
pub(super) fn failure(error: Error) -> Failure {
    match error.as_db_error() {
        Some(database) => database_failure(database),
        None => Failure::unavailable(&error),
    }
}

/// Whether a statement, or its wait for a lock, took too long.
pub(super) fn is_timeout(error: &Error) -> bool {
    let code = error.code();
    code == Some(&SqlState::QUERY_CANCELED) || code == Some(&SqlState::LOCK_NOT_AVAILABLE)
}

fn database_failure(error: &DbError) -> Failure {
    let message = error.message();
    let violation = |kind: &str| {
        Failure::new(
            Code::ConstraintViolation,
            "$",
            format!("{kind} violation. {message}"),
        )
    };
    match error.code().code() {
        "23505" => violation("Uniqueness"),
        "23503" => violation("Foreign key"),
        // What PostgreSQL 18 calls the same of a key that restricts.
        "23001" => Failure::new(
            Code::ConstraintViolation,
            "$",
            format!(
                "Foreign key violation. {}",
                message.replace("RESTRICT setting of ", "")
            ),
        ),
        "23502" => violation("Not-NULL"),
        "23P01" => violation("Exclusion"),
        "23514" => Failure::new(
            Code::PermissionError,
            "$",
            format!("Check constraint violation. {message}"),
        ),
        "21000" => changed_twice(),
        "22025" => Failure::new(Code::BadRequest, "$", message),
        // Deadlock, and what a database that serializes says in its place.
        "40P01" | "40001" => Failure::overtaken(error),
        "57014" | "55P03" => Failure::new(Code::Timeout, "$", "the query took too long and was stopped"),
        code if code.starts_with("22") => Failure::new(Code::DataException, "$", message),
        code if ["08", "53", "57"].iter().any(|class| code.starts_with(class)) => Failure::unavailable(error),
        _ => Failure::unexpected(error),
    }
}
