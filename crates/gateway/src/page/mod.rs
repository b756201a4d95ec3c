//! The few pages the service has.

pub(crate) mod graphiql;
pub(crate) mod outbox;
pub(crate) mod verify;
