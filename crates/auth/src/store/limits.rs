//! Table `limits`: counters that every node agrees on. Counting is one statement, hence atomic.

use chrono::{DateTime, Utc};
use sea_orm::{DbErr, Statement, Value};
use uuid::Uuid;

use crate::connection::{Connection, Transaction};
use crate::database::Database;
use crate::row::Row;
use crate::store::statement;

/// Where attempts on accounts are counted, by id.
#[derive(Clone, Copy)]
pub(crate) struct Buckets {
    /// Those from wherever nobody knows the user.
    pub(crate) account: &'static str,
    /// Those from networks that the user signs in from, by account and network.
    pub(crate) network: &'static str,
}

/// Attempts to prove a password: the database takes a counter away where an administrator lifts the lock.
pub(crate) const PASSWORDS: Buckets = Buckets {
    account: "sign-in-account",
    network: "sign-in-network",
};
/// Guesses at the codes of a second factor.
pub(crate) const FACTORS: Buckets = Buckets {
    account: "second-factor",
    network: "second-factor-network",
};
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
pub(crate) async fn count<C: Connection>(
    connection: &C,
    bucket: &str,
    key: &str,
    now: DateTime<Utc>,
    window_end: DateTime<Utc>,
) -> Result<(i64, DateTime<Utc>), DbErr> {
    counted(
        connection
            .rows(counting(connection, bucket, key, now, window_end))
            .await,
    )
}

/// The same with a transaction behind it, which the count is no part of. It is awaited before anything of the
/// transaction is.
pub(crate) async fn count_and_begin(
    database: &Database,
    bucket: &str,
    key: &str,
    now: DateTime<Utc>,
    window_end: DateTime<Utc>,
) -> Result<
    (
        impl Future<Output = Result<(i64, DateTime<Utc>), DbErr>> + use<>,
        Transaction,
    ),
    DbErr,
> {
    let counting = counting(&database.alone(), bucket, key, now, window_end);
    let (before, transaction) = Transaction::begin_behind(database, counting).await?;
    Ok((async { counted(before.await) }, transaction))
}

fn counting<C: Connection>(
    connection: &C,
    bucket: &str,
    key: &str,
    now: DateTime<Utc>,
    window_end: DateTime<Utc>,
) -> Statement {
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
    statement(connection, sql, values)
}

fn counted(rows: Result<Vec<Row>, DbErr>) -> Result<(i64, DateTime<Utc>), DbErr> {
    let row = rows?.into_iter().next();
    let row = row.ok_or_else(|| DbErr::RecordNotFound("a counter that was just written".to_owned()))?;
    Ok((row.get("count")?, row.get("expires_at")?))
}

/// Counts one attempt and sets from when the next is accepted (`window_start`): at once for the first
/// `free` attempts, then after the delays given, the last of which repeats. Returns `None` where this
/// attempt came too early; it is not counted then.
pub(crate) async fn attempt<C: Connection>(
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
    let row = connection.row(statement(connection, sql, values)).await?;
    row.map(|row| row.get("count")).transpose()
}

/// An attempt that was counted was none: the next one is accepted when it was.
pub(crate) async fn take_back<C: Connection>(
    connection: &C,
    bucket: &str,
    key: &str,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let sql =
        "UPDATE limits SET count = count - 1, window_start = $3 WHERE bucket = $1 AND key = $2 AND count > 0";
    let values = [bucket.into(), key.into(), now.into()];
    connection.send(statement(connection, sql, values)).await
}

/// From when the next attempt is accepted, for each of two counters; nothing for one that is not there.
pub(crate) async fn next_of_both<C: Connection>(
    connection: &C,
    counters: [(&str, &str); 2],
) -> Result<[Option<DateTime<Utc>>; 2], DbErr> {
    let sql =
        "SELECT bucket, window_start FROM limits WHERE bucket = $1 AND key = $2 OR bucket = $3 AND key = $4";
    let values = counters.map(|(bucket, key)| [Value::from(bucket), key.into()]);
    let rows = connection
        .rows(statement(connection, sql, values.into_iter().flatten()))
        .await?;
    let mut next = [None; 2];
    for row in rows {
        let found: String = row.get("bucket")?;
        for ((bucket, _), next) in counters.iter().zip(&mut next) {
            if found == *bucket {
                *next = Some(row.get("window_start")?);
            }
        }
    }
    Ok(next)
}

/// From when the next attempt is accepted.
pub(crate) async fn next<C: Connection>(
    connection: &C,
    bucket: &str,
    key: &str,
) -> Result<Option<DateTime<Utc>>, DbErr> {
    let sql = "SELECT window_start FROM limits WHERE bucket = $1 AND key = $2";
    let row = connection
        .row(statement(connection, sql, [bucket.into(), key.into()]))
        .await?;
    row.map(|row| row.get("window_start")).transpose()
}

/// Forgets a counter.
pub(crate) async fn forget<C: Connection>(connection: &C, bucket: &str, key: &str) -> Result<(), DbErr> {
    let sql = "DELETE FROM limits WHERE bucket = $1 AND key = $2";
    connection
        .send(statement(connection, sql, [bucket.into(), key.into()]))
        .await
}

/// Forgets the attempts on an account, wherever they came from.
pub(crate) async fn forget_account<C: Connection>(
    connection: &C,
    buckets: Buckets,
    account: Uuid,
) -> Result<(), DbErr> {
    let sql = "DELETE FROM limits WHERE bucket = $1 AND key = $2 \
         OR bucket = $3 AND key >= $2 AND key < $2 || '!'";
    let values = [
        buckets.account.into(),
        account_key(account).into(),
        buckets.network.into(),
    ];
    connection.send(statement(connection, sql, values)).await?;
    Ok(())
}
