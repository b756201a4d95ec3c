//! Why an address of PostgreSQL cannot be used. Nothing tells a part of it that may be secret.

use super::parameter::PARAMETERS;

/// Why an address of PostgreSQL cannot be used, in words that follow its name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Another kind of address.
    #[error("does not begin with postgres://")]
    Scheme,
    /// Nobody could say where a name or a password ends.
    #[error(
        "has @, / or # where it cannot be told what ends there: in names and passwords write %40, %2F and %23"
    )]
    Sign,
    /// What is percent-encoded cannot be sent.
    #[error("has percent-encoded bytes that are no text")]
    Text,
    /// Nothing to connect to.
    #[error("names no host; a socket is meant by its folder, as postgres:///DATABASE?host=/run/postgresql")]
    NoHost,
    /// Drivers disagree on what to do with several.
    #[error("names several hosts; one is allowed")]
    Several,
    /// No number of a port.
    #[error("has a port that is no number from 1 to 65535")]
    Port,
    /// Said in two places, or twice.
    #[error("says {0} twice, and it cannot be told which counts")]
    Twice(&'static str),
    /// Named, but not said.
    #[error("has the parameter {0} without a value")]
    Empty(&'static str),
    /// A mode of encryption that nobody knows.
    #[error("has an unknown sslmode; allowed are disable, allow, prefer, require, verify-ca and verify-full")]
    Mode,
    /// One that some connections would not heed.
    #[error(
        "has the parameter {0}, which not every connection would heed; allowed are {names}",
        names = PARAMETERS.join(", ")
    )]
    Parameter(&'static str),
}
