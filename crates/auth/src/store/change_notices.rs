//! Table `change_notices`: written by triggers of the database, read by every node.

use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use uuid::Uuid;

use crate::connection::Connection;
use crate::store::expired::AT_ONCE;
use crate::store::statement;

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    Session(Uuid),
    User(Uuid),
    /// More than one can name.
    Everything,
}

/// What one look at the table told.
pub(crate) struct Notices {
    /// Where the next look begins; nothing before it can be written any more.
    pub(crate) next: i64,
    /// Ids and subjects. A notice may be told again by the next look.
    pub(crate) notices: Vec<(i64, Subject)>,
}

/// Reads what was written at this position or after it, `most` of it, in one statement: what it does not
/// show was not committed when it began.
pub(crate) async fn since<C: Connection>(
    connection: &C,
    position: i64,
    most: usize,
) -> Result<Notices, DbErr> {
    let next = match connection.backend() {
        DbBackend::Postgres => "CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)",
        _ => "COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'change_notices'), 0) + 1",
    };
    let sql = format!(
        "SELECT {next} AS next, n.id, n.kind, n.subject \
         FROM (SELECT 1) AS one LEFT JOIN change_notices n ON n.position >= $1 LIMIT {most}"
    );
    let rows = connection
        .rows(statement(connection, sql, [position.into()]))
        .await?;
    let first = rows
        .first()
        .ok_or_else(|| DbErr::RecordNotFound("the position of notices".to_owned()))?;
    let next = first.get("next")?;
    let mut notices = Vec::new();
    for row in &rows {
        // Without a notice there is one row that tells the position alone.
        if let Some(id) = row.get::<Option<i64>>("id")? {
            let kind: String = row.get("kind")?;
            let subject = match kind.as_str() {
                "session" => Subject::Session(row.get("subject")?),
                "user" => Subject::User(row.get("subject")?),
                _ => Subject::Everything,
            };
            notices.push((id, subject));
        }
    }
    Ok(Notices { next, notices })
}

/// Deletes some of what was written before this position; returns how much.
pub(crate) async fn purge<C: ConnectionTrait>(connection: &C, position: i64) -> Result<u64, DbErr> {
    let sql = format!(
        "DELETE FROM change_notices WHERE id IN (SELECT id FROM change_notices WHERE position < $1 \
         ORDER BY position LIMIT {AT_ONCE})"
    );
    let done = connection
        .execute_raw(statement(connection, sql, [position.into()]))
        .await?;
    Ok(done.rows_affected())
}
