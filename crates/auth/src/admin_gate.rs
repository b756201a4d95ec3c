//! Admin secrets, judged one after another for each caller: guesses sent at once count like guesses
//! sent in turn.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::auth::Auth;
use crate::caller::Caller;
use crate::error::Error;
use crate::limit::too_many;
use crate::port::now;
use crate::refusal::Refusal;

/// That a caller is not blocked is believed this long, so that an administrator's requests do not
/// each ask the database.
const OPEN: TimeDelta = TimeDelta::seconds(1);

/// What this node believes of each caller who sent an admin secret lately.
#[derive(Default)]
pub(crate) struct AdminGate {
    callers: Mutex<HashMap<IpAddr, Arc<tokio::sync::Mutex<Belief>>>>,
}

/// What is believed of one caller.
#[derive(Clone, Copy, Default)]
enum Belief {
    /// Nothing: the database is asked.
    #[default]
    None,
    /// The right secret passes until then.
    Open(DateTime<Utc>),
    /// No secret passes until then.
    Blocked(DateTime<Utc>),
}

impl Belief {
    fn holds(self, now: DateTime<Utc>) -> bool {
        match self {
            Self::None => false,
            Self::Open(until) | Self::Blocked(until) => until > now,
        }
    }
}

impl AdminGate {
    fn caller(&self, network: IpAddr) -> Arc<tokio::sync::Mutex<Belief>> {
        Arc::clone(self.lock().entry(network).or_default())
    }

    /// Forgets callers of whom nothing is believed any more.
    pub(crate) fn shrink(&self, now: DateTime<Utc>) {
        // Whoever waits in a place or is judged there holds it too, or has it locked.
        self.lock().retain(|_, place| {
            Arc::strong_count(place) > 1 || place.try_lock().is_ok_and(|belief| belief.holds(now))
        });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Arc<tokio::sync::Mutex<Belief>>>> {
        self.callers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Auth {
    /// Whether this is the admin secret. Wrong ones are counted per caller; beyond the limit the right
    /// one is refused too, else guessing could go on.
    pub async fn check_admin_secret(&self, caller: &Caller, secret: &str) -> Result<(), Error> {
        let place = self.admin_gate.caller(caller.network());
        let mut belief = place.lock().await;
        let now = now(self.clock.as_ref());
        let is_right = self
            .admin_secret
            .as_ref()
            .is_some_and(|expected| expected.matches(secret));
        match *belief {
            Belief::Blocked(until) if until > now => return Err(too_many(until, now).into()),
            Belief::Open(until) if until > now && is_right => return Ok(()),
            // Should the database fail below, nothing is believed.
            _ => *belief = Belief::None,
        }
        let blocked = match is_right {
            true => self.admin_secret_block(caller).await?,
            false => self.count_admin_secret(caller).await?,
        };
        if let Some(until) = blocked {
            *belief = Belief::Blocked(until);
            return Err(too_many(until, now).into());
        }
        if !is_right {
            return Err(Refusal::WrongAdminSecret.into());
        }
        *belief = Belief::Open(now + OPEN);
        Ok(())
    }
}
