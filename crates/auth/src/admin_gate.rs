//! Admin secrets, judged one after another for each caller: guesses sent at once count like guesses
//! sent in turn. The right one passes without the database, so that an administrator is served while
//! it is busy; wrong ones are counted there.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use crate::audit::recorded;
use crate::auth::Auth;
use crate::caller::{Caller, Ctx};
use crate::error::Error;
use crate::limit::{MINUTE, too_many};
use crate::port::now;
use crate::refusal::Refusal;

/// Where the guesses of a caller are judged; holds until when none of them passes.
type Place = Arc<tokio::sync::Mutex<DateTime<Utc>>>;

/// The callers who sent a wrong admin secret to this node lately.
#[derive(Default)]
pub(crate) struct AdminGate {
    callers: Mutex<HashMap<IpAddr, Place>>,
}

impl AdminGate {
    fn known(&self, network: IpAddr) -> Option<Place> {
        self.lock().get(&network).cloned()
    }

    fn place(&self, network: IpAddr) -> Place {
        Arc::clone(self.lock().entry(network).or_default())
    }

    /// Forgets callers who may guess again.
    pub(crate) fn shrink(&self, now: DateTime<Utc>) {
        // Whoever waits in a place or is judged there holds it too, or has it locked.
        self.lock().retain(|_, place| {
            Arc::strong_count(place) > 1 || place.try_lock().is_ok_and(|blocked| waits(*blocked, now))
        });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Place>> {
        self.callers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the next guess has to wait. Until later than any has to: since before the clock was set back.
fn waits(blocked: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    blocked > now && blocked <= now + MINUTE
}

impl Auth {
    /// Whether this is the admin secret. Wrong ones are counted per caller by all nodes together; beyond the
    /// limit a node that noticed refuses the right one too, else guessing could go on.
    pub async fn check_admin_secret(&self, caller: &Caller, secret: &str) -> Result<(), Error> {
        let is_right = self
            .admin_secret
            .as_ref()
            .is_some_and(|expected| expected.matches(secret));
        let gate = &self.admin_gate;
        let place = match is_right {
            true => gate.known(caller.network()),
            false => Some(gate.place(caller.network())),
        };
        let Some(place) = place else { return Ok(()) };
        let mut blocked = place.lock().await;
        let now = now(self.clock.as_ref());
        if waits(*blocked, now) {
            return Err(too_many(*blocked, now).into());
        }
        if is_right {
            return Ok(());
        }
        // Whether this guess can be counted or is given up meanwhile: the next one has to wait its share of the
        // minute, unless the database says otherwise.
        *blocked = now + self.admin_secret_pause();
        let until = self.count_admin_secret(caller).await?;
        *blocked = until.unwrap_or(now);
        match until {
            Some(until) => Err(too_many(until, now).into()),
            // Those that count are few; beyond them nothing is written.
            None => {
                let ctx = Ctx {
                    auth: self,
                    caller,
                    session: None,
                    wish: None,
                };
                recorded(&ctx, "adminSecret", None, Err(Refusal::WrongAdminSecret.into())).await
            }
        }
    }
}
