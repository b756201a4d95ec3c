//! What has expired, in whatever table: deleted a little at a time, the oldest first. Others wait to write meanwhile,
//! and a session is a notice to every node.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

use crate::store::statement;

/// Rows deleted by one statement at most.
pub(crate) const AT_ONCE: u64 = 1_000;

/// A table whose rows expire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expiring {
    /// Counters that tell nothing any more.
    Limits,
    /// Tickets that are good for nothing any more.
    Tickets,
    /// Questions to passkeys that nobody answered.
    Challenges,
    /// Sessions and personal access tokens. One that was ended goes when it would have: only that time has an index.
    Sessions,
    /// Messages that are not worth sending any more.
    Outbox,
}

impl Expiring {
    fn table_and_key(self) -> (&'static str, &'static str) {
        match self {
            Self::Limits => ("limits", "bucket, key"),
            Self::Tickets => ("tickets", "id"),
            Self::Challenges => ("challenges", "hash"),
            Self::Sessions => ("refresh_tokens", "id"),
            Self::Outbox => ("outbox", "id"),
        }
    }
}

/// Deletes some of what expired before then; returns how many rows.
pub(crate) async fn delete<C: ConnectionTrait>(
    connection: &C,
    expiring: Expiring,
    before: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let done = connection
        .execute_raw(deletion(connection, expiring, before, ""))
        .await?;
    Ok(done.rows_affected())
}

/// Deletes some messages that expired before then; returns how many, and how many of them were never sent, but for
/// those given up and those that were never meant to be.
pub(crate) async fn delete_messages<C: ConnectionTrait>(
    connection: &C,
    before: DateTime<Utc>,
) -> Result<(u64, u64), DbErr> {
    let unsent =
        "RETURNING sent_at IS NULL AND sealed_body IS NOT NULL AND expires_at > created_at AS unsent";
    let rows = connection
        .query_all_raw(deletion(connection, Expiring::Outbox, before, unsent))
        .await?;
    let mut unsent = 0;
    for row in &rows {
        unsent += u64::from(row.try_get::<bool>("", "unsent")?);
    }
    Ok((rows.len() as u64, unsent))
}

fn deletion<C: ConnectionTrait>(
    connection: &C,
    expiring: Expiring,
    before: DateTime<Utc>,
    returning: &str,
) -> Statement {
    let (table, key) = expiring.table_and_key();
    // Whoever holds a row may wait for another one of these; it goes at the next turn. SQLite has one writer.
    let lock = match connection.get_database_backend() {
        DbBackend::Postgres => "FOR UPDATE SKIP LOCKED",
        _ => "",
    };
    let sql = format!(
        "WITH due AS MATERIALIZED (SELECT {key} FROM {table} WHERE expires_at <= $1 ORDER BY expires_at \
         LIMIT {AT_ONCE} {lock}) DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM due) {returning}"
    );
    statement(connection, sql, [before.into()])
}
