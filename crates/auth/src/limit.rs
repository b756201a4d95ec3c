//! Limits that guard secrets: counted in the database before the work, so that every node agrees.

mod factor;
mod mail;

pub(crate) use factor::{FactorGuess, FactorGuesses};
pub(crate) use mail::Guess;

use std::collections::HashMap;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::hmac;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::try_join;

use crate::auth::Auth;
use crate::caller::Caller;
use crate::connection::Transaction;
use crate::error::Error;
use crate::port::now;
use crate::refusal::Refusal;
use crate::store;

pub(crate) const MINUTE: TimeDelta = TimeDelta::minutes(1);
const SIGN_IN: &str = "sign-in-ip";
const SIGN_UP: &str = "sign-up-ip";
const ADMIN_SECRET: &str = "admin-secret-ip";

/// Callers over a limit, so that a flood of theirs is refused without asking the database.
#[derive(Default)]
pub(crate) struct Blocked {
    until: Mutex<HashMap<(&'static str, IpAddr), DateTime<Utc>>>,
}

impl Blocked {
    fn find(&self, bucket: &'static str, network: IpAddr, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.lock()
            .get(&(bucket, network))
            .copied()
            // One that ends later than any is from before the clock was set back.
            .filter(|until| *until > now && *until <= now + MINUTE)
    }

    fn insert(&self, bucket: &'static str, network: IpAddr, until: DateTime<Utc>) {
        self.lock().insert((bucket, network), until);
    }

    fn shrink(&self, now: DateTime<Utc>) {
        self.lock().retain(|_, until| *until > now);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(&'static str, IpAddr), DateTime<Utc>>> {
        self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Auth {
    /// Counts a sign-in of this caller.
    pub(crate) async fn limit_sign_in(&self, caller: &Caller) -> Result<(), Error> {
        self.limit_caller(SIGN_IN, caller, self.policy.limits.sign_ins)
            .await
    }

    /// Counts a sign-up of this caller.
    pub(crate) async fn limit_sign_up(&self, caller: &Caller) -> Result<(), Error> {
        self.limit_caller(SIGN_UP, caller, self.policy.limits.sign_ups)
            .await
    }

    /// Counts a sign-in of this caller, and begins a transaction behind that. What is read in it may be asked for at
    /// once, by [`Counting::then`].
    pub(crate) async fn limit_sign_in_and_begin<'c>(
        &'c self,
        caller: &'c Caller,
    ) -> Result<(Counting<'c>, Transaction), Error> {
        let (now, key) = (now(self.clock.as_ref()), self.caller_key(caller));
        self.refuse_blocked(SIGN_IN, caller, now)?;
        let begun = store::limits::count_and_begin(&self.database, SIGN_IN, &key, now, now + MINUTE).await?;
        let (counted, transaction) = begun;
        let count = async move {
            let until = exceeded(counted.await?, self.policy.limits.sign_ins);
            Ok(self.refuse_until(SIGN_IN, caller, until, now)?)
        };
        Ok((Counting(Box::pin(count)), transaction))
    }

    async fn limit_caller(&self, bucket: &'static str, caller: &Caller, maximum: u32) -> Result<(), Error> {
        let now = now(self.clock.as_ref());
        self.refuse_blocked(bucket, caller, now)?;
        let until = self.count_caller(bucket, caller, maximum, now).await?;
        Ok(self.refuse_until(bucket, caller, until, now)?)
    }

    /// Refuses a caller who is known to be over the limit.
    fn refuse_blocked(
        &self,
        bucket: &'static str,
        caller: &Caller,
        now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        match self.blocked.find(bucket, caller.network(), now) {
            Some(until) => Err(too_many(until, now)),
            None => Ok(()),
        }
    }

    /// Refuses a caller who was found to be over the limit until then, and remembers it.
    fn refuse_until(
        &self,
        bucket: &'static str,
        caller: &Caller,
        until: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        let Some(until) = until else {
            return Ok(());
        };
        self.blocked.insert(bucket, caller.network(), until);
        Err(too_many(until, now))
    }

    /// Counts a wrong admin secret of this caller; returns until when the caller is blocked, if it
    /// was one too many.
    pub(crate) async fn count_admin_secret(&self, caller: &Caller) -> Result<Option<DateTime<Utc>>, Error> {
        let maximum = self.policy.limits.admin_secrets;
        self.count_caller(ADMIN_SECRET, caller, maximum, now(self.clock.as_ref()))
            .await
    }

    /// How long one wrong admin secret after the other, evenly spread, would have to wait within the limit.
    pub(crate) fn admin_secret_pause(&self) -> TimeDelta {
        let maximum = self.policy.limits.admin_secrets.max(1);
        MINUTE
            .checked_div(i32::try_from(maximum).unwrap_or(i32::MAX))
            .unwrap_or(MINUTE)
    }

    /// Counts one within the minute; returns the end of that minute where it was one too many.
    async fn count_caller(
        &self,
        bucket: &str,
        caller: &Caller,
        maximum: u32,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, Error> {
        let key = self.caller_key(caller);
        let counted = store::limits::count(&self.database.alone(), bucket, &key, now, now + MINUTE).await?;
        Ok(exceeded(counted, maximum))
    }

    fn caller_key(&self, caller: &Caller) -> String {
        self.limit_key(&caller.network().to_string())
    }

    /// Keys are hashed: the table tells neither addresses nor names.
    pub(crate) fn limit_key(&self, text: &str) -> String {
        let hash = hmac::sign(&self.keys.limit_hash, text.as_bytes());
        hex::encode(hash.as_ref().get(..16).unwrap_or_default())
    }

    /// Forgets counters in memory that tell nothing any more.
    pub(crate) fn shrink_limits(&self) {
        self.refreshes.shrink();
        self.refusals.shrink();
        self.blocked.shrink(now(self.clock.as_ref()));
    }
}

/// A count that is under way, with a transaction behind it.
pub(crate) struct Counting<'c>(Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'c>>);

impl Counting<'_> {
    /// What is read in the transaction, on its way together with the count. Whoever is over the limit is told nothing of
    /// it.
    pub(crate) async fn then<T>(self, read: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let ((), read) = try_join!(biased; self.0, async { Ok(read.await) })?;
        read
    }
}

/// The end of the minute in which so many were counted, where it was one too many.
fn exceeded((count, end): (i64, DateTime<Utc>), maximum: u32) -> Option<DateTime<Utc>> {
    (count > i64::from(maximum)).then_some(end)
}

/// Refuses until then.
pub(crate) fn too_many(until: DateTime<Utc>, now: DateTime<Utc>) -> Refusal {
    // Whole seconds, rounded up: coming back exactly then succeeds.
    let seconds = (until - now)
        .num_milliseconds()
        .max(0)
        .unsigned_abs()
        .div_ceil(1000);
    Refusal::TooManyRequests {
        retry_after: Duration::from_secs(seconds.max(1)),
    }
}
