//! Table `limits`: counters that every node agrees on. Counting is one statement, hence atomic.

use chrono::{DateTime, Utc};
use portico_entity::limits::Entity;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, Value};

use uuid::Uuid;

use crate::store::statement;

/// Attempts on accounts, by id: the database takes a counter away where an administrator lifts the lock.
pub(crate) const ACCOUNT: &str = "sign-in-account";
/// Attempts on accounts from networks that their users sign in from.
pub(crate) const NETWORK: &str = "sign-in-network";
/// Attempts on names that nobody has.
pub(crate) const UNKNOWN: &str = "sign-in-unknown";

/// The key of an account.
pub(crate) fn account_key(account: Uuid) -> String {
    account.simple().to_string()
}

/// The key of an account and a network of its user; begins with the account.
pub(crate) fn network_key(account: Uuid, network: &str) -> String {
    format!("{} {network}", account.simple())
}

/// Counts one within a window; returns how many it are now and when the window ends.
pub(crate) async fn count<C: ConnectionTrait>(
    connection: &C,
    bucket: &str,
    key: &str,
    now: DateTime<Utc>,
    window_end: DateTime<Utc>,
) -> Result<(i64, DateTime<Utc>), DbErr> {
    // A window that begins after this one would end was begun before the clock was set back.
    let over = "(limits.expires_at <= $3 OR limits.window_start > $4)";
    let sql = format!(
        "INSERT INTO limits (bucket, key, window_start, count, expires_at) VALUES ($1, $2, $3, 1, $4) \
         ON CONFLICT (bucket, key) DO UPDATE SET \
         count = CASE WHEN {over} THEN 1 ELSE limits.count + 1 END, \
         window_start = CASE WHEN {over} THEN $3 ELSE limits.window_start END, \
         expires_at = CASE WHEN {over} THEN $4 ELSE limits.expires_at END \
         RETURNING count, expires_at"
    );
    let values = [bucket.into(), key.into(), now.into(), window_end.into()];
    let row = connection
        .query_one_raw(statement(connection, sql, values))
        .await?
        .ok_or_else(|| DbErr::RecordNotFound("a counter that was just written".to_owned()))?;
    Ok((row.try_get("", "count")?, row.try_get("", "expires_at")?))
}

/// Counts one attempt and sets from when the next is accepted (`window_start`): at once for the first
/// `free` attempts, then after the delays given, the last of which repeats. Returns `None` where this
/// attempt came too early; it is not counted then.
pub(crate) async fn attempt<C: ConnectionTrait>(
    connection: &C,
    bucket: &str,
    key: &str,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    (free, next): (u32, &[DateTime<Utc>]),
) -> Result<Option<i64>, DbErr> {
    let mut values: Vec<Value> = vec![bucket.into(), key.into(), now.into(), expires_at.into()];
    // One that waits for longer than anybody has to waits since before the clock was set back.
    let longest = next.len() + values.len();
    let mut next_window = format!("CASE WHEN limits.expires_at <= $3 OR limits.count + 1 < {free} THEN $3");
    for (step, time) in next.iter().enumerate() {
        values.push((*time).into());
        let place = values.len();
        let last = step + 1 == next.len();
        next_window.push_str(&match last {
            false => format!(
                " WHEN limits.count + 1 < {} THEN ${place}",
                i64::from(free) + step as i64 + 1
            ),
            true => format!(" ELSE ${place}"),
        });
    }
    let sql = format!(
        "INSERT INTO limits (bucket, key, window_start, count, expires_at) VALUES ($1, $2, $3, 1, $4) \
         ON CONFLICT (bucket, key) DO UPDATE SET \
         count = CASE WHEN limits.expires_at <= $3 THEN 1 ELSE limits.count + 1 END, \
         window_start = {next_window} END, expires_at = $4 \
         WHERE limits.window_start <= $3 OR limits.window_start > ${longest} RETURNING count"
    );
    let row = connection
        .query_one_raw(statement(connection, sql, values))
        .await?;
    row.map(|row| row.try_get("", "count")).transpose()
}

/// A counter as it stands: how many, from when the next is accepted, when it is forgotten.
pub(crate) async fn find<C: ConnectionTrait>(
    connection: &C,
    bucket: &str,
    key: &str,
) -> Result<Option<portico_entity::limits::Model>, DbErr> {
    Entity::find_by_id((bucket.to_owned(), key.to_owned()))
        .one(connection)
        .await
}

/// Forgets a counter.
pub(crate) async fn forget<C: ConnectionTrait>(connection: &C, bucket: &str, key: &str) -> Result<(), DbErr> {
    Entity::delete_by_id((bucket.to_owned(), key.to_owned()))
        .exec(connection)
        .await?;
    Ok(())
}

/// Forgets the attempts on an account, wherever they came from.
pub(crate) async fn forget_account<C: ConnectionTrait>(connection: &C, account: Uuid) -> Result<(), DbErr> {
    let sql = "DELETE FROM limits WHERE bucket = $1 AND key = $2 \
         OR bucket = $3 AND key > $2 || ' ' AND key < $2 || '!'";
    let values = [ACCOUNT.into(), account_key(account).into(), NETWORK.into()];
    connection.execute_raw(statement(connection, sql, values)).await?;
    Ok(())
}
