//! What the tables hold of the authenticator application of a user.

use chrono::{DateTime, Utc};
use portico_entity::totp_steps::{Column, Entity};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::account::Account;
use crate::connection::Connection;
use crate::factor::Held;
use crate::row::{FromRow, Row};
use crate::store::factors::held_columns;
use crate::store::statement;
use crate::store::users::{Lock, account_columns};

/// A user, also a deleted one, and the authenticator application.
pub(crate) struct Holder {
    pub(crate) account: Account,
    /// What the user can be proved by.
    pub(crate) held: Held,
    /// The secret in the form of [`crate::totp`].
    totp_secret: Option<String>,
    /// `totp` where its codes are asked for.
    active_mfa_type: Option<String>,
}

impl Holder {
    /// The secret, where its codes are asked for.
    pub(crate) fn secret(&self) -> Option<&str> {
        let asked = self.active_mfa_type.as_deref() == Some("totp");
        self.totp_secret.as_deref().filter(|_| asked)
    }
}

impl FromRow for Holder {
    fn from_row(row: &Row) -> Result<Self, DbErr> {
        Ok(Self {
            account: Account::from_row(row)?,
            held: Held::from_row(row)?,
            totp_secret: row.get("totp_secret")?,
            active_mfa_type: row.get("active_mfa_type")?,
        })
    }
}

/// Reads a user; nobody changes it, or its factors, until the transaction ends.
pub(crate) async fn holder<C: Connection>(connection: &C, user: Uuid) -> Result<Option<Holder>, DbErr> {
    let backend = connection.backend();
    let (columns, held) = (account_columns(backend), held_columns());
    let lock = Lock::Write.sql(backend);
    let sql = format!(
        "SELECT {columns}, {held}, u.totp_secret, u.active_mfa_type FROM users u WHERE u.id = $1{lock}"
    );
    connection.one(statement(connection, sql, [user.into()])).await
}

/// Writes the secret of a user whose codes are asked for from now on.
pub(crate) async fn activate<C: Connection>(connection: &C, user: Uuid, sealed: &str) -> Result<(), DbErr> {
    let sql = "UPDATE users SET totp_secret = $1, active_mfa_type = 'totp' WHERE id = $2";
    let values = [sealed.into(), user.into()];
    connection.send(statement(connection, sql, values)).await?;
    Ok(())
}

/// Forgets the secret; tells whether its codes were asked for.
pub(crate) async fn forget<C: ConnectionTrait>(connection: &C, user: Uuid) -> Result<bool, DbErr> {
    Entity::delete_by_id(user).exec(connection).await?;
    let sql = "UPDATE users SET totp_secret = NULL, active_mfa_type = NULL \
        WHERE id = $1 AND active_mfa_type = 'totp'";
    let done = connection
        .execute_raw(statement(connection, sql, [user.into()]))
        .await?;
    Ok(done.rows_affected() == 1)
}

/// The code of this step was sent. Tells whether it is newer than every one before: none is good twice. One that is
/// later than the latest there can be was sent before the clock was set back.
pub(crate) async fn accept<C: Connection>(
    connection: &C,
    user: Uuid,
    step: i64,
    latest: i64,
) -> Result<bool, DbErr> {
    let sql = "INSERT INTO totp_steps (user_id, step) VALUES ($1, $2) \
        ON CONFLICT (user_id) DO UPDATE SET step = $2 WHERE totp_steps.step < $2 OR totp_steps.step > $3 \
        RETURNING step";
    let values = [user.into(), step.into(), latest.into()];
    let accepted = connection.row(statement(connection, sql, values)).await?;
    Ok(accepted.is_some())
}

/// The first code of a new secret was sent: what was sent for a former one says nothing of it.
pub(crate) async fn begin<C: Connection>(
    connection: &C,
    user: Uuid,
    step: i64,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let sql = "INSERT INTO totp_steps (user_id, step, enabled_at) VALUES ($1, $2, $3) \
        ON CONFLICT (user_id) DO UPDATE SET step = $2, enabled_at = $3";
    let values = [user.into(), step.into(), now.into()];
    connection.send(statement(connection, sql, values)).await?;
    Ok(())
}

/// Whether the secret came since then.
pub(crate) async fn came_since<C: ConnectionTrait>(
    connection: &C,
    user: Uuid,
    since: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let found = Entity::find_by_id(user)
        .filter(Column::EnabledAt.gte(since))
        .one(connection)
        .await?;
    Ok(found.is_some())
}
