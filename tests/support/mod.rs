//! What the tests stand on: databases of their own, a service to call, and ways to look at what it did.

pub(crate) mod browser;
pub(crate) mod postgres;
pub(crate) mod requirement;
pub(crate) mod watchdog;
