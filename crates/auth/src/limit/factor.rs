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
        let (bucket, key) = match known {
            true => (FACTORS.network, account_key(account)),
            false => (FACTORS.account, account_key(account)),
        };
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
