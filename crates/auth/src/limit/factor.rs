//! One budget for guessing the codes of an account, wherever they are asked for. A new sign-in does not come with
//! new guesses. Each network that the user signs in from has a budget of its own, as for passwords, so that others
//! cannot keep the user out.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::too_many;
use crate::attempt::{Counted, counter, too_early};
use crate::caller::Ctx;
use crate::connection::Connection;
use crate::devices::Devices;
use crate::error::Error;
use crate::store;
use crate::store::limits::FACTORS;

/// Where guesses are counted, and from when the next is accepted if any was.
struct Counter {
    bucket: &'static str,
    key: String,
    next: Option<DateTime<Utc>>,
}

/// How many guesses at the codes of an account there were, from the caller's network and from elsewhere.
pub(crate) struct FactorGuesses {
    at_home: Counter,
    elsewhere: Counter,
}

/// A guess at a code of an account.
pub(crate) struct FactorGuess(Counter);

impl FactorGuesses {
    /// Reads them in a transaction that holds the user: others who guess within one wait for it.
    pub(crate) async fn of<C: Connection>(
        ctx: &Ctx<'_>,
        connection: &C,
        account: Uuid,
    ) -> Result<Self, Error> {
        let [home, elsewhere] = [true, false].map(|known| counter(ctx, FACTORS, account, known));
        let counters = [(home.0, home.1.as_str()), (elsewhere.0, elsewhere.1.as_str())];
        let next = store::limits::next_of_both(connection, counters).await?;
        let [at_home, elsewhere] = [(home, next[0]), (elsewhere, next[1])]
            .map(|((bucket, key), next)| Counter { bucket, key, next });
        Ok(Self { at_home, elsewhere })
    }

    /// One more, or a refusal because it came too early after others that failed. It has to be counted if it fails.
    pub(crate) fn begin(self, ctx: &Ctx<'_>, devices: &Devices) -> Result<FactorGuess, Error> {
        let counter = match devices.know_network_of(ctx.caller) {
            true => self.at_home,
            false => self.elsewhere,
        };
        let now = ctx.now();
        match counter.next.and_then(|next| too_early(next, now)) {
            Some(until) => Err(too_many(until, now).into()),
            None => Ok(FactorGuess(counter)),
        }
    }
}

impl FactorGuess {
    /// Counts a guess as a failure until it succeeds, or refuses it because it came too early after others that failed.
    pub(crate) async fn begin(ctx: &Ctx<'_>, account: Uuid) -> Result<Self, Error> {
        let devices = Devices::of(ctx, &ctx.auth.database.reads(), account).await?;
        let (bucket, key) = counter(ctx, FACTORS, account, devices.know_network_of(ctx.caller));
        let guess = Self(Counter {
            bucket,
            key,
            next: Some(ctx.now()),
        });
        guess.failed(ctx, &ctx.auth.database.alone()).await?;
        Ok(guess)
    }

    /// Counts it as a failure; refuses it where others, who count outside of the transaction, have come before.
    pub(crate) async fn failed<C: Connection>(&self, ctx: &Ctx<'_>, connection: &C) -> Result<(), Error> {
        let Self(counter) = self;
        let now = ctx.now();
        let counted = ctx
            .auth
            .count_attempt(connection, counter.bucket, &counter.key, now);
        match counted.await? {
            Counted::TooEarly(until) => Err(too_many(until, now).into()),
            Counted::As(_) => Ok(()),
        }
    }

    /// The code was right: earlier failures from where this one came are forgotten.
    pub(crate) async fn succeeded<C: Connection>(&self, connection: &C) -> Result<(), Error> {
        let Self(counter) = self;
        if counter.next.is_some() {
            store::limits::forget(connection, counter.bucket, &counter.key).await?;
        }
        Ok(())
    }
}
