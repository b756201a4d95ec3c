//! Password hashes in PHC form: written with our parameters, verified with any sane ones.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::port::{Entropy, EntropyError, random};
use crate::value::Password;

/// Memory of our own hashes, in KiB.
const MEMORY: u32 = 19_456;
/// Passes over the memory of our own hashes.
const PASSES: u32 = 2;
/// Lanes of our own hashes.
const LANES: u32 = 1;
/// Bytes of our own hashes.
const LENGTH: usize = 32;

/// A stored hash that costs more than this is an attack on the service, not a password.
const MAXIMUM_MEMORY: u32 = 262_144;
const MAXIMUM_PASSES: u32 = 16;
const MAXIMUM_LANES: u32 = 16;
const MAXIMUM_WORK: u32 = 1_048_576;

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
    /// Argon2 refused.
    #[error("argon2 failed")]
    Argon2,
}

/// A hash and what is needed to compute it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PasswordHash {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: Vec<u8>,
    output: Vec<u8>,
}

/// Proof that a password was compared and matched; only [`PasswordHash::matches`] makes one.
#[derive(Debug)]
pub(crate) struct Matched(());

impl PasswordHash {
    /// Hashes a new password with our parameters.
    pub(crate) fn create(
        salt: [u8; 16],
        password: &Password,
        memory: &mut Vec<Block>,
    ) -> Result<Self, HashError> {
        let mut hash = Self::ours(salt, [0; LENGTH])?;
        hash.output = hash.compute(password, memory)?;
        Ok(hash)
    }

    /// A hash that no password has, and that costs what ours cost.
    pub(crate) fn dummy(entropy: &dyn Entropy) -> Result<Self, HashError> {
        Self::ours(random(entropy)?, random(entropy)?)
    }

    fn ours(salt: [u8; 16], output: [u8; LENGTH]) -> Result<Self, HashError> {
        Ok(Self {
            algorithm: Algorithm::Argon2id,
            version: Version::V0x13,
            params: Params::new(MEMORY, PASSES, LANES, Some(LENGTH)).map_err(|_| HashError::Argon2)?,
            salt: salt.to_vec(),
            output: output.to_vec(),
        })
    }

    /// Compares in constant time.
    pub(crate) fn matches(
        &self,
        password: &Password,
        memory: &mut Vec<Block>,
    ) -> Result<Option<Matched>, HashError> {
        let output = self.compute(password, memory)?;
        Ok(verify_slices_are_equal(&output, &self.output)
            .ok()
            .map(|()| Matched(())))
    }

    fn compute(&self, password: &Password, memory: &mut Vec<Block>) -> Result<Vec<u8>, HashError> {
        let blocks = self.params.block_count();
        if memory.len() < blocks {
            memory.resize(blocks, Block::new());
        }
        let memory = memory.get_mut(..blocks).ok_or(HashError::Argon2)?;
        let mut output = vec![0; self.output.len()];
        Argon2::new(self.algorithm, self.version, self.params.clone())
            .hash_password_into_with_memory(password.as_bytes(), &self.salt, &mut output, memory)
            .map_err(|_| HashError::Argon2)?;
        Ok(output)
    }

    /// The PHC string that goes to the database.
    pub(crate) fn to_phc(&self) -> String {
        format!(
            "${}$v={}$m={},t={},p={}${}${}",
            self.algorithm.as_str(),
            u32::from(self.version),
            self.params.m_cost(),
            self.params.t_cost(),
            self.params.p_cost(),
            STANDARD_NO_PAD.encode(&self.salt),
            STANDARD_NO_PAD.encode(&self.output),
        )
    }

    /// Reads a PHC string of any Argon2 variant within sane bounds.
    pub(crate) fn from_phc(text: &str) -> Result<Self, HashError> {
        let mut parts = text.strip_prefix('$').ok_or(HashError::Form)?.split('$');
        let algorithm = match parts.next() {
            Some("argon2id") => Algorithm::Argon2id,
            Some("argon2i") => Algorithm::Argon2i,
            Some("argon2d") => Algorithm::Argon2d,
            _ => return Err(HashError::Form),
        };
        let mut part = parts.next().ok_or(HashError::Form)?;
        // The first version of Argon2 wrote no version.
        let version = match part.strip_prefix("v=") {
            Some(version) => {
                part = parts.next().ok_or(HashError::Form)?;
                match version {
                    "16" => Version::V0x10,
                    "19" => Version::V0x13,
                    _ => return Err(HashError::Form),
                }
            }
            None => Version::V0x10,
        };
        let (memory, passes, lanes) = costs(part)?;
        let salt = decode(parts.next(), 8..=64)?;
        let output = decode(parts.next(), 16..=64)?;
        if parts.next().is_some() {
            return Err(HashError::Form);
        }
        let params =
            Params::new(memory, passes, lanes, Some(output.len())).map_err(|_| HashError::Parameters)?;
        Ok(Self {
            algorithm,
            version,
            params,
            salt,
            output,
        })
    }
}

/// Reads `m=…,t=…,p=…`, once each, in this order.
fn costs(text: &str) -> Result<(u32, u32, u32), HashError> {
    let mut numbers = ["m=", "t=", "p="]
        .into_iter()
        .zip(text.split(','))
        .map(|(name, part)| {
            let digits = part.strip_prefix(name)?;
            digits
                .bytes()
                .all(|byte| byte.is_ascii_digit())
                .then(|| digits.parse::<u32>().ok())?
        });
    let (Some(Some(memory)), Some(Some(passes)), Some(Some(lanes))) =
        (numbers.next(), numbers.next(), numbers.next())
    else {
        return Err(HashError::Form);
    };
    if text.split(',').count() != 3 {
        return Err(HashError::Form);
    }
    let bounded = memory <= MAXIMUM_MEMORY
        && (1..=MAXIMUM_PASSES).contains(&passes)
        && (1..=MAXIMUM_LANES).contains(&lanes)
        && memory.saturating_mul(passes) <= MAXIMUM_WORK;
    bounded
        .then_some((memory, passes, lanes))
        .ok_or(HashError::Parameters)
}

fn decode(text: Option<&str>, length: std::ops::RangeInclusive<usize>) -> Result<Vec<u8>, HashError> {
    let bytes = STANDARD_NO_PAD
        .decode(text.ok_or(HashError::Form)?)
        .map_err(|_| HashError::Form)?;
    length
        .contains(&bytes.len())
        .then_some(bytes)
        .ok_or(HashError::Parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the command line tool of the reference implementation.
    const REFERENCE: [&str; 2] = [
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA",
    ];

    fn presented(text: &str) -> Password {
        Password::parse_presented(text).unwrap()
    }

    fn check(phc: &str, password: &str) -> bool {
        let hash = PasswordHash::from_phc(phc).unwrap();
        hash.matches(&presented(password), &mut Vec::new())
            .unwrap()
            .is_some()
    }

    #[test]
    fn hashes_of_the_reference_implementation_verify() {
        for phc in REFERENCE {
            assert!(check(phc, "password"), "{phc}");
            assert!(!check(phc, "Password"), "{phc}");
            assert_eq!(PasswordHash::from_phc(phc).unwrap().to_phc(), phc);
        }
    }

    #[test]
    fn our_own_hashes_verify_whatever_the_memory_held_before() {
        let mut memory = Vec::new();
        let first = PasswordHash::create([1; 16], &presented("correct horse"), &mut memory).unwrap();
        let second = PasswordHash::create([1; 16], &presented("correct horse"), &mut memory).unwrap();
        assert_eq!(first, second);
        assert!(first.to_phc().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(check(&first.to_phc(), "correct horse"));
        assert!(!check(&first.to_phc(), "wrong horse"));
    }

    #[test]
    fn hostile_and_foreign_hashes_are_refused() {
        let tail = "c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA";
        for costs in [
            "m=4294967295,t=2,p=1",
            "m=262144,t=16,p=1",
            "m=64,t=4000000000,p=1",
            "m=64,t=1,p=17",
        ] {
            let phc = format!("$argon2id$v=19${costs}${tail}");
            assert_eq!(PasswordHash::from_phc(&phc), Err(HashError::Parameters), "{phc}");
        }
        for phc in [
            "",
            "secret",
            "$2b$10$abcdefghijklmnopqrstuuTq8PkR1BEs8bDQzPZBVVVQF0Qw4UbS2",
            "$argon2id$v=19$m=+64,t=1,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA",
            "$argon2id$v=19$m=64,t=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA",
            "$argon2id$v=20$m=64,t=1,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA",
            "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ",
        ] {
            assert_eq!(PasswordHash::from_phc(phc), Err(HashError::Form), "{phc}");
        }
    }
}
