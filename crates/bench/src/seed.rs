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

/// The address of a numbered user.
pub(crate) fn numbered_address(number: usize) -> String {
    format!("user-{number}@example.org")
}

/// Argon2id with the parameters that the service hashes with.
pub(crate) fn hasher() -> Result<Argon2<'static>, BenchError> {
    let parameters = Params::new(19_456, 2, 1, Some(32)).map_err(BenchError::Argon2)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters))
}

/// The hash of the password, as the service stores it; one for all, to be quick.
pub(crate) fn password_hash() -> Result<String, BenchError> {
    let (salt, mut output) = ([3; 16], [0; 32]);
    hasher()?
        .hash_password_into(PASSWORD.as_bytes(), &salt, &mut output)
        .map_err(BenchError::Argon2)?;
    Ok(format!(
        "$argon2id$v=19$m=19456,t=2,p=1${}${}",
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(output)
    ))
}
