//! Ids and times of rows that data mutations write: from the same clock and generator as everything else.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound, Utc};
use portico_auth::{Clock, Entropy, new_id};
use portico_query::Failure;
use uuid::Uuid;

use crate::Settings;

/// The clock and the generator of the service, and what its operator wants.
pub(crate) struct Origin {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    factor_change_ends_sessions: bool,
}

impl Origin {
    /// Takes ids from these.
    pub(crate) fn new(settings: &Settings, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            clock,
            entropy,
            factor_change_ends_sessions: settings.factor_change_ends_sessions,
        }
    }
}

impl portico_query::execute::Origin for Origin {
    fn new_id(&self) -> Result<Uuid, Failure> {
        new_id(self.clock.as_ref(), self.entropy.as_ref()).map_err(|error| Failure::unexpected(&error))
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock.now().trunc_subsecs(6)
    }

    fn factor_change_ends_sessions(&self) -> bool {
        self.factor_change_ends_sessions
    }
}
