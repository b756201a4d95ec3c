//! What callers send, parsed once at the edge: a value that exists keeps its rules.

mod email;
mod imported_hash;
mod link_options;
mod name;
mod password;
mod profile;
mod redirect;
mod sign_up_options;

pub use crate::passkey::{Assertion, Attestation};
pub use email::Email;
pub use imported_hash::ImportedHash;
pub use link_options::LinkOptions;
pub use name::{DisplayName, Nickname, PersonName, SessionName, Username};
pub use password::Password;
pub use profile::{CodeChallenge, CodeVerifier, Gender, Locale, Metadata};
pub use redirect::RedirectUrl;
pub(crate) use sign_up_options::is_role;
pub use sign_up_options::{SignUpOptions, SignUpOptionsInput};

use chrono::{DateTime, Utc};

use crate::refusal::Refusal;

/// A time with its distance from UTC (RFC 3339); `field` is the argument it came in.
pub fn time(field: &'static str, text: &str) -> Result<DateTime<Utc>, Refusal> {
    DateTime::parse_from_rfc3339(text.trim())
        .map(|time| time.with_timezone(&Utc))
        .map_err(|_| invalid(field, "must be a time, as 2027-01-31T12:00:00Z"))
}

/// Bad input: names the argument and the rule it breaks.
pub(crate) fn invalid(field: &'static str, rule: &'static str) -> Refusal {
    Refusal::InvalidInput { field, rule }
}
