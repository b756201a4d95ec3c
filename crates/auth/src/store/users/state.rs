//! What failed attempts and administrators make of an account.

use chrono::{DateTime, Utc};
use portico_entity::users::{Column, Entity};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::connection::Connection;
use crate::store::{limits, statement};

/// Shows in the row what the counters of failed attempts say together. A delay that is over stays to be read until
/// the failures are forgotten: to take it away means to lift the lock.
pub(crate) async fn show_failures<C: Connection>(
    connection: &C,
    id: Uuid,
    last: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let sql = "UPDATE users SET last_attempt = COALESCE($1, last_attempt), (attempt_number, locked_until) = \
         (SELECT COALESCE(CAST(SUM(l.count) AS INTEGER), 0), CASE WHEN COUNT(*) = 0 THEN NULL \
             WHEN MAX(l.window_start) > $2 THEN MAX(l.window_start) ELSE users.locked_until END \
          FROM limits l WHERE l.expires_at > $2 AND (l.bucket = $3 AND l.key = $4 \
             OR l.bucket = $5 AND l.key > $4 || ' ' AND l.key < $4 || '!')) \
         WHERE id = $6";
    let values = [
        last.into(),
        now.into(),
        limits::PASSWORDS.account.into(),
        limits::account_key(id).into(),
        limits::PASSWORDS.network.into(),
        id.into(),
    ];
    connection.send(statement(connection, sql, values)).await?;
    Ok(())
}

/// The row tells of no failed attempts any more, but for when the last was.
pub(crate) async fn forget_failures<C: Connection>(connection: &C, id: Uuid) -> Result<(), DbErr> {
    let sql = "UPDATE users SET attempt_number = 0, locked_until = NULL WHERE id = $1";
    connection.send(statement(connection, sql, [id.into()])).await?;
    Ok(())
}

/// What an administrator decides of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Whether it is switched off.
    Disabled(bool),
    /// Whether it is locked; whoever is not has no failed attempts either.
    Locked(bool),
}

/// Writes the state of an account; tells whether there is one.
pub(crate) async fn set_state<C: ConnectionTrait>(
    connection: &C,
    id: Uuid,
    state: State,
) -> Result<bool, DbErr> {
    let update = Entity::update_many().filter(Column::Id.eq(id));
    let update = match state {
        State::Disabled(disabled) => update.col_expr(Column::Disabled, Expr::value(disabled)),
        State::Locked(true) => update.col_expr(Column::IsLocked, Expr::value(true)),
        State::Locked(false) => update
            .col_expr(Column::IsLocked, Expr::value(false))
            .col_expr(Column::AttemptNumber, Expr::value(0))
            .col_expr(Column::LockedUntil, Expr::value(None::<DateTime<Utc>>)),
    };
    Ok(update.exec(connection).await?.rows_affected == 1)
}
