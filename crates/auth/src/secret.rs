//! The admin secret: kept as a hash, compared in constant time.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{Digest, SHA256, digest};

/// The SHA-256 of the admin secret; the secret itself is forgotten.
pub struct AdminSecret(Digest);

impl AdminSecret {
    /// Takes the secret and keeps its hash.
    pub fn new(secret: &str) -> Self {
        Self(digest(&SHA256, secret.as_bytes()))
    }

    /// Compares hashes of one length in constant time: nothing about the secret is heard.
    pub(crate) fn matches(&self, secret: &str) -> bool {
        let given = digest(&SHA256, secret.as_bytes());
        verify_slices_are_equal(self.0.as_ref(), given.as_ref()).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_secret_matches() {
        let secret = AdminSecret::new("secret");
        assert!(secret.matches("secret"));
        for other in ["", "Secret", "secret ", "secre"] {
            assert!(!secret.matches(other), "{other:?}");
        }
    }
}
