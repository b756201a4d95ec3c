//! What the flows share that prove an address by mail: to ask for the mail, to present what was in it, and what that
//! proves.

mod ask;
mod present;
mod prove;

pub(super) use ask::{Ask, ask, seal};
pub(super) use present::{Found, present, take};
pub(super) use prove::{LINKS, Proved, confirm, enter, fulfil, open, unseal};
