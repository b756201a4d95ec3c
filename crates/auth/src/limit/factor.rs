//! One budget for guessing the codes of an account, wherever they are asked for. A new sign-in does not come with
//! new guesses. The networks of the user have a budget of their own, so that others cannot keep the user out; one for
//! all of them, as whoever has stolen a session makes any network one of the user's.

use uuid::Uuid;

use super::too_many;
use crate::attempt::Counted;
use crate::caller::Ctx;
use crate::connection::Connection;
use crate::error::Error;
use crate::store;
use crate::store::limits::{FACTORS, account_key};
use crate::store::refresh_tokens::Owner;

/// A guess at a code of an account, counted as a failure until it succeeds.
pub(crate) struct FactorGuess {
    bucket: &'static str,
    key: String,
}

impl FactorGuess {
    /// Counts a guess, or refuses it because it came too early after others that failed.
    pub(crate) async fn begin(ctx: &Ctx<'_>, account: Uuid) -> Result<Self, Error> {
        let owner = Owner::User(account);
        let known = ctx.auth.is_known_network(owner, ctx.caller, ctx.now()).await?;
        Self::count(ctx, &ctx.auth.database.alone(), account, known).await
    }

    /// The same, where it is known whether the caller's network is one of the user's. Within a transaction it comes
    /// after the user was locked, and counts once that is committed.
    pub(crate) async fn count<C: Connection>(
        ctx: &Ctx<'_>,
        connection: &C,
        account: Uuid,
        network_is_known: bool,
    ) -> Result<Self, Error> {
        let (now, key) = (ctx.now(), account_key(account));
        let bucket = match network_is_known {
            true => FACTORS.network,
            false => FACTORS.account,
        };
        match ctx.auth.count_attempt(connection, bucket, &key, now).await? {
            Counted::TooEarly(until) => Err(too_many(until, now).into()),
            Counted::As(_) => Ok(Self { bucket, key }),
        }
    }

    /// The code was right: earlier failures are forgotten, from wherever this one came.
    pub(crate) async fn succeeded<C: Connection>(self, connection: &C) -> Result<(), Error> {
        Ok(store::limits::forget(connection, self.bucket, &self.key).await?)
    }
}
