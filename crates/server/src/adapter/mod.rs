//! The outside world behind the traits of the auth core.

mod system;

pub use system::{SystemClock, SystemEntropy};
