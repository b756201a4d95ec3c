//! One budget for guessing the codes of an account, wherever they are asked for. A new sign-in does not come with
//! new guesses. Each network that the user signs in from has a budget of its own, as for passwords, so that others
//! cannot keep the user out.

use uuid::Uuid;

use super::too_many;
use crate::attempt::{Counted, counter};
use crate::caller::Ctx;
use crate::connection::Connection;
use crate::error::Error;
use crate::store;
use crate::store::limits::FACTORS;
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
        let now = ctx.now();
        let (bucket, key) = counter(ctx, FACTORS, account, network_is_known);
        match ctx.auth.count_attempt(connection, bucket, &key, now).await? {
            Counted::TooEarly(until) => Err(too_many(until, now).into()),
            Counted::As(_) => Ok(Self { bucket, key }),
        }
    }

    /// The code was right: earlier failures from where this one came are forgotten.
    pub(crate) async fn succeeded<C: Connection>(self, connection: &C) -> Result<(), Error> {
        Ok(store::limits::forget(connection, self.bucket, &self.key).await?)
    }
}
