//! Hashes of passwords that another service made.

use std::fmt;

use crate::password::{HashError, PasswordHash};
use crate::refusal::Refusal;
use crate::value::invalid;

/// A hash in a form that this service compares with, at a cost within bounds; made anew once its user signs in.
pub struct ImportedHash(String);

impl ImportedHash {
    /// Takes Argon2, bcrypt (`2a`, `2b`, `2y`), scrypt or PBKDF2 as other services write them.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        match PasswordHash::parse(text) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(HashError::Parameters) => Err(invalid(
                "importedHash",
                "must not ask for more memory or time than a password is worth",
            )),
            Err(_) => Err(invalid(
                "importedHash",
                "must be a hash by Argon2, bcrypt, scrypt or PBKDF2 in the form the README names",
            )),
        }
    }

    pub(crate) fn into_text(self) -> String {
        self.0
    }
}

impl fmt::Debug for ImportedHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ImportedHash")
    }
}
