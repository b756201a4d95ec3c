//! The outside world behind the traits of the other crates.

mod breached_passwords;
mod origin;
mod outgoing;
mod single_writes;
mod smtp;
mod system;

pub(crate) use breached_passwords::RangeService;
pub(crate) use origin::Origin;
pub(crate) use single_writes::ByExecutor;
pub use smtp::MailSetupError;
pub(crate) use smtp::Smtp;
pub use system::{SystemClock, SystemEntropy};
