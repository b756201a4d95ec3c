//! The outside world behind the traits of the other crates.

mod origin;
mod system;

pub(crate) use origin::Origin;
pub use system::{SystemClock, SystemEntropy};
