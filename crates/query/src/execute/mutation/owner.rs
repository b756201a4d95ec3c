//! What befalls the users whose account was written: sessions end, and a message tells why.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::TimeDelta;
use uuid::Uuid;

use super::{Channel, column, insert};
use crate::error::Failure;
use crate::execute::{Actor, Origin};
use crate::scalar::Parameter;

/// A message is worth sending for so long.
const NOTICE: TimeDelta = TimeDelta::days(1);

/// All sessions but the one that asks.
const END_SESSIONS: &str = "UPDATE {auth}refresh_tokens SET revoked_at = $2, refresh_token_hash = NULL, \
    previous_token_hash = NULL, sealed_successor = NULL WHERE user_id IN ({users}) AND revoked_at IS NULL \
    AND type IN ('regular', 'app') AND id IS DISTINCT FROM $3";

/// Messages without a secret, hence without a sealed body.
const TELL_IN_POSTGRES: &str = "INSERT INTO auth.outbox (id, kind, recipient, template, locale, sealed_body, key_id, \
    created_at, expires_at, next_attempt_at) SELECT w.id, 'email', COALESCE(w.email, u.email::text), $4, u.locale, \
    ''::bytea, '', $5, $6, $5 FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS w(id, user_id, email) \
    JOIN auth.users u ON u.id = w.user_id WHERE COALESCE(w.email, u.email::text) IS NOT NULL";
const TELL_IN_SQLITE: &str = "INSERT INTO outbox (id, kind, recipient, template, locale, sealed_body, key_id, \
    created_at, expires_at, next_attempt_at) SELECT unhex(w.value ->> 0), 'email', COALESCE(w.value ->> 2, u.email), \
    ?2, u.locale, X'', '', ?3, ?4, ?3 FROM json_each(?1) AS w JOIN users u ON u.id = unhex(w.value ->> 1) \
    WHERE COALESCE(w.value ->> 2, u.email) IS NOT NULL";

/// What a column held of each user.
pub(super) type Former = BTreeMap<Uuid, Option<String>>;

/// A column of rows whose key is a user.
pub(super) fn former(rows: &[Vec<Option<String>>], index: usize) -> Former {
    let found = |row: &Vec<Option<String>>| {
        let user = Uuid::try_parse(column(row, 0)?).ok()?;
        Some((user, column(row, index).map(str::to_owned)))
    };
    rows.iter().filter_map(found).collect()
}

/// The users of whom the column is not what it was.
pub(super) async fn changed<C: Channel>(
    channel: &mut C,
    name: &'static str,
    former: &Former,
) -> Result<BTreeSet<Uuid>, Failure> {
    if former.is_empty() {
        return Ok(BTreeSet::new());
    }
    let text = |text: &Option<String>| text.clone().map_or(Parameter::Null, Parameter::Text);
    let rows = former
        .iter()
        .map(|(user, was)| vec![Parameter::Uuid(*user), text(was)]);
    let parameters = list_of(channel, rows.collect(), 2);
    let sql = match channel.by_column() {
        true => format!(
            "SELECT u.id::text FROM unnest($1::uuid[], $2::text[]) AS w(id, was) \
             JOIN auth.users u ON u.id = w.id WHERE u.{name}::text IS DISTINCT FROM w.was"
        ),
        false => format!(
            "SELECT uuid_text(u.id) FROM json_each(?1) AS w JOIN users u ON u.id = unhex(w.value ->> 0) \
             WHERE u.{name} IS DISTINCT FROM (w.value ->> 1)"
        ),
    };
    let found = channel.texts(Arc::from(sql), parameters).await?;
    Ok(users(found.iter().map(|row| column(row, 0))))
}

/// Users, as the database tells their ids.
pub(super) fn users<'t>(ids: impl Iterator<Item = Option<&'t str>>) -> BTreeSet<Uuid> {
    ids.flatten().filter_map(|id| Uuid::try_parse(id).ok()).collect()
}

/// Ends the sessions of users.
pub(super) async fn end_sessions<C: Channel>(
    channel: &mut C,
    users: &BTreeSet<Uuid>,
    (actor, origin): (&Actor, &dyn Origin),
) -> Result<(), Failure> {
    let session = actor.session_id.map_or(Parameter::Null, Parameter::Uuid);
    let more = vec![Parameter::Time(origin.now()), session];
    of_users(channel, END_SESSIONS, users, more).await
}

/// Runs a statement about users, in which words in braces stand for what differs between the databases.
pub(super) async fn of_users<C: Channel>(
    channel: &mut C,
    sql: &str,
    users: &BTreeSet<Uuid>,
    more: Vec<Parameter>,
) -> Result<(), Failure> {
    let (auth, list) = match channel.by_column() {
        true => ("auth.", "SELECT unnest($1::uuid[])"),
        false => ("", "SELECT unhex(value ->> 0) FROM json_each($1)"),
    };
    let sql = sql.replace("{auth}", auth).replace("{users}", list);
    // SQLite numbers a parameter that is written with a question mark.
    let sql = match channel.by_column() {
        true => sql,
        false => sql.replace('$', "?"),
    };
    let rows = users.iter().map(|user| vec![Parameter::Uuid(*user)]).collect();
    let mut parameters = list_of(channel, rows, 1);
    parameters.extend(more);
    channel.send(Arc::from(sql), parameters).await
}

/// Leaves a message to each of these users; where an address stands beside the user, to that.
pub(super) async fn tell<C: Channel>(
    channel: &mut C,
    template: &str,
    readers: impl Iterator<Item = (Uuid, Option<String>)>,
    origin: &dyn Origin,
) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for (user, address) in readers {
        let address = address.map_or(Parameter::Null, Parameter::Text);
        rows.push(vec![
            Parameter::Uuid(origin.new_id()?),
            Parameter::Uuid(user),
            address,
        ]);
    }
    let sql = match channel.by_column() {
        true => TELL_IN_POSTGRES,
        false => TELL_IN_SQLITE,
    };
    let now = origin.now();
    let mut parameters = list_of(channel, rows, 3);
    parameters.extend([
        Parameter::Text(template.to_owned()),
        Parameter::Time(now),
        Parameter::Time(now + NOTICE),
    ]);
    channel.send(Arc::from(sql), parameters).await
}

/// Rows as parameters.
pub(super) fn list_of<C: Channel>(channel: &C, rows: Vec<Vec<Parameter>>, width: usize) -> Vec<Parameter> {
    match channel.by_column() {
        true => insert::columns(rows, width),
        false => vec![Parameter::Rows(rows)],
    }
}
