//! What the databases are filled with.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::error::BenchError;

/// The password of everyone who signs in.
pub(crate) const PASSWORD: &str = "a long walk by the sea";

/// Languages of the numbered users, in turn: one in ten has the one that is counted.
pub(crate) const LOCALES: [&str; 10] = ["de", "en", "fr", "en", "es", "en", "it", "en", "pl", "en"];

/// Seconds between the first moments of two users that follow each other.
pub(crate) const SPACING: u32 = 1_397;

/// When the first user came, in seconds since 1970.
pub(crate) const FIRST: u32 = 1_577_836_800;

/// The address of a user who signs in; these come beside the numbered users.
pub(crate) fn address(number: usize) -> String {
    format!("bench-{number}@example.org")
}

/// What keeps an account from being used, or nothing; of each there are some accounts.
pub(crate) const STATES: [&str; 4] = ["active", "disabled", "locked", "unverified"];

/// The address of an account in a state.
pub(crate) fn state_address(state: &str, number: usize) -> String {
    format!("{state}-{number}@example.org")
}

/// The cost of a hash that takes no time: memory in KiB and passes.
pub(crate) const CHEAP: (u32, u32) = (8, 1);
/// The cost of the service's hashes unless another is set.
pub(crate) const USUAL: (u32, u32) = (19_456, 2);

/// The address of a numbered user.
pub(crate) fn numbered_address(number: usize) -> String {
    format!("user-{number}@example.org")
}

/// Argon2id at a cost.
pub(crate) fn hasher((memory, passes): (u32, u32)) -> Result<Argon2<'static>, BenchError> {
    let parameters = Params::new(memory, passes, 1, Some(32)).map_err(BenchError::Argon2)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters))
}

/// The hash of the password at a cost, as the service stores it; one for all, to be quick.
pub(crate) fn password_hash(cost: (u32, u32)) -> Result<String, BenchError> {
    let (salt, mut output) = ([3; 16], [0; 32]);
    hasher(cost)?
        .hash_password_into(PASSWORD.as_bytes(), &salt, &mut output)
        .map_err(BenchError::Argon2)?;
    Ok(format!(
        "$argon2id$v=19$m={},t={},p=1${}${}",
        cost.0,
        cost.1,
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(output)
    ))
}
