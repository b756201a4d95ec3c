//! What follows where users get another email address.

use super::Channel;
use super::owner::{self, Former};
use crate::error::Failure;
use crate::execute::{Actor, Origin};

/// What was mailed, but for what gives a former address back.
const FORGET_TICKETS: &str =
    "DELETE FROM {auth}tickets WHERE user_id IN ({users}) AND purpose <> 'undo-email-change'";

/// Ends the sessions of who had another address before, and what was mailed to them; whoever reads the mail of
/// that address is told.
pub(super) async fn follow<C: Channel>(
    channel: &mut C,
    mut former: Former,
    (actor, origin): (&Actor, &dyn Origin),
) -> Result<(), Failure> {
    let changed = owner::changed(channel, "email", &former).await?;
    if changed.is_empty() {
        return Ok(());
    }
    owner::end_sessions(channel, &changed, (actor, origin)).await?;
    owner::of_users(channel, FORGET_TICKETS, &changed, Vec::new()).await?;
    former.retain(|user, email| changed.contains(user) && email.is_some());
    owner::tell(channel, "email-replaced", former.into_iter(), origin).await
}
