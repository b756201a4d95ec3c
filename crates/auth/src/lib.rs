//! What a user can do: flows, store, mechanisms, one door. No HTTP, no GraphQL.

mod account;
mod admin_gate;
mod attempt;
mod audit;
mod auth;
mod caller;
mod capacity;
mod changes;
mod code;
mod connection;
mod database;
mod devices;
mod elevation;
mod email_access;
mod error;
mod evenly;
mod expired;
mod factor;
mod factor_change;
pub mod flow;
mod hashing;
mod jwt;
mod key_ring;
mod last_seen;
mod limit;
mod mail;
mod message;
mod method;
mod new_password;
mod passkey;
mod password;
mod policy;
mod port;
mod prove_factor;
mod qr_code;
mod recovery_code;
mod refusal;
mod row;
mod seal;
mod second_factor;
mod secret;
mod session;
mod signing_key;
mod store;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod ticket;
mod token;
mod token_cache;
mod totp;
pub mod value;
mod wish;

pub use auth::{Auth, OpenError, Parts, check_policy};
pub use caller::{Authenticated, Caller, Ctx};
pub use code::Code;
pub use database::{Database, PoolCounters};
pub use elevation::{ElevatedOperation, Proof, check_session, is_proved_for};
pub use email_access::EmailAccess;
pub use error::{Error, InternalError};
pub use factor::Factor;
pub use hashing::{HashingCounters, StartHashingError};
pub use key_ring::KeyRingError;
pub use mail::{
    Content, Mail, MailFacts, MailFailure, MailTemplates, OutboxMessage, OutboxState, TemplateError,
};
pub use passkey::PasskeyFault;
pub use password::{HashError, PasswordCost};
pub use policy::{
    AttestationPreference, EmailVerification, Limits, PasskeyPolicy, Policy, SigningAlgorithm,
    UserVerification,
};
pub use port::{
    Begun, BreachedPasswords, Clock, DataAnswer, DataPath, DataTransaction, Entropy, EntropyError,
    RangeAnswer, RangeError, new_id,
};
pub use prove_factor::FactorCode;
pub use qr_code::QrCodeError;
pub use refusal::{Identifier, RefreshFault, Refusal, TokenFault};
pub use row::{Cell, Row};
pub use seal::{MasterKey, MasterKeyError, SealError};
pub use second_factor::MfaChallenge;
pub use secret::AdminSecret;
pub use session::{Session, SignIn};
pub use signing_key::KeyError;
pub use ticket::{Presented, Purpose};
pub use token::Plain;
pub use token_cache::TokenCounters;
pub use wish::{SessionKind, SessionWish};
