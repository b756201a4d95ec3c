//! SQLite's errors in the words of PostgreSQL and the codes of Hasura.

use portico_entity::catalogue::catalogue;
use rusqlite::{Error, ErrorCode, ffi};

use crate::error::{Code, Failure};

/// What a client may know of an error.
pub(super) fn failure(error: Error) -> Failure {
    let Error::SqliteFailure(cause, message) = &error else {
        return Failure::unexpected(&error);
    };
    let message = message.as_deref().unwrap_or_default();
    match cause.code {
        ErrorCode::OperationInterrupted => {
            Failure::new(Code::Timeout, "$", "the query took too long and was stopped")
        }
        ErrorCode::ConstraintViolation => constraint(cause.extended_code, message),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::CannotOpen | ErrorCode::DiskFull => {
            Failure::unavailable(&error)
        }
        _ => function(message).unwrap_or_else(|| Failure::unexpected(&error)),
    }
}

/// An error that one of our functions raised.
fn function(message: &str) -> Option<Failure> {
    [Code::DataException, Code::BadRequest]
        .into_iter()
        .find_map(|code| {
            let reason = message.strip_prefix(code.as_str())?.strip_prefix(": ")?;
            Some(Failure::new(code, "$", reason))
        })
}

fn constraint(extended: i32, message: &str) -> Failure {
    let detail = message.split_once(": ").map_or("", |(_, detail)| detail);
    let violation = |text: String| Failure::new(Code::ConstraintViolation, "$", text);
    match extended {
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY => violation(format!(
            "Uniqueness violation. duplicate key value violates unique constraint \"{}\"",
            unique_name(detail)
        )),
        // Whose reference it is could not be found out.
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => {
            violation("Foreign key violation. a row that is referred to does not exist or is in use".into())
        }
        ffi::SQLITE_CONSTRAINT_NOTNULL => {
            let (table, column) = detail.split_once('.').unwrap_or_default();
            violation(format!(
                "Not-NULL violation. null value in column \"{column}\" of relation \"{table}\" violates not-null constraint"
            ))
        }
        // A rule of a trigger, in its own words.
        ffi::SQLITE_CONSTRAINT_TRIGGER => Failure::new(
            Code::PermissionError,
            "$",
            format!("Check constraint violation. {message}"),
        ),
        ffi::SQLITE_CONSTRAINT_CHECK => check(None, detail),
        _ => Failure::unexpected(&message),
    }
}

/// A row that refers to none.
pub(super) fn reference_to_nothing(table: &str, name: &str) -> Failure {
    let message = format!(
        "Foreign key violation. insert or update on table \"{table}\" violates foreign key constraint \"{name}\""
    );
    Failure::new(Code::ConstraintViolation, "$", message)
}

/// A row that others refer to.
pub(super) fn row_in_use(target: &str, table: &str, name: &str) -> Failure {
    let message = format!(
        "Foreign key violation. update or delete on table \"{target}\" violates foreign key constraint \"{name}\" on table \"{table}\""
    );
    Failure::new(Code::ConstraintViolation, "$", message)
}

/// A check by the table that has it and its name; without a table, by the text of its condition.
pub(super) fn check(table: Option<&str>, detail: &str) -> Failure {
    let rule = match table {
        // On PostgreSQL it belongs to the type of addresses.
        Some(_) if detail == "email_check" => "value for domain email".to_owned(),
        Some(table) => format!("new row for relation \"{table}\""),
        None => return unnamed_check(detail),
    };
    let message = format!("Check constraint violation. {rule} violates check constraint \"{detail}\"");
    Failure::new(Code::PermissionError, "$", message)
}

/// A limit on the length of a text is a type in PostgreSQL and a check without a name here.
fn unnamed_check(condition: &str) -> Failure {
    let length = condition
        .strip_prefix("length(")
        .and_then(|rest| rest.split_once(") <= "));
    match length {
        Some((_, most)) => {
            let message = format!("value too long for type character varying({most})");
            Failure::new(Code::DataException, "$", message)
        }
        None => Failure::unexpected(&condition),
    }
}

/// SQLite names the columns, as in `users.email`: the catalogue knows the constraint.
fn unique_name(detail: &str) -> &'static str {
    let columns: Vec<(&str, &str)> = detail
        .split(", ")
        .filter_map(|column| column.split_once('.'))
        .collect();
    let table = columns
        .first()
        .and_then(|(table, _)| catalogue().table_by_sql(table));
    table
        .and_then(|table| {
            table.uniques.iter().find(|unique| {
                unique.columns.len() == columns.len()
                    && columns.iter().all(|(_, column)| unique.columns.contains(column))
            })
        })
        .map_or("unique", |unique| unique.name)
}
