//! Sign-ins from devices that a user was not seen with lately.

use std::net::IpAddr;

use uuid::Uuid;

use crate::attempt::{NETWORK_KNOWN, prefix};
use crate::caller::Ctx;
use crate::connection::Connection;
use crate::error::Error;
use crate::message;
use crate::store;

/// Tells the owner of an account of a session about to begin if neither its network nor what its client calls itself
/// is known from the sessions of the last 30 days. Nobody is told of the first.
pub(crate) async fn announce<C: Connection>(ctx: &Ctx<'_>, connection: &C, user: Uuid) -> Result<(), Error> {
    let since = ctx.now() - NETWORK_KNOWN;
    let devices = store::refresh_tokens::devices(connection, user, since).await?;
    let (here, agent) = (prefix(ctx.caller.address), ctx.caller.stored_user_agent());
    let known = devices.iter().any(|device| {
        let address = device.ip.as_deref().and_then(|ip| ip.parse::<IpAddr>().ok());
        device.user_agent == agent || address.is_some_and(|address| prefix(address) == here)
    });
    if known {
        return Ok(());
    }
    let reader = store::users::reader(connection, user).await?;
    let Some(reader) = reader.filter(|reader| reader.has_been_here) else {
        return Ok(());
    };
    match reader.email() {
        Some(email) => message::announce_device(ctx, connection, (&email, &reader.locale)).await,
        None => Ok(()),
    }
}
