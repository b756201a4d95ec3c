//! The only place that reads the machine's clock and its generator of randomness.

use chrono::{DateTime, Utc};
use portico_auth::{Clock, Entropy, EntropyError};

/// The clock of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where the injected clock comes from"
    )]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// The generator of the cryptographic library, seeded by the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        aws_lc_rs::rand::fill(bytes).map_err(|_| EntropyError)
    }
}
