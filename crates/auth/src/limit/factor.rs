//! One budget for guessing the codes of an account, wherever they are asked for. A new sign-in does not come with
//! new guesses. The networks of the user have budgets of their own, so that others cannot keep the user out.

use uuid::Uuid;

use super::too_many;
use crate::attempt::Counted;
use crate::caller::Ctx;
use crate::connection::Connection;
use crate::error::Error;
use crate::store;
use crate::store::limits::FACTORS;

/// A guess at a code of an account, counted as a failure until it succeeds.
pub(crate) struct FactorGuess {
    bucket: &'static str,
    key: String,
}

impl FactorGuess {
    /// Counts a guess, or refuses it because it came too early after others that failed.
    pub(crate) async fn begin(ctx: &Ctx<'_>, account: Uuid) -> Result<Self, Error> {
        let (auth, now) = (ctx.auth, ctx.now());
        let known = auth.is_known_network(account, ctx.caller, now).await?;
        let (bucket, key) = auth.counter(FACTORS, account, ctx.caller, known);
        match auth.count_attempt(bucket, &key, now).await? {
            Counted::TooEarly(until) => Err(too_many(until, now).into()),
            Counted::As(_) => Ok(Self { bucket, key }),
        }
    }

    /// The code was right: earlier failures are forgotten, from wherever this one came.
    pub(crate) async fn succeeded<C: Connection>(self, connection: &C) -> Result<(), Error> {
        Ok(store::limits::forget(connection, self.bucket, &self.key).await?)
    }
}
