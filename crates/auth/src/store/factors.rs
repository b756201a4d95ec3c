//! What the tables together say of the factors of a user.

use sea_orm::{DbBackend, DbErr};
use uuid::Uuid;

use crate::connection::Connection;
use crate::factor::Held;
use crate::flow::Factors;
use crate::row::from_row;
use crate::store::statement;

from_row!(Held {
    password,
    totp,
    webauthn,
    recovery_code,
});

const TOTP: &str = "COALESCE(u.active_mfa_type = 'totp' AND u.totp_secret IS NOT NULL, false)";
const WEBAUTHN: &str = "EXISTS (SELECT 1 FROM user_security_keys k WHERE k.user_id = u.id \
    AND (k.passkey IS NOT NULL OR k.credential_public_key IS NOT NULL))";

/// Keeps others from changing the factors of a user until the transaction ends.
pub(crate) async fn keep<C: Connection>(connection: &C, user: Uuid) -> Result<(), DbErr> {
    if connection.backend() == DbBackend::Postgres {
        let sql = "SELECT 1 AS kept FROM users WHERE id = $1 FOR NO KEY UPDATE";
        connection.send(statement(connection, sql, [user.into()])).await?;
    }
    // On SQLite the write transaction does.
    Ok(())
}

/// What a user `u` has, as [`Held`] reads it.
pub(super) fn held_columns() -> String {
    format!(
        "u.password_hash IS NOT NULL AS password, {TOTP} AS totp, {WEBAUTHN} AS webauthn, \
         EXISTS (SELECT 1 FROM recovery_codes r WHERE r.user_id = u.id) AS recovery_code"
    )
}

/// What a user has, who gets no other factor until the transaction ends.
pub(crate) async fn held<C: Connection>(connection: &C, user: Uuid) -> Result<Held, DbErr> {
    // On SQLite the write transaction keeps others from writing.
    let lock = match connection.backend() {
        DbBackend::Postgres => " FOR SHARE OF u",
        _ => "",
    };
    let columns = held_columns();
    let sql = format!("SELECT {columns} FROM users u WHERE u.id = $1{lock}");
    let held = connection.one(statement(connection, sql, [user.into()])).await?;
    held.ok_or_else(|| DbErr::RecordNotFound("the user who was just proved".to_owned()))
}

/// How many factors of each kind a user has; nothing where there is no such user.
pub(crate) async fn count<C: Connection>(connection: &C, user: Uuid) -> Result<Option<Factors>, DbErr> {
    let sql = format!(
        "SELECT {TOTP} AS totp, \
         (SELECT COUNT(*) FROM user_security_keys k WHERE k.user_id = u.id) AS security_keys, \
         (SELECT COUNT(*) FROM recovery_codes r WHERE r.user_id = u.id) AS recovery_codes \
         FROM users u WHERE u.id = $1"
    );
    let row = connection.row(statement(connection, sql, [user.into()])).await?;
    let Some(row) = row else { return Ok(None) };
    let number = |column| row.get::<i64>(column).map(i64::unsigned_abs);
    Ok(Some(Factors {
        totp: row.get("totp")?,
        security_keys: number("security_keys")?,
        recovery_codes_left: number("recovery_codes")?,
    }))
}
