//! Table `tickets`. Of many that race for one, one wins. Whoever uses one up holds all of its user's until the
//! transaction ends, taken in one order, and takes the user afterwards: nobody waits in a circle.

use chrono::{DateTime, Utc};
use portico_entity::tickets::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, JsonValue, QueryFilter, QueryTrait, Value,
};
use uuid::Uuid;

use crate::connection::Connection;
use crate::row::from_row;
use crate::store::statement;
use crate::ticket::Purpose;
use crate::value::Email;

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

    /// Whether it was made for this.
    pub(crate) fn is_for(&self, purpose: Purpose) -> bool {
        self.row.purpose == purpose.as_str()
    }
}

/// Opens a ticket in the place of an older one of the same purpose and subject.
pub(crate) async fn put<C: Connection>(connection: &C, ticket: ActiveModel) -> Result<(), DbErr> {
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
        Column::SessionId,
    ];
    let newer = OnConflict::columns([Column::Purpose, Column::Subject])
        .update_columns(rest)
        .to_owned();
    let put = Entity::insert(ticket).on_conflict(newer);
    connection.send(put.build(connection.backend())).await
}

/// What was made to take the same time for an address that nobody has is good for nothing.
const GOOD: &str = "(user_id IS NOT NULL OR sealed_options IS NOT NULL)";

const ALL: &str = "id, purpose, subject, user_id, address, ticket_hash, code_hash, attempts, redirect_to, \
    code_challenge, sealed_options, authentication_methods, created_at, expires_at, session_id";

from_row!(Model {
    id,
    purpose,
    subject,
    user_id,
    address,
    ticket_hash,
    code_hash,
    attempts,
    redirect_to,
    code_challenge,
    sealed_options,
    authentication_methods,
    created_at,
    expires_at,
    session_id,
});

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
pub(crate) async fn take<C: Connection>(
    connection: &C,
    purposes: &[Purpose],
    hash: Vec<u8>,
    now: DateTime<Utc>,
) -> Result<Option<Used>, DbErr> {
    let of_its_user = "user_id = (SELECT t.user_id FROM tickets t WHERE t.ticket_hash = $1)";
    lock(connection, of_its_user, [hash.clone().into()]).await?;
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
    let row = connection
        .one::<Model>(statement(connection, sql, values))
        .await?;
    Ok(row.map(|row| Used { row }))
}

/// A ticket whose code may be guessed once more; the guess is counted.
pub(crate) async fn guess<C: Connection>(
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
    let row = connection.row(statement(connection, sql, values)).await?;
    row.map(|row| Ok((row.get("id")?, row.get("code_hash")?)))
        .transpose()
}

/// Takes a guess back that was right, or was none.
pub(crate) async fn give_back<C: Connection>(connection: &C, id: Uuid) -> Result<(), DbErr> {
    let sql = "UPDATE tickets SET attempts = attempts - 1 WHERE id = $1 AND attempts > 0";
    connection.send(statement(connection, sql, [id.into()])).await
}

/// A ticket that stands a try.
pub(crate) struct Tried {
    pub(crate) id: Uuid,
    /// Whose it is.
    pub(crate) user_id: Uuid,
    /// What they proved before.
    pub(crate) authentication_methods: Option<JsonValue>,
}

from_row!(Tried {
    id,
    user_id,
    authentication_methods,
});

/// A ticket, if it stands another try; the try is counted.
pub(crate) async fn try_once<C: Connection>(
    connection: &C,
    purpose: Purpose,
    hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<Tried>, DbErr> {
    let sql = "UPDATE tickets SET attempts = attempts + 1 WHERE ticket_hash = $1 AND purpose = $2 \
        AND expires_at > $3 AND attempts < $4 AND user_id IS NOT NULL \
        RETURNING id, user_id, authentication_methods";
    let values = [hash.into(), purpose.as_str().into(), now.into(), GUESSES.into()];
    connection.one(statement(connection, sql, values)).await
}

/// A ticket, if it stands another try, which nobody else tries until the transaction ends; none is counted.
pub(crate) async fn keep<C: Connection>(
    connection: &C,
    purpose: Purpose,
    hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<Tried>, DbErr> {
    let lock = match connection.backend() {
        DbBackend::Postgres => " FOR UPDATE",
        _ => "",
    };
    let sql = format!(
        "SELECT id, user_id, authentication_methods FROM tickets WHERE ticket_hash = $1 AND purpose = $2 \
         AND expires_at > $3 AND attempts < $4 AND user_id IS NOT NULL{lock}"
    );
    let values = [hash.into(), purpose.as_str().into(), now.into(), GUESSES.into()];
    connection.one(statement(connection, sql, values)).await
}

/// Counts a try of a ticket that may be gone.
pub(crate) async fn count_try<C: Connection>(connection: &C, id: Uuid) -> Result<(), DbErr> {
    let sql = "UPDATE tickets SET attempts = attempts + 1 WHERE id = $1";
    connection.send(statement(connection, sql, [id.into()])).await
}

/// Ends a ticket that the transaction keeps for itself.
pub(crate) async fn end<C: Connection>(connection: &C, id: Uuid) -> Result<(), DbErr> {
    let sql = "DELETE FROM tickets WHERE id = $1";
    connection.send(statement(connection, sql, [id.into()])).await
}

/// Uses up the ticket of this purpose of a user.
pub(crate) async fn take_of<C: Connection>(
    connection: &C,
    purpose: Purpose,
    user: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<Used>, DbErr> {
    let sql = format!(
        "DELETE FROM tickets WHERE purpose = $1 AND subject = $2 AND user_id = $3 AND expires_at > $4 \
         RETURNING {ALL}"
    );
    let values = [
        purpose.as_str().into(),
        user.to_string().into(),
        user.into(),
        now.into(),
    ];
    let row = connection
        .one::<Model>(statement(connection, sql, values))
        .await?;
    Ok(row.map(|row| Used { row }))
}

/// Uses up a ticket whose code was guessed right.
pub(crate) async fn take_by_id<C: Connection>(connection: &C, id: Uuid) -> Result<Option<Used>, DbErr> {
    let of_its_user = "user_id = (SELECT t.user_id FROM tickets t WHERE t.id = $1)";
    lock(connection, of_its_user, [id.into()]).await?;
    let sql = format!("DELETE FROM tickets WHERE id = $1 AND {GOOD} RETURNING {ALL}");
    let row = connection
        .one::<Model>(statement(connection, sql, [id.into()]))
        .await?;
    Ok(row.map(|row| Used { row }))
}

/// Ends every ticket of a user but those that give an address back: whoever got hold of an account must not end them.
pub(crate) async fn forget_of<C: Connection>(connection: &C, user: Uuid) -> Result<(), DbErr> {
    let values = [user.into(), Purpose::UndoEmailChange.as_str().into()];
    delete(connection, "user_id = $1 AND purpose <> $2", values).await
}

/// Ends the tickets that give a user an address back which it had since then.
pub(crate) async fn forget_undo_since<C: ConnectionTrait>(
    connection: &C,
    user: Uuid,
    since: DateTime<Utc>,
) -> Result<(), DbErr> {
    let values = [
        user.into(),
        Purpose::UndoEmailChange.as_str().into(),
        since.into(),
    ];
    delete(
        connection,
        "user_id = $1 AND purpose = $2 AND created_at >= $3",
        values,
    )
    .await
}

/// When the ticket of this purpose and subject was first made, if there is one.
pub(crate) async fn first_made<C: Connection>(
    connection: &C,
    purpose: Purpose,
    subject: &str,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, DbErr> {
    let sql = "SELECT created_at FROM tickets WHERE purpose = $1 AND subject = $2 AND expires_at > $3";
    let values = [purpose.as_str().into(), subject.into(), now.into()];
    let row = connection.row(statement(connection, sql, values)).await?;
    row.map(|row| row.get("created_at")).transpose()
}

/// Whether a ticket of this purpose and subject was mailed to this address, be it good for something or not.
pub(crate) async fn is_open<C: ConnectionTrait>(
    connection: &C,
    purpose: Purpose,
    (subject, address): (&str, &Email),
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let found = Entity::find()
        .filter(Column::Purpose.eq(purpose.as_str()))
        .filter(Column::Subject.eq(subject))
        .filter(Column::Address.eq(address.as_str()))
        .filter(Column::ExpiresAt.gt(now))
        .one(connection)
        .await?;
    Ok(found.is_some())
}

/// Whether an address is kept for another user, who may have it back.
pub(crate) async fn is_kept_for_another<C: Connection>(
    connection: &C,
    address: &Email,
    user: Uuid,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    // The purpose is no parameter: only addresses that are kept are indexed.
    let sql = "SELECT 1 AS kept FROM tickets WHERE address = $1 AND purpose = 'undo-email-change' \
        AND user_id <> $2 AND expires_at > $3 LIMIT 1";
    let values = [address.as_str().into(), user.into(), now.into()];
    let row = connection.row(statement(connection, sql, values)).await?;
    Ok(row.is_some())
}

/// On SQLite the write transaction keeps others from writing.
fn in_order(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => "ORDER BY id FOR UPDATE",
        _ => "",
    }
}

async fn lock<C: Connection, const N: usize>(
    connection: &C,
    condition: &str,
    values: [Value; N],
) -> Result<(), DbErr> {
    let backend = connection.backend();
    if backend == DbBackend::Postgres {
        let sql = format!("SELECT 1 FROM tickets WHERE {condition} {}", in_order(backend));
        connection.send(statement(connection, sql, values)).await?;
    }
    Ok(())
}

async fn delete<C: Connection, const N: usize>(
    connection: &C,
    condition: &str,
    values: [Value; N],
) -> Result<(), DbErr> {
    let order = in_order(connection.backend());
    let sql = format!("DELETE FROM tickets WHERE id IN (SELECT id FROM tickets WHERE {condition} {order})");
    connection.send(statement(connection, sql, values)).await?;
    Ok(())
}
