//! What the flows share that prove an address by mail: to ask for the mail, to present what was in it, and what that
//! proves.

mod ask;
mod present;
mod prove;

use chrono::{DateTime, Utc};

use crate::audit::Event;
use crate::auth::Auth;
use crate::caller::Ctx;
use crate::error::Error;
use crate::port::now;
use crate::refusal::Refusal;
use crate::store;

pub(super) use ask::{Ask, ask, seal};
pub(super) use present::{Found, present, take};
pub(super) use prove::{LINKS, Proved, confirm, do_it, enter, open, unseal};

/// Writes down that somebody was refused.
pub(super) async fn refuse(ctx: &Ctx<'_>, action: &'static str, refusal: Refusal) -> Result<Error, Error> {
    Event::refused(action, None, refusal).append_alone(ctx).await?;
    Ok(refusal.into())
}

impl Auth {
    /// Deletes tickets that are good for nothing any more.
    pub(crate) async fn purge_tickets(&self) -> Result<(), Error> {
        let now: DateTime<Utc> = now(self.clock.as_ref());
        let _turn = self.database.turn().await;
        Ok(store::tickets::purge(&self.database.connection, now).await?)
    }
}
