//! What the flows share that prove an address by mail: to ask for the mail, to present what was in it, and what that
//! proves.

mod ask;
mod present;
mod prove;

use crate::audit::Event;
use crate::caller::Ctx;
use crate::error::Error;
use crate::refusal::Refusal;

pub(super) use ask::{Ask, ask, seal};
pub(super) use present::{Found, present, take};
pub(super) use prove::{LINKS, Proved, confirm, enter, fulfil, open, unseal};

/// Writes down that somebody was refused.
pub(super) async fn refuse(ctx: &Ctx<'_>, action: &'static str, refusal: Refusal) -> Result<Error, Error> {
    Event::refused(action, None, refusal).append_alone(ctx).await?;
    Ok(refusal.into())
}
