//! What the tests stand on: databases of their own, a service to call, and ways to look at what it did.

pub(crate) mod answer;
pub(crate) mod app;
pub(crate) mod at_rest;
pub(crate) mod authenticator;
pub(crate) mod browser;
pub(crate) mod caller;
pub(crate) mod clock;
pub(crate) mod database;
pub(crate) mod entropy;
pub(crate) mod log;
pub(crate) mod mailbox;
pub(crate) mod postgres;
pub(crate) mod process;
pub(crate) mod requirement;
pub(crate) mod seed;
pub(crate) mod settings;
pub(crate) mod smtp;
pub(crate) mod telephone;
pub(crate) mod watchdog;
