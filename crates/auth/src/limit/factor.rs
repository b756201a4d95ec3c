//! One budget for guessing the codes of an account, wherever they are asked for. A new sign-in does not come with
//! new guesses.

use uuid::Uuid;

use super::too_many;
use crate::attempt::Counted;
use crate::auth::Auth;
use crate::connection::Connection;
use crate::error::Error;
use crate::port::now;
use crate::store;
use crate::store::limits::account_key;

const GUESSES: &str = "second-factor";

/// A guess at a code of an account, counted as a failure until it succeeds.
pub(crate) struct FactorGuess {
    key: String,
}

impl Auth {
    /// Counts a guess, or refuses it because it came too early after others that failed.
    pub(crate) async fn guess_factor(&self, account: Uuid) -> Result<FactorGuess, Error> {
        let (key, now) = (account_key(account), now(self.clock.as_ref()));
        match self.count_attempt(GUESSES, &key, now).await? {
            Counted::TooEarly(until) => Err(too_many(until, now).into()),
            Counted::As(_) => Ok(FactorGuess { key }),
        }
    }
}

impl FactorGuess {
    /// The code was right: earlier failures are forgotten.
    pub(crate) async fn succeeded<C: Connection>(self, connection: &C) -> Result<(), Error> {
        Ok(store::limits::forget(connection, GUESSES, &self.key).await?)
    }
}

/// An administrator lifts the delays of an account.
pub(crate) async fn forget_guesses<C: Connection>(connection: &C, account: Uuid) -> Result<(), Error> {
    Ok(store::limits::forget(connection, GUESSES, &account_key(account)).await?)
}
