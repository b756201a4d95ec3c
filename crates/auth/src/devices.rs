//! Where a user is known from: the networks and programs of the sessions they had lately.

use std::net::IpAddr;

use chrono::TimeDelta;
use uuid::Uuid;

use crate::attempt::prefix;
use crate::caller::{Caller, Ctx};
use crate::connection::Connection;
use crate::error::Error;
use crate::message;
use crate::store;
use crate::store::refresh_tokens::Device;

/// A network or a program is known for this long after the user was seen with it.
const KNOWN: TimeDelta = TimeDelta::days(30);

/// What a user had sessions with lately.
pub(crate) struct Devices(Vec<Device>);

impl Devices {
    /// Those of a user.
    pub(crate) async fn of<C: Connection>(ctx: &Ctx<'_>, connection: &C, user: Uuid) -> Result<Self, Error> {
        let since = ctx.now() - KNOWN;
        Ok(Self(
            store::refresh_tokens::devices(connection, user, since).await?,
        ))
    }

    /// Whether the user signed in from the caller's network lately. Whoever has proved a first factor alone has not, nor
    /// whoever goes on with a session that was begun elsewhere.
    pub(crate) fn know_network_of(&self, caller: &Caller) -> bool {
        let here = prefix(caller.address);
        let networks = self
            .0
            .iter()
            .filter_map(|device| device.signed_in_from.as_deref());
        networks
            .filter_map(|address| address.parse::<IpAddr>().ok())
            .any(|address| prefix(address) == here)
    }

    /// Whether the user is known neither from the network of the caller nor with what the client calls itself. Never so
    /// where nobody would be told.
    pub(crate) fn miss(&self, ctx: &Ctx<'_>) -> bool {
        let agent = ctx.caller.stored_user_agent();
        ctx.auth.policy.new_device_notices
            && !self.know_network_of(ctx.caller)
            && !self.0.iter().any(|device| device.user_agent == agent)
    }
}

/// Tells the owner of an account of a session that is about to begin on a device that [`Devices::miss`]. Nobody is told
/// of the first.
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
