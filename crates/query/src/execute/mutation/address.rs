//! What follows where users get another email address.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use super::{Channel, column, owner};
use crate::error::Failure;
use crate::execute::{Actor, Origin};
use crate::scalar::Parameter;

/// Users whose address is not what it was.
const CHANGED_IN_POSTGRES: &str = "SELECT u.id::text FROM unnest($1::uuid[], $2::text[]) AS w(id, email) \
    JOIN auth.users u ON u.id = w.id WHERE u.email::text IS DISTINCT FROM w.email";
const CHANGED_IN_SQLITE: &str = "SELECT uuid_text(u.id) FROM json_each(?1) AS w \
    JOIN users u ON u.id = unhex(w.value ->> 0) WHERE u.email IS DISTINCT FROM (w.value ->> 1)";

/// What was mailed, but for what gives a former address back.
const FORGET_TICKETS: &str =
    "DELETE FROM {auth}tickets WHERE user_id IN ({users}) AND purpose <> 'undo-email-change'";

/// The addresses of users.
pub(super) type Addresses = BTreeMap<Uuid, Option<String>>;

/// The addresses in rows of ids and addresses.
pub(super) fn addresses(rows: &[Vec<Option<String>>]) -> Addresses {
    let address = |row: &Vec<Option<String>>| {
        let user = Uuid::try_parse(column(row, 0)?).ok()?;
        Some((user, column(row, 1).map(str::to_owned)))
    };
    rows.iter().filter_map(address).collect()
}

/// Ends the sessions of who had another address before, and what was mailed to them; whoever reads the mail of
/// that address is told.
pub(super) async fn follow<C: Channel>(
    channel: &mut C,
    mut former: Addresses,
    (actor, origin): (&Actor, &dyn Origin),
) -> Result<(), Failure> {
    if former.is_empty() {
        return Ok(());
    }
    let text = |text: &Option<String>| text.clone().map_or(Parameter::Null, Parameter::Text);
    let rows = former
        .iter()
        .map(|(user, email)| vec![Parameter::Uuid(*user), text(email)]);
    let parameters = owner::list_of(channel, rows.collect(), 2);
    let sql = match channel.by_column() {
        true => CHANGED_IN_POSTGRES,
        false => CHANGED_IN_SQLITE,
    };
    let found = channel.texts(Arc::from(sql), parameters).await?;
    let changed = owner::users(found.iter().map(|row| column(row, 0)));
    if changed.is_empty() {
        return Ok(());
    }
    owner::end_sessions(channel, &changed, (actor, origin)).await?;
    owner::of_users(channel, FORGET_TICKETS, &changed, Vec::new()).await?;
    former.retain(|user, email| changed.contains(user) && email.is_some());
    owner::tell(channel, "email-replaced", former.into_iter(), origin).await
}
