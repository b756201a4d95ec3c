//! Password hashes as text: our own are Argon2id; those of other services are read, compared, and made anew
//! when their user next signs in.

mod argon2;
mod bcrypt;
mod cost;
mod firebase;
mod pbkdf2;
mod scrypt;
mod text;

use ::argon2::Block;
use aws_lc_rs::constant_time::verify_slices_are_equal;

use self::argon2::Argon2Hash;
use self::bcrypt::BcryptHash;
pub use self::cost::PasswordCost;
use self::firebase::FirebaseHash;
use self::pbkdf2::Pbkdf2Hash;
use self::scrypt::ScryptHash;
use crate::port::{Entropy, EntropyError};
use crate::value::Password;

/// A hash could not be made or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// No randomness for the salt.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// Not a hash this service knows.
    #[error("a password hash is in an unknown form")]
    Form,
    /// The hash asks for more memory or time than anyone's password is worth.
    #[error("a password hash has parameters out of bounds")]
    Parameters,
    /// The computation was refused.
    #[error("a password could not be hashed")]
    Failed,
}

/// A stored hash: how it was made, and what came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PasswordHash {
    Argon2(Argon2Hash),
    Bcrypt(BcryptHash),
    Scrypt(ScryptHash),
    Firebase(Box<FirebaseHash>),
    Pbkdf2(Pbkdf2Hash),
}

/// Proof that a password was compared and matched; only [`PasswordHash::matches`] makes one.
#[derive(Debug)]
pub(crate) struct Matched(());

impl PasswordHash {
    /// Hashes a password to the text that goes to the database.
    pub(crate) fn create(
        cost: PasswordCost,
        salt: [u8; 16],
        password: &Password,
        memory: &mut Vec<Block>,
    ) -> Result<String, HashError> {
        Ok(Argon2Hash::create(cost, salt, password, memory)?.to_text())
    }

    /// A hash that no password has, and that costs what ours cost.
    pub(crate) fn dummy(cost: PasswordCost, entropy: &dyn Entropy) -> Result<Self, HashError> {
        Argon2Hash::dummy(cost, entropy).map(Self::Argon2)
    }

    /// Reads a stored hash within sane bounds, which are checked before any memory is taken.
    pub(crate) fn parse(stored: &str) -> Result<Self, HashError> {
        match text::scheme(stored)? {
            "argon2id" | "argon2i" | "argon2d" => Argon2Hash::parse(stored).map(Self::Argon2),
            "2a" | "2b" | "2y" => BcryptHash::parse(stored).map(Self::Bcrypt),
            "scrypt" => ScryptHash::parse(stored).map(Self::Scrypt),
            "fbscrypt" => FirebaseHash::parse(stored).map(Box::new).map(Self::Firebase),
            "pbkdf2" | "pbkdf2-sha1" | "pbkdf2-sha256" | "pbkdf2-sha512" => {
                Pbkdf2Hash::parse(stored).map(Self::Pbkdf2)
            }
            _ => Err(HashError::Form),
        }
    }

    /// Whether this text is a hash as we make them today; another is made anew once its password is known.
    pub(crate) fn is_current(stored: &str, cost: PasswordCost) -> bool {
        matches!(Self::parse(stored), Ok(Self::Argon2(hash)) if hash.is_current(cost))
    }

    /// Compares in constant time.
    pub(crate) fn matches(
        &self,
        password: &Password,
        memory: &mut Vec<Block>,
    ) -> Result<Option<Matched>, HashError> {
        // As others hashed it.
        let typed = password.as_typed();
        let equal = match self {
            Self::Argon2(hash) => hash.verify(password, memory)?,
            Self::Bcrypt(hash) => hash.verify(typed),
            Self::Scrypt(hash) => hash.verify(typed)?,
            Self::Firebase(hash) => hash.verify(typed)?,
            Self::Pbkdf2(hash) => hash.verify(typed),
        };
        Ok(equal.then_some(Matched(())))
    }
}

fn equal(one: &[u8], other: &[u8]) -> bool {
    verify_slices_are_equal(one, other).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn check(stored: &str, password: &str) -> bool {
        let hash = PasswordHash::parse(stored).unwrap();
        let password = Password::parse_presented(password).unwrap();
        hash.matches(&password, &mut Vec::new()).unwrap().is_some()
    }

    #[test]
    fn our_own_hashes_verify_whatever_the_memory_held_before() {
        let mut memory = Vec::new();
        let password = Password::parse("correct horse").unwrap();
        let create = |cost, memory: &mut _| PasswordHash::create(cost, [1; 16], &password, memory).unwrap();
        let cost = PasswordCost::default();
        let first = create(cost, &mut memory);
        assert_eq!(first, create(cost, &mut memory));
        assert!(first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let other = PasswordCost {
            memory: 64,
            passes: 3,
        };
        let cheap = create(other, &mut memory);
        assert!(cheap.starts_with("$argon2id$v=19$m=64,t=3,p=1$"));
        assert!(PasswordHash::is_current(&first, cost) && PasswordHash::is_current(&cheap, other));
        assert!(!PasswordHash::is_current(&first, other) && !PasswordHash::is_current(&cheap, cost));
        assert!(check(&cheap, "correct horse") && !check(&cheap, "wrong horse"));
        assert!(check(&first, "correct horse"));
        assert!(!check(&first, "wrong horse"));
    }

    #[test]
    fn ours_compare_the_normal_form_and_others_what_was_typed() {
        let (composed, decomposed) = ("caf\u{e9} au lait", "cafe\u{301} au lait");
        let password = Password::parse(composed).unwrap();
        let cost = PasswordCost::default();
        let ours = PasswordHash::create(cost, [1; 16], &password, &mut Vec::new()).unwrap();
        assert!(check(&ours, composed) && check(&ours, decomposed));
        // Of the decomposed form, by the standard library of another language.
        let foreign = "$pbkdf2-sha256$i=1000$c29tZXNhbHQ$/tPmfDsG2o6vf5EEll6bTPDZeGjpG3uLhDp4V/nw13s";
        assert!(check(foreign, decomposed) && !check(foreign, composed));
    }

    #[test]
    fn what_is_no_hash_is_refused() {
        for stored in [
            "",
            "secret",
            "$",
            "$$",
            "$1$salt$hash",
            "$2x$05$abc",
            "$argon2id",
            "md5$a$b",
        ] {
            assert_eq!(PasswordHash::parse(stored), Err(HashError::Form), "{stored}");
        }
        let long = format!("$scrypt$ln=10,r=8,p=1${}$abc", "A".repeat(100_000));
        assert_eq!(PasswordHash::parse(&long), Err(HashError::Form));
    }
}
