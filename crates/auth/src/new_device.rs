//! Sign-ins from devices that a user was not seen with lately.

use std::net::IpAddr;

use uuid::Uuid;

use crate::attempt::{NETWORK_KNOWN, prefix};
use crate::caller::Ctx;
use crate::connection::Connection;
use crate::error::Error;
use crate::message;
use crate::store;

/// Whether the user did not sign in from the network of the caller within the last 30 days, and had no session then with
/// what the client calls itself. Never so where nobody would be told.
pub(crate) async fn is_new<C: Connection>(ctx: &Ctx<'_>, connection: &C, user: Uuid) -> Result<bool, Error> {
    if !ctx.auth.policy.new_device_notices {
        return Ok(false);
    }
    let since = ctx.now() - NETWORK_KNOWN;
    let devices = store::refresh_tokens::devices(connection, user, since).await?;
    let (here, agent) = (prefix(ctx.caller.address), ctx.caller.stored_user_agent());
    let known = devices.iter().any(|device| {
        let address = device.signed_in_from.as_deref();
        let address = address.and_then(|address| address.parse::<IpAddr>().ok());
        device.user_agent == agent || address.is_some_and(|address| prefix(address) == here)
    });
    Ok(!known)
}

/// Tells the owner of an account of a session that is about to begin on a device that [`is_new`]. Nobody is told of the
/// first.
pub(crate) async fn announce<C: Connection>(ctx: &Ctx<'_>, connection: &C, user: Uuid) -> Result<(), Error> {
    let reader = store::users::reader(connection, user).await?;
    let Some(reader) = reader.filter(|reader| reader.has_been_here) else {
        return Ok(());
    };
    match reader.email() {
        Some(email) => message::announce_device(ctx, connection, (&email, &reader.locale)).await,
        None => Ok(()),
    }
}
