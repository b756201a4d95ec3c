//! Users by the address that mail reaches them at, and what its owner may change.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Value};
use uuid::Uuid;

use super::account_columns;
use crate::account::Account;
use crate::store::statement;
use crate::value::Email;

/// Whoever a mail is for.
#[derive(FromQueryResult)]
pub(crate) struct Addressee {
    pub(crate) id: Uuid,
    pub(crate) locale: String,
    pub(crate) email_verified: bool,
}

/// Whoever has this address; nobody who was deleted.
pub(crate) async fn addressee<C: ConnectionTrait>(
    connection: &C,
    email: &Email,
) -> Result<Option<Addressee>, DbErr> {
    let sql = "SELECT u.id, u.locale, u.email_verified FROM users u \
        WHERE u.email = CAST($1 AS citext) AND u.deleted_at IS NULL";
    Addressee::find_by_statement(statement(connection, sql, [email.as_str().into()]))
        .one(connection)
        .await
}

/// The user, if it has this address still; nobody else changes it meanwhile.
pub(crate) async fn with_email<C: ConnectionTrait>(
    connection: &C,
    id: Uuid,
    email: &Email,
) -> Result<Option<Account>, DbErr> {
    let backend = connection.get_database_backend();
    let columns = account_columns(backend);
    // On SQLite the write transaction keeps others from writing.
    let lock = match backend {
        DbBackend::Postgres => "FOR UPDATE OF u",
        _ => "",
    };
    let sql = format!(
        "SELECT {columns} FROM users u WHERE u.id = $1 AND u.email = CAST($2 AS citext) \
         AND u.deleted_at IS NULL {lock}"
    );
    Account::find_by_statement(statement(connection, sql, [id.into(), email.as_str().into()]))
        .one(connection)
        .await
}

/// The owner of the address confirmed it.
pub(crate) async fn confirm_email<C: ConnectionTrait>(connection: &C, id: Uuid) -> Result<(), DbErr> {
    set(connection, "email_verified = true", id, []).await
}

/// Nobody can sign in with the password any more.
pub(crate) async fn erase_password<C: ConnectionTrait>(connection: &C, id: Uuid) -> Result<(), DbErr> {
    set(connection, "password_hash = NULL", id, []).await
}

/// Until when the latest link and code of a user work; nothing where there is no such user.
pub(crate) async fn show_ticket<C: ConnectionTrait>(
    connection: &C,
    id: Uuid,
    expires_at: DateTime<Utc>,
) -> Result<(), DbErr> {
    let columns = "ticket_expires_at = $2, otp_hash_expires_at = $2";
    set(connection, columns, id, [expires_at.into()]).await
}

async fn set<C: ConnectionTrait, const N: usize>(
    connection: &C,
    columns: &str,
    id: Uuid,
    values: [Value; N],
) -> Result<(), DbErr> {
    let sql = format!("UPDATE users SET {columns} WHERE id = $1");
    let values = std::iter::once(id.into()).chain(values);
    connection.execute_raw(statement(connection, sql, values)).await?;
    Ok(())
}
