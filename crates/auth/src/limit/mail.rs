//! Budgets for asking for mails and for guessing their codes. A new code does not come with new guesses.

use chrono::TimeDelta;
use uuid::Uuid;

use super::too_many;
use crate::attempt::Counted;
use crate::auth::Auth;
use crate::caller::Caller;
use crate::connection::Connection;
use crate::error::Error;
use crate::mail::Template;
use crate::port::now;
use crate::store;
use crate::value::Email;

const REQUESTS: &str = "mail-ip";
const ADDRESS: &str = "mail-address";
const NOTICES: &str = "notice-address";
const GUESSES: &str = "mail-code";
const HOUR: TimeDelta = TimeDelta::hours(1);

/// A guess at a code that was mailed to an address, counted as a failure until it succeeds.
pub(crate) struct Guess {
    keys: Vec<String>,
}

impl Auth {
    /// Counts a mail that this caller asks for, and that this address is to get: also where nobody has it.
    pub(crate) async fn limit_mail(&self, caller: &Caller, email: &Email) -> Result<(), Error> {
        self.limit_caller(REQUESTS, caller, self.policy.limits.mail_requests)
            .await?;
        self.limit_mail_to(email).await
    }

    /// Counts a mail that this address is to get, where what causes it is counted for the caller already.
    pub(crate) async fn limit_mail_to(&self, email: &Email) -> Result<(), Error> {
        self.limit_hourly(email.as_str()).await
    }

    /// Counts a mail that this user asks for, whatever address it goes to.
    pub(crate) async fn limit_mail_of(&self, user: Uuid) -> Result<(), Error> {
        self.limit_hourly(&user.to_string()).await
    }

    async fn limit_hourly(&self, name: &str) -> Result<(), Error> {
        let (key, now) = (self.limit_key(name), now(self.clock.as_ref()));
        let (count, end) =
            store::limits::count(&self.database.alone(), ADDRESS, &key, now, now + HOUR).await?;
        match count > i64::from(self.policy.limits.mails) {
            true => Err(too_many(end, now).into()),
            false => Ok(()),
        }
    }

    /// Counts a notice that this address is to get; tells whether it is within the budget of its kind. That is apart
    /// from the mails which anybody can ask for: nobody uses up what the owner of an account is told by.
    pub(crate) async fn may_tell<C: Connection>(
        &self,
        connection: &C,
        email: &Email,
        template: Template,
    ) -> Result<bool, Error> {
        let key = self.limit_key(&format!("{}:{}", template.name(), email.as_str()));
        let now = now(self.clock.as_ref());
        let (count, _) = store::limits::count(connection, NOTICES, &key, now, now + HOUR).await?;
        Ok(count <= i64::from(self.policy.limits.mails))
    }

    /// Counts a guess, or refuses it because it came too early after others that failed: for the address, and for
    /// the user who asked for the code where it was mailed to an address of their choice.
    pub(crate) async fn guess(&self, email: &Email, asker: Option<Uuid>) -> Result<Guess, Error> {
        let now = now(self.clock.as_ref());
        let asker = asker.map(|user| self.limit_key(&user.to_string()));
        // The user first: who is refused must not use up the guesses of an address.
        let keys: Vec<_> = asker
            .into_iter()
            .chain([self.limit_key(email.as_str())])
            .collect();
        for key in &keys {
            if let Counted::TooEarly(until) = self
                .count_attempt(&self.database.alone(), GUESSES, key, now)
                .await?
            {
                return Err(too_many(until, now).into());
            }
        }
        Ok(Guess { keys })
    }
}

impl Guess {
    /// The code was right: earlier failures are forgotten.
    pub(crate) async fn succeeded<C: Connection>(self, connection: &C) -> Result<(), Error> {
        for key in &self.keys {
            store::limits::forget(connection, GUESSES, key).await?;
        }
        Ok(())
    }
}
