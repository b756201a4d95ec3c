//! The database, one file per table: SQL only, takes a connection, returns values.

pub(crate) mod audit_events;
pub(crate) mod challenges;
pub(crate) mod change_notices;
pub(crate) mod contacts;
pub(crate) mod expired;
pub(crate) mod factors;
pub(crate) mod limits;
pub(crate) mod outbox;
pub(crate) mod password_history;
pub(crate) mod personal_access_tokens;
pub(crate) mod recovery_codes;
pub(crate) mod refresh_tokens;
pub(crate) mod roles;
pub(crate) mod rotation;
pub(crate) mod settings;
pub(crate) mod signing_keys;
pub(crate) mod tickets;
pub(crate) mod totp;
pub(crate) mod user_roles;
pub(crate) mod user_security_keys;
pub(crate) mod users;

use sea_orm::{DbBackend, Statement, Value};

use crate::connection::Connection;

/// A statement in the text that both databases read (`$1`, `CAST`), values bound.
fn statement<C: Connection>(
    connection: &C,
    sql: impl Into<String>,
    values: impl IntoIterator<Item = Value>,
) -> Statement {
    let (backend, sql) = (connection.backend(), sql.into());
    let sql = match backend {
        // On SQLite a parameter is numbered that is written with a question mark.
        DbBackend::Sqlite => sql.replace('$', "?"),
        _ => sql,
    };
    Statement::from_sql_and_values(backend, sql, values)
}
