//! The outside world behind the traits of the other crates.

mod breached_passwords;
mod data_path;
mod origin;
mod outgoing;
mod smtp;
mod system;

pub(crate) use breached_passwords::RangeService;
pub(crate) use data_path::ByExecutor;
pub(crate) use origin::Origin;
pub use smtp::MailSetupError;
pub(crate) use smtp::Smtp;
pub use system::{SystemClock, SystemEntropy};
