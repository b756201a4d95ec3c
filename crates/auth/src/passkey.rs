//! Passkeys and security keys (Web Authentication Level 3): what browsers are asked, and whether their answers
//! hold. Values in, values out; challenges alone are kept in the database.

mod answer;
mod authenticator_name;
mod challenge;
mod decoy;
mod relying_party;
mod stored;

pub use answer::{Assertion, Attestation};

pub(crate) use authenticator_name::authenticator_name;
pub(crate) use challenge::{Asked, Ceremony, ask, take};
pub(crate) use decoy::decoys;
pub(crate) use relying_party::{Allowed, Owner, Proof, Registered, RelyingParty};
pub(crate) use stored::{open, seal};

/// Why what an authenticator said is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyFault {
    /// Not asked for, asked for something else, asked of somebody else, answered before or too late.
    #[error("its challenge is unknown, used or expired")]
    Challenge,
    /// The challenge was for another user or session.
    #[error("its challenge was for somebody else")]
    OtherUser,
    /// Nobody has registered it.
    #[error("it is not registered")]
    Unknown,
    /// Somebody has registered it before.
    #[error("it is registered already")]
    Taken,
    /// Made on a page of somebody else.
    #[error("its origin is not one of the application")]
    Origin,
    /// The authenticator did not make sure who uses it.
    #[error("its user was not verified")]
    Unverified,
    /// The counter did not grow: somebody has a copy.
    #[error("its counter did not grow")]
    Counter,
    /// It was said to stay on its device and does not, or the other way round.
    #[error("its eligibility for backup changed")]
    Backup,
    /// Not among the models allowed.
    #[error("its model is not allowed")]
    Model,
    /// Malformed, or its signature does not match.
    #[error("it is malformed or its signature does not match")]
    Invalid,
}
