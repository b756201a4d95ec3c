//! PBKDF2 (RFC 8018) with HMAC of SHA-1, SHA-256 or SHA-512, in PHC form: `$pbkdf2-sha256$i=600000$salt$output`;
//! the number may stand alone and the base64 have dots for plus signs, as passlib writes it. Keycloak stores the
//! same values apart from each other.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2::{self, PBKDF2_HMAC_SHA1, PBKDF2_HMAC_SHA256, PBKDF2_HMAC_SHA512};

use super::{HashError, text};

/// About a second of work.
const MOST_ITERATIONS: u32 = 2_000_000;

/// What the HMAC is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Digest {
    Sha1,
    Sha256,
    Sha512,
}

/// Digest, iterations, salt and what came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pbkdf2Hash {
    digest: Digest,
    iterations: NonZeroU32,
    salt: Vec<u8>,
    output: Vec<u8>,
}

impl Pbkdf2Hash {
    /// Reads the PHC form.
    pub(super) fn parse(stored: &str) -> Result<Self, HashError> {
        let mut parts = text::parts(stored)?;
        let digest = match text::next(&mut parts)? {
            "pbkdf2" | "pbkdf2-sha1" => Digest::Sha1,
            "pbkdf2-sha256" => Digest::Sha256,
            "pbkdf2-sha512" => Digest::Sha512,
            _ => return Err(HashError::Form),
        };
        let (iterations, length) = costs(text::next(&mut parts)?)?;
        let plus = |text: &str| text.replace('.', "+");
        let salt = text::bytes(&plus(text::next(&mut parts)?), 1..=128)?;
        let output = text::bytes(&plus(text::next(&mut parts)?), 16..=64)?;
        text::end(parts)?;
        if length.is_some_and(|length| usize::try_from(length) != Ok(output.len())) {
            return Err(HashError::Form);
        }
        let iterations = NonZeroU32::new(iterations)
            .filter(|iterations| iterations.get() <= MOST_ITERATIONS)
            .ok_or(HashError::Parameters)?;
        Ok(Self {
            digest,
            iterations,
            salt,
            output,
        })
    }

    /// Compares in constant time.
    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let algorithm = match self.digest {
            Digest::Sha1 => PBKDF2_HMAC_SHA1,
            Digest::Sha256 => PBKDF2_HMAC_SHA256,
            Digest::Sha512 => PBKDF2_HMAC_SHA512,
        };
        pbkdf2::verify(algorithm, self.iterations, &self.salt, password, &self.output).is_ok()
    }
}

/// Reads `i=1000`, `i=1000,l=32` or `1000`.
fn costs(text: &str) -> Result<(u32, Option<u32>), HashError> {
    if !text.starts_with("i=") {
        return Ok((text::number(text)?, None));
    }
    if text.contains(',') {
        let [iterations, length] = text::numbers(text, ["i", "l"])?;
        return Ok((iterations, Some(length)));
    }
    let [iterations] = text::numbers(text, ["i"])?;
    Ok((iterations, None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password::tests::check;

    /// RFC 6070, RFC 7914 section 11, and passlib's documentation.
    const PUBLISHED: [(&str, &str); 4] = [
        ("$pbkdf2$i=4096$c2FsdA$SwB5AbdlSJq+rUnZJvch0GWkKcE", "password"),
        (
            "$pbkdf2-sha256$i=1,l=64$c2FsdA$VawEblbjCJ/sFpHCJUS2BflBhSFt3gRl5oudV8INrLxJypzM8Xm2RZkWZLOdd+8xfHG4RbHjC9UJESBB06GXgw",
            "passwd",
        ),
        (
            "$pbkdf2-sha256$29000$N2YMIWQsBWBMae09x1jrPQ$1t8iyB2A.WF/Z5JZv.lfCIhXXN33N23OSgQYThBYRfk",
            "toomanysecrets",
        ),
        (
            "$pbkdf2-sha256$6400$.6UI/S.nXIk8jcbdHx3Fhg$98jZicV16ODfEsEZeYPGHU3kbrUrvUEXOPimVSQDD44",
            "password",
        ),
    ];

    #[test]
    fn published_hashes_verify() {
        for (stored, password) in PUBLISHED {
            assert!(check(stored, password), "{stored}");
            assert!(!check(stored, "Password"), "{stored}");
        }
    }

    #[test]
    fn the_text_is_read_strictly_and_its_costs_are_bounded() {
        let tail = "c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA";
        for costs in ["i=0", "0", "i=2000001", "99999999999", "i=4294967295,l=16"] {
            let stored = format!("$pbkdf2-sha512${costs}${tail}");
            assert_eq!(Pbkdf2Hash::parse(&stored), Err(HashError::Parameters), "{stored}");
        }
        for costs in [
            "",
            "i=",
            "i=-1",
            "i=1000,l=32",
            "i=1000,l=16,x=1",
            "l=16,i=1000",
            "+1000",
        ] {
            let stored = format!("$pbkdf2-sha512${costs}${tail}");
            assert_eq!(Pbkdf2Hash::parse(&stored), Err(HashError::Form), "{stored}");
        }
    }
}
