//! The outside world behind the traits of the other crates.

mod origin;
mod smtp;
mod system;

pub(crate) use origin::Origin;
pub use smtp::MailSetupError;
pub(crate) use smtp::Smtp;
pub use system::{SystemClock, SystemEntropy};
