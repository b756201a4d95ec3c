//! Table `tickets`. Each step is one statement: of many that race, one wins.

use chrono::{DateTime, Utc};
use portico_entity::tickets::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter};
use uuid::Uuid;

use crate::store::statement;
use crate::ticket::Purpose;

/// How often a code may be guessed before it is dead.
const GUESSES: i64 = 5;

/// Proof that a ticket was presented and used up just now; only this file makes one.
pub(crate) struct Used {
    row: Model,
}

impl Used {
    /// What was known of it.
    pub(crate) fn row(&self) -> &Model {
        &self.row
    }
}

/// Opens a ticket in the place of an older one of the same purpose and subject.
pub(crate) async fn put<C: ConnectionTrait>(connection: &C, ticket: ActiveModel) -> Result<(), DbErr> {
    let rest = [
        Column::Id,
        Column::UserId,
        Column::Address,
        Column::TicketHash,
        Column::CodeHash,
        Column::Attempts,
        Column::RedirectTo,
        Column::CodeChallenge,
        Column::SealedOptions,
        Column::AuthenticationMethods,
        Column::CreatedAt,
        Column::ExpiresAt,
    ];
    let newer = OnConflict::columns([Column::Purpose, Column::Subject])
        .update_columns(rest)
        .to_owned();
    Entity::insert(ticket)
        .on_conflict(newer)
        .exec_without_returning(connection)
        .await?;
    Ok(())
}

/// What was made to take the same time for an address that nobody has is good for nothing.
const GOOD: &str = "(user_id IS NOT NULL OR sealed_options IS NOT NULL)";

const ALL: &str = "id, purpose, subject, user_id, address, ticket_hash, code_hash, attempts, redirect_to, \
    code_challenge, sealed_options, authentication_methods, created_at, expires_at";

/// A ticket as it stands, not used up.
pub(crate) async fn find<C: ConnectionTrait>(
    connection: &C,
    purpose: Purpose,
    hash: Vec<u8>,
    now: DateTime<Utc>,
) -> Result<Option<Model>, DbErr> {
    Entity::find()
        .filter(Column::TicketHash.eq(hash))
        .filter(Column::Purpose.eq(purpose.as_str()))
        .filter(Column::ExpiresAt.gt(now))
        .one(connection)
        .await
}

/// A ticket by its id, not used up.
pub(crate) async fn find_by_id<C: ConnectionTrait>(connection: &C, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(connection).await
}

/// Uses the ticket with this hash up, if it has one of these purposes.
pub(crate) async fn take<C: ConnectionTrait>(
    connection: &C,
    purposes: &[Purpose],
    hash: Vec<u8>,
    now: DateTime<Utc>,
) -> Result<Option<Used>, DbErr> {
    let mut values = vec![hash.into(), now.into()];
    let mut places = Vec::new();
    for purpose in purposes {
        values.push(purpose.as_str().into());
        places.push(format!("${}", values.len()));
    }
    let sql = format!(
        "DELETE FROM tickets WHERE ticket_hash = $1 AND expires_at > $2 AND {GOOD} \
         AND purpose IN ({}) RETURNING {ALL}",
        places.join(", ")
    );
    let row = Model::find_by_statement(statement(connection, sql, values))
        .one(connection)
        .await?;
    Ok(row.map(|row| Used { row }))
}

/// A ticket whose code may be guessed once more; the guess is counted.
pub(crate) async fn guess<C: ConnectionTrait>(
    connection: &C,
    purpose: Purpose,
    subject: &str,
    now: DateTime<Utc>,
) -> Result<Option<(Uuid, Vec<u8>)>, DbErr> {
    let sql = "UPDATE tickets SET attempts = attempts + 1 WHERE purpose = $1 AND subject = $2 \
        AND expires_at > $3 AND attempts < $4 AND code_hash IS NOT NULL RETURNING id, code_hash";
    let values = [
        purpose.as_str().into(),
        subject.into(),
        now.into(),
        GUESSES.into(),
    ];
    let row = connection
        .query_one_raw(statement(connection, sql, values))
        .await?;
    row.map(|row| Ok((row.try_get("", "id")?, row.try_get("", "code_hash")?)))
        .transpose()
}

/// Whose ticket it is, if it stands another try; the try is counted.
pub(crate) async fn try_once<C: ConnectionTrait>(
    connection: &C,
    purpose: Purpose,
    hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<Uuid>, DbErr> {
    let sql = "UPDATE tickets SET attempts = attempts + 1 WHERE ticket_hash = $1 AND purpose = $2 \
        AND expires_at > $3 AND attempts < $4 AND user_id IS NOT NULL RETURNING user_id";
    let values = [hash.into(), purpose.as_str().into(), now.into(), GUESSES.into()];
    let row = connection
        .query_one_raw(statement(connection, sql, values))
        .await?;
    row.map(|row| row.try_get("", "user_id")).transpose()
}

/// Uses up a ticket whose code was guessed right.
pub(crate) async fn take_by_id<C: ConnectionTrait>(connection: &C, id: Uuid) -> Result<Option<Used>, DbErr> {
    let sql = format!("DELETE FROM tickets WHERE id = $1 AND {GOOD} RETURNING {ALL}");
    let row = Model::find_by_statement(statement(connection, sql, [id.into()]))
        .one(connection)
        .await?;
    Ok(row.map(|row| Used { row }))
}

/// Ends every ticket of a user.
pub(crate) async fn forget_of<C: ConnectionTrait>(connection: &C, user: Uuid) -> Result<(), DbErr> {
    Entity::delete_many()
        .filter(Column::UserId.eq(user))
        .exec(connection)
        .await?;
    Ok(())
}

/// Deletes what has expired.
pub(crate) async fn purge<C: ConnectionTrait>(connection: &C, now: DateTime<Utc>) -> Result<(), DbErr> {
    Entity::delete_many()
        .filter(Column::ExpiresAt.lte(now))
        .exec(connection)
        .await?;
    Ok(())
}
