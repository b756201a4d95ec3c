//! Attempts to prove a password: counted for the account before the work, delayed after too many failures. A
//! delay ends by itself, and leaves out the networks that the user signs in from.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::audit::Event;
use crate::auth::Auth;
use crate::caller::Ctx;
use crate::connection::Connection;
use crate::devices::Devices;
use crate::error::Error;
use crate::limit::too_many;
use crate::password::Matched;
use crate::refusal::Identifier;
use crate::store;
use crate::store::limits::{Buckets, PASSWORDS, UNKNOWN, account_key, network_key};
use crate::store::users::{Credentials, Lock};
use crate::value::Password;

/// Failures of an account are forgotten this long after the last one.
const FAILURES_LAST: TimeDelta = TimeDelta::hours(24);
/// How long the next attempt has to wait once the free ones are used up; the last one repeats.
const DELAYS: [TimeDelta; 7] = [
    TimeDelta::seconds(5),
    TimeDelta::seconds(15),
    TimeDelta::seconds(30),
    TimeDelta::minutes(1),
    TimeDelta::minutes(2),
    TimeDelta::minutes(5),
    LONGEST,
];
const LONGEST: TimeDelta = TimeDelta::minutes(15);
/// How many accounts are brought up to date in one transaction.
const SHOWN_AT_ONCE: usize = 500;

/// An attempt to prove a secret, counted as a failure until it succeeds.
pub(crate) struct Attempt {
    bucket: &'static str,
    key: String,
    account: Option<Uuid>,
    /// Whether the account shows failures that a success takes away.
    shown: bool,
    /// How long the next one has to wait if this one fails.
    delay: Option<TimeDelta>,
}

/// What came of counting an attempt.
pub(crate) enum Counted {
    /// It is the one of this number since the last success.
    As(i64),
    /// It came too early, and has to wait until then.
    TooEarly(DateTime<Utc>),
}

/// Whom an attempt is on.
#[derive(Clone, Copy)]
pub(crate) enum Target<'a> {
    /// An account, by whatever name it was found.
    Account(&'a Credentials),
    /// A name that nobody has; counted alike, so that nobody can tell.
    Nobody(Identifier, &'a str),
}

/// Accounts whose rows do not show yet what is counted: with the time of the last failure, if one is new.
#[derive(Default)]
pub(crate) struct Failed(Mutex<HashMap<Uuid, Option<DateTime<Utc>>>>);

impl Failed {
    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, Option<DateTime<Utc>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> Target<'a> {
    /// Whoever was found by this name, or nobody.
    pub(crate) fn of(found: Option<&'a Credentials>, identifier: Identifier, name: &'a str) -> Self {
        match found {
            Some(credentials) => Self::Account(credentials),
            None => Self::Nobody(identifier, name),
        }
    }

    fn account(self) -> Option<&'a Credentials> {
        match self {
            Self::Account(credentials) => Some(credentials),
            Self::Nobody(..) => None,
        }
    }
}

impl Attempt {
    /// Counts an attempt, or refuses it because it came too early after others that failed. Attempts from a
    /// network of the user are counted by themselves, so that others cannot lock the user out.
    pub(crate) async fn begin(ctx: &Ctx<'_>, target: Target<'_>) -> Result<Self, Error> {
        let (auth, now) = (ctx.auth, ctx.now());
        let credentials = target.account();
        let account = credentials.map(|found| found.account.id);
        // Asked for nobody too: it takes as long.
        let devices = Devices::of(ctx, &auth.database.reads(), account.unwrap_or_default()).await?;
        let known = devices.know_network_of(ctx.caller);
        let (bucket, key) = match target {
            Target::Nobody(identifier, name) => (UNKNOWN, auth.limit_key(&format!("{identifier:?}:{name}"))),
            Target::Account(found) => counter(ctx, PASSWORDS, found.account.id, known),
        };
        let locked = credentials.and_then(|found| found.locked_until(now, LONGEST));
        let counted = match locked.filter(|_| !known) {
            Some(until) => Counted::TooEarly(until),
            None => {
                auth.count_attempt(&auth.database.alone(), bucket, &key, now)
                    .await?
            }
        };
        match counted {
            Counted::TooEarly(until) => Err(too_many(until, now).into()),
            Counted::As(number) => Ok(Self {
                bucket,
                key,
                account,
                shown: credentials.is_some_and(Credentials::shows_failures),
                delay: delay_after(number, auth.policy.limits.failures),
            }),
        }
    }

    /// Compares a password. An attempt that does not get its turn among those that wait was none.
    pub(crate) async fn compare(
        &self,
        ctx: &Ctx<'_>,
        stored: Option<&str>,
        password: &Arc<Password>,
    ) -> Result<Option<Matched>, Error> {
        let compared = ctx.auth.hashing.verify(stored, password).await;
        if let Err(Error::Refused(_)) = &compared {
            let connection = ctx.auth.database.alone();
            store::limits::take_back(&connection, self.bucket, &self.key, ctx.now()).await?;
        }
        compared
    }

    /// The secret was proved: earlier failures are forgotten. Those from elsewhere stay where the user comes
    /// from a network of theirs: else each sign-in of the user gave whoever attacks more guesses.
    pub(crate) async fn succeeded<C: Connection>(&self, ctx: &Ctx<'_>, connection: &C) -> Result<(), Error> {
        store::limits::forget(connection, self.bucket, &self.key).await?;
        match self.account.filter(|_| self.shown) {
            Some(account) if self.bucket == PASSWORDS.account => {
                store::users::forget_failures(connection, account).await?;
            }
            Some(account) => {
                ctx.auth.failed.lock().entry(account).or_default();
            }
            None => {}
        }
        Ok(())
    }

    /// The secret was right, whatever else came of it: whoever knows it is not guessing.
    pub(crate) async fn proved<T>(&self, ctx: &Ctx<'_>, result: Result<T, Error>) -> Result<T, Error> {
        if let Err(Error::Refused(_)) = &result {
            self.succeeded(ctx, &ctx.auth.database.alone()).await?;
        }
        result
    }

    /// How the account has to be kept until [`Self::succeeded`].
    pub(crate) fn lock(&self) -> Lock {
        match self.shown && self.bucket == PASSWORDS.account {
            true => Lock::Write,
            false => Lock::Read,
        }
    }

    /// The secret was not proved. The row of the account tells so in a while: to write it now would take longer
    /// than for a name that nobody has. That a delay begins is written down, of such a name too.
    pub(crate) async fn failed(&self, ctx: &Ctx<'_>, action: &'static str) -> Result<(), Error> {
        if let Some(account) = self.account {
            ctx.auth.failed.lock().insert(account, Some(ctx.now()));
        }
        let Some(delay) = self.delay else { return Ok(()) };
        let refusal = too_many(ctx.now() + delay, ctx.now());
        Event::refused(action, self.account, refusal)
            .append_alone(ctx)
            .await
    }
}

impl Auth {
    /// Counts one, unless it came too early.
    pub(crate) async fn count_attempt<C: Connection>(
        &self,
        connection: &C,
        bucket: &str,
        key: &str,
        now: DateTime<Utc>,
    ) -> Result<Counted, Error> {
        let next = DELAYS.map(|delay| now + delay);
        let steps = (self.policy.limits.failures.max(1), next.as_slice());
        let counted =
            store::limits::attempt(connection, bucket, key, now, now + FAILURES_LAST, steps).await?;
        if let Some(number) = counted {
            return Ok(Counted::As(number));
        }
        let next = store::limits::next(&self.database.reads(), bucket, key).await?;
        Ok(Counted::TooEarly(next.unwrap_or(now)))
    }

    /// Writes to the rows of accounts how many attempts failed and until when they are locked, as the counters
    /// have it. To be called every few seconds and at shutdown.
    pub async fn show_failures(&self) -> Result<(), Error> {
        let failed: Vec<(Uuid, Option<DateTime<Utc>>)> = self.failed.lock().drain().collect();
        for (number, chunk) in failed.chunks(SHOWN_AT_ONCE).enumerate() {
            if let Err(error) = self.show(chunk).await {
                let left = failed.get(number * SHOWN_AT_ONCE..).unwrap_or_default();
                let mut waiting = self.failed.lock();
                for (account, at) in left {
                    waiting.entry(*account).or_insert(*at);
                }
                return Err(error);
            }
        }
        Ok(())
    }

    async fn show(&self, failed: &[(Uuid, Option<DateTime<Utc>>)]) -> Result<(), Error> {
        let now = crate::port::now(self.clock.as_ref());
        let transaction = self.database.begin().await?;
        // In one order on every node: two that write the same rows must not wait for each other.
        let mut failed = failed.to_vec();
        failed.sort_unstable();
        for (account, at) in failed {
            store::users::show_failures(&*transaction, account, at, now).await?;
        }
        Ok(transaction.commit().await?)
    }
}

/// Until when an attempt that is made now comes too early, where the counter says from when the next is accepted. None has
/// to wait for longer than anybody: that counter is from before the clock was set back.
pub(crate) fn too_early(next: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    Some(next).filter(|next| *next > now && *next <= now + LONGEST)
}

/// Where an attempt on an account is counted: the networks of its user each have a counter, so that others cannot keep
/// the user out.
pub(crate) fn counter(
    ctx: &Ctx<'_>,
    buckets: Buckets,
    account: Uuid,
    network_is_known: bool,
) -> (&'static str, String) {
    match network_is_known {
        true => {
            let network = ctx.auth.limit_key(&prefix(ctx.caller.address));
            (buckets.network, network_key(account, &network))
        }
        false => (buckets.account, account_key(account)),
    }
}

/// How long whoever failed so many times has to wait, the first `free` of them not counted. The first of all is
/// followed by the next one at once.
fn delay_after(number: i64, free: u32) -> Option<TimeDelta> {
    let step = usize::try_from(number - i64::from(free.max(1))).ok()?;
    DELAYS.get(step).or(DELAYS.last()).copied().filter(|_| number > 1)
}

/// The network of an address: what a provider gives to one customer, or to few.
pub(crate) fn prefix(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}")
        }
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_what_one_customer_may_move_within() {
        let of = |address: &str| prefix(address.parse().unwrap());
        assert_eq!(of("192.0.2.7"), of("::ffff:192.0.2.99"));
        assert_ne!(of("192.0.2.7"), of("192.0.3.7"));
        assert_eq!(of("2001:db8:1:2:3::4"), of("2001:db8:1:2::"));
        assert_ne!(of("2001:db8:1:2::"), of("2001:db8:1:3::"));
    }
}
