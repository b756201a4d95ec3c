//! Table `outbox`.

use chrono::{DateTime, Utc};
use portico_entity::outbox::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, UpdateMany,
};
use uuid::Uuid;

use crate::connection::Connection;
use crate::row::from_row;
use crate::store::statement;

/// A message.
pub(crate) type Row = Model;

from_row!(Model {
    id,
    kind,
    recipient,
    template,
    locale,
    sealed_body,
    key_id,
    created_at,
    expires_at,
    attempts,
    next_attempt_at,
    sent_at,
    last_error,
});

/// A claim: the message and the number of the attempt, which is another once somebody else has claimed it.
pub(crate) type Claim = (Uuid, i32);

/// Leaves a message to be sent once the transaction is committed.
pub(crate) async fn insert<C: Connection>(connection: &C, message: ActiveModel) -> Result<(), DbErr> {
    connection
        .send(Entity::insert(message).build(connection.backend()))
        .await
}

const DUE: &str = "sent_at IS NULL AND sealed_body IS NOT NULL AND kind = 'email' \
    AND next_attempt_at <= $1 AND expires_at > $1";

/// Whether a message is due; asked often, so that the writer is left in peace where none is.
pub(crate) async fn is_any_due<C: Connection>(connection: &C, now: DateTime<Utc>) -> Result<bool, DbErr> {
    let sql = format!("SELECT 1 AS due FROM outbox WHERE {DUE} LIMIT 1");
    let found = connection.row(statement(connection, sql, [now.into()])).await?;
    Ok(found.is_some())
}

/// Claims messages that are due. One statement: of many nodes that ask at once, each gets others.
pub(crate) async fn claim<C: Connection>(
    connection: &C,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    most: u32,
) -> Result<Vec<Row>, DbErr> {
    // SQLite has one writer at a time.
    let lock = match connection.backend() {
        DbBackend::Postgres => "FOR UPDATE SKIP LOCKED",
        _ => "",
    };
    let sql = format!(
        "WITH due AS MATERIALIZED (SELECT id AS due_id FROM outbox WHERE {DUE} \
         ORDER BY next_attempt_at LIMIT $3 {lock}) \
         UPDATE outbox SET attempts = attempts + 1, next_attempt_at = $2 FROM due WHERE id = due_id \
         RETURNING id, kind, recipient, template, locale, sealed_body, key_id, created_at, expires_at, attempts, \
         next_attempt_at, sent_at, last_error"
    );
    let values = [now.into(), until.into(), i64::from(most).into()];
    connection.all(statement(connection, sql, values)).await
}

/// A mail server has the messages. Also where the claim is over: that cannot be undone.
pub(crate) async fn sent<C: Connection>(
    connection: &C,
    ids: &[Uuid],
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let those = match connection.backend() {
        DbBackend::Postgres => {
            "id = ANY (ARRAY(SELECT CAST(value AS uuid) FROM json_array_elements_text(CAST($1 AS text)::json)))"
        }
        _ => "id IN (SELECT unhex(value) FROM json_each($1))",
    };
    let sql = format!(
        "UPDATE outbox SET sent_at = $2, sealed_body = NULL, last_error = NULL WHERE {those} AND sent_at IS NULL"
    );
    let ids: Vec<String> = ids.iter().map(|id| id.simple().to_string()).collect();
    let ids = serde_json::to_string(&ids).map_err(|error| DbErr::Json(error.to_string()))?;
    connection
        .send(statement(connection, sql, [ids.into(), now.into()]))
        .await
}

/// Tries the message again at a time.
pub(crate) async fn put_off<C: ConnectionTrait>(
    connection: &C,
    claim: Claim,
    reason: &str,
    next: DateTime<Utc>,
) -> Result<(), DbErr> {
    claimed(claim)
        .col_expr(Column::NextAttemptAt, Expr::value(next))
        .col_expr(Column::LastError, Expr::value(reason))
        .exec(connection)
        .await?;
    Ok(())
}

/// Tries the message no more, and erases it.
pub(crate) async fn give_up<C: ConnectionTrait>(
    connection: &C,
    claim: Claim,
    reason: &str,
) -> Result<(), DbErr> {
    claimed(claim)
        .col_expr(Column::SealedBody, Expr::value(None::<Vec<u8>>))
        .col_expr(Column::LastError, Expr::value(reason))
        .exec(connection)
        .await?;
    Ok(())
}

/// Gives a claim back as if it had not been made.
pub(crate) async fn release<C: ConnectionTrait>(
    connection: &C,
    claim: Claim,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    claimed(claim)
        .col_expr(Column::NextAttemptAt, Expr::value(now))
        .col_expr(Column::Attempts, Expr::value(claim.1 - 1))
        .exec(connection)
        .await?;
    Ok(())
}

fn claimed((id, attempt): Claim) -> UpdateMany<Entity> {
    Entity::update_many()
        .filter(Column::Id.eq(id))
        .filter(Column::Attempts.eq(attempt))
        .filter(Column::SentAt.is_null())
}

/// One message.
pub(crate) async fn find<C: ConnectionTrait>(connection: &C, id: Uuid) -> Result<Option<Row>, DbErr> {
    Entity::find_by_id(id).one(connection).await
}

/// The newest messages.
pub(crate) async fn newest<C: ConnectionTrait>(connection: &C, most: u64) -> Result<Vec<Row>, DbErr> {
    // Ids are ordered by time. What expired as it was written was never meant to be sent.
    Entity::find()
        .filter(Expr::col(Column::ExpiresAt).gt(Expr::col(Column::CreatedAt)))
        .order_by_desc(Column::Id)
        .limit(most)
        .all(connection)
        .await
}
