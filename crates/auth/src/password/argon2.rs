//! Argon2 (RFC 9106) in PHC form: written at the cost that is set, verified at any sane one.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::{HashError, PasswordCost, equal, text};
use crate::port::{Entropy, random};
use crate::value::Password;

/// Lanes of our own hashes.
const LANES: u32 = 1;
/// Bytes of our own hashes.
const LENGTH: usize = 32;
/// Bytes of their salts.
const SALT: usize = 16;

/// A stored hash that costs more than this is an attack on the service, not a password.
pub(super) const MAXIMUM_MEMORY: u32 = 262_144;
pub(super) const MAXIMUM_PASSES: u32 = 16;
const MAXIMUM_LANES: u32 = 16;
pub(super) const MAXIMUM_WORK: u32 = 1_048_576;

/// A hash and what is needed to compute it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Argon2Hash {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: Vec<u8>,
    output: Vec<u8>,
}

impl Argon2Hash {
    /// Hashes a new password.
    pub(super) fn create(
        cost: PasswordCost,
        salt: [u8; SALT],
        password: &Password,
        memory: &mut Vec<Block>,
    ) -> Result<Self, HashError> {
        let mut hash = Self::ours(cost, salt, [0; LENGTH])?;
        hash.output = hash.compute(password.as_bytes(), memory)?;
        Ok(hash)
    }

    /// A hash that no password has, and that costs what ours cost.
    pub(super) fn dummy(cost: PasswordCost, entropy: &dyn Entropy) -> Result<Self, HashError> {
        Self::ours(cost, random(entropy)?, random(entropy)?)
    }

    fn ours(cost: PasswordCost, salt: [u8; SALT], output: [u8; LENGTH]) -> Result<Self, HashError> {
        let params = Params::new(cost.memory, cost.passes, LANES, Some(LENGTH));
        Ok(Self {
            algorithm: Algorithm::Argon2id,
            version: Version::V0x13,
            params: params.map_err(|_| HashError::Failed)?,
            salt: salt.to_vec(),
            output: output.to_vec(),
        })
    }

    /// Whether it is made as we make them, at whatever cost.
    fn is_ours(&self) -> bool {
        self.algorithm == Algorithm::Argon2id
            && self.version == Version::V0x13
            && self.params.p_cost() == LANES
            && self.salt.len() == SALT
            && self.output.len() == LENGTH
    }

    /// Whether it is made as we make them today.
    pub(super) fn is_current(&self, cost: PasswordCost) -> bool {
        self.is_ours() && self.params.m_cost() == cost.memory && self.params.t_cost() == cost.passes
    }

    /// Compares in constant time. Others hashed what was typed: our normal form of it is not theirs. What looks
    /// like ours may have been made elsewhere.
    pub(super) fn verify(&self, password: &Password, memory: &mut Vec<Block>) -> Result<bool, HashError> {
        let (normal, typed) = (password.as_bytes(), password.as_typed());
        if self.is_ours() && equal(&self.compute(normal, memory)?, &self.output) {
            return Ok(true);
        }
        if self.is_ours() && normal == typed {
            return Ok(false);
        }
        Ok(equal(&self.compute(typed, memory)?, &self.output))
    }

    fn compute(&self, password: &[u8], memory: &mut Vec<Block>) -> Result<Vec<u8>, HashError> {
        let blocks = self.params.block_count();
        if memory.len() < blocks {
            memory.resize(blocks, Block::new());
        }
        let memory = memory.get_mut(..blocks).ok_or(HashError::Failed)?;
        let mut output = vec![0; self.output.len()];
        Argon2::new(self.algorithm, self.version, self.params.clone())
            .hash_password_into_with_memory(password, &self.salt, &mut output, memory)
            .map_err(|_| HashError::Failed)?;
        Ok(output)
    }

    /// The PHC string that goes to the database.
    pub(super) fn to_text(&self) -> String {
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
    pub(super) fn parse(stored: &str) -> Result<Self, HashError> {
        let mut parts = text::parts(stored)?;
        let algorithm = match text::next(&mut parts)? {
            "argon2id" => Algorithm::Argon2id,
            "argon2i" => Algorithm::Argon2i,
            "argon2d" => Algorithm::Argon2d,
            _ => return Err(HashError::Form),
        };
        let mut part = text::next(&mut parts)?;
        // The first version of Argon2 wrote no version.
        let version = match part.strip_prefix("v=") {
            Some(version) => {
                part = text::next(&mut parts)?;
                match version {
                    "16" => Version::V0x10,
                    "19" => Version::V0x13,
                    _ => return Err(HashError::Form),
                }
            }
            None => Version::V0x10,
        };
        let [memory, passes, lanes] = text::numbers(part, ["m", "t", "p"])?;
        let bounded = memory <= MAXIMUM_MEMORY
            && (1..=MAXIMUM_PASSES).contains(&passes)
            && (1..=MAXIMUM_LANES).contains(&lanes)
            && memory.saturating_mul(passes) <= MAXIMUM_WORK;
        if !bounded {
            return Err(HashError::Parameters);
        }
        let salt = text::bytes(text::next(&mut parts)?, 8..=64)?;
        let output = text::bytes(text::next(&mut parts)?, 16..=64)?;
        text::end(parts)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password::tests::check;

    /// From the command line tool of the reference implementation.
    const REFERENCE: [&str; 2] = [
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA",
    ];

    #[test]
    fn hashes_of_the_reference_implementation_verify() {
        for stored in REFERENCE {
            assert!(check(stored, "password"), "{stored}");
            assert!(!check(stored, "Password"), "{stored}");
            let hash = Argon2Hash::parse(stored).unwrap();
            assert_eq!(hash.to_text(), stored);
            assert!(!hash.is_ours());
        }
    }

    #[test]
    fn hostile_and_foreign_hashes_are_refused() {
        let tail = "c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA";
        for costs in [
            "m=4294967295,t=2,p=1",
            "m=262144,t=16,p=1",
            "m=64,t=4000000000,p=1",
            "m=64,t=99999999999,p=1",
            "m=64,t=1,p=17",
            "m=64,t=0,p=1",
        ] {
            let stored = format!("$argon2id$v=19${costs}${tail}");
            assert_eq!(Argon2Hash::parse(&stored), Err(HashError::Parameters), "{stored}");
        }
        for costs in [
            "v=19$m=+64,t=1,p=1",
            "v=19$m=64,t=1",
            "v=19$m=64,t=1,p=1,x=1",
            "v=20$m=64,t=1,p=1",
        ] {
            let stored = format!("$argon2id${costs}${tail}");
            assert_eq!(Argon2Hash::parse(&stored), Err(HashError::Form), "{stored}");
        }
        let cut = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ";
        assert_eq!(Argon2Hash::parse(cut), Err(HashError::Form));
    }
}
