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
pub use name::{DisplayName, Nickname, PersonName, Username};
pub use password::Password;
pub use profile::{CodeChallenge, CodeVerifier, Gender, Locale, Metadata};
pub use redirect::RedirectUrl;
pub(crate) use sign_up_options::is_role;
pub use sign_up_options::{SignUpOptions, SignUpOptionsInput};

use crate::refusal::Refusal;

/// Bad input: names the argument and the rule it breaks.
fn invalid(field: &'static str, rule: &'static str) -> Refusal {
    Refusal::InvalidInput { field, rule }
}
