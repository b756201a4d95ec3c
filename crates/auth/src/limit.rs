//! Limits that guard secrets: counted in the database before the work, so that every node agrees.

mod factor;
mod mail;

pub(crate) use factor::{FactorGuess, FactorGuesses};
pub(crate) use mail::Guess;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::hmac;
use chrono::{DateTime, TimeDelta, Utc};

use crate::auth::Auth;
use crate::caller::Caller;
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

    async fn limit_caller(&self, bucket: &'static str, caller: &Caller, maximum: u32) -> Result<(), Error> {
        let now = now(self.clock.as_ref());
        let network = caller.network();
        if let Some(until) = self.blocked.find(bucket, network, now) {
            return Err(too_many(until, now).into());
        }
        if let Some(until) = self.count_caller(bucket, caller, maximum, now).await? {
            self.blocked.insert(bucket, network, until);
            return Err(too_many(until, now).into());
        }
        Ok(())
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
        let key = self.limit_key(&caller.network().to_string());
        let (count, end) =
            store::limits::count(&self.database.alone(), bucket, &key, now, now + MINUTE).await?;
        Ok((count > i64::from(maximum)).then_some(end))
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
