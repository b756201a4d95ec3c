//! scrypt (RFC 7914) in PHC form: `$scrypt$ln=16,r=8,p=1$salt$output`.

use super::{HashError, equal, text};

/// As much as the costliest Argon2 hash that is read, in KiB.
const MOST_MEMORY: u64 = 262_144;
/// Memory times lanes.
const MOST_WORK: u64 = 1_048_576;

/// How much work a hash takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Costs {
    log_n: u8,
    r: u32,
    p: u32,
}

impl Costs {
    /// Bounded costs.
    pub(super) fn new(log_n: u32, r: u32, p: u32) -> Result<Self, HashError> {
        let memory = 1_u64
            .checked_shl(log_n)
            .and_then(|n| n.checked_mul(r.into()))
            .ok_or(HashError::Parameters)?
            .div_ceil(8);
        let sane = log_n >= 1
            && (1..=64).contains(&r)
            && (1..=16).contains(&p)
            && memory <= MOST_MEMORY
            && memory * u64::from(p) <= MOST_WORK;
        match u8::try_from(log_n) {
            Ok(log_n) if sane => Ok(Self { log_n, r, p }),
            _ => Err(HashError::Parameters),
        }
    }

    /// Computes so many bytes.
    pub(super) fn derive(self, password: &[u8], salt: &[u8], output: &mut [u8]) -> Result<(), HashError> {
        let params = ::scrypt::Params::new(self.log_n, self.r, self.p).map_err(|_| HashError::Failed)?;
        ::scrypt::scrypt(password, salt, &params, output).map_err(|_| HashError::Failed)
    }
}

/// Costs, salt and what came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ScryptHash {
    costs: Costs,
    salt: Vec<u8>,
    output: Vec<u8>,
}

impl ScryptHash {
    /// Reads the PHC form.
    pub(super) fn parse(stored: &str) -> Result<Self, HashError> {
        let mut parts = text::parts(stored)?.skip(1);
        let [log_n, r, p] = text::numbers(text::next(&mut parts)?, ["ln", "r", "p"])?;
        let costs = Costs::new(log_n, r, p)?;
        let salt = text::bytes(text::next(&mut parts)?, 1..=64)?;
        let output = text::bytes(text::next(&mut parts)?, 16..=64)?;
        text::end(parts)?;
        Ok(Self { costs, salt, output })
    }

    /// Compares in constant time.
    pub(super) fn verify(&self, password: &[u8]) -> Result<bool, HashError> {
        let mut output = vec![0; self.output.len()];
        self.costs.derive(password, &self.salt, &mut output)?;
        Ok(equal(&output, &self.output))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password::tests::check;

    /// The last two examples of RFC 7914 section 12 that fit the bounds, and one of passlib's documentation.
    const PUBLISHED: [(&str, &str); 3] = [
        (
            "$scrypt$ln=10,r=8,p=16$TmFDbA$/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWIurzDZLiKjiG/xCSedmDDaxyevuUqD7m2DYMvfoswGQA",
            "password",
        ),
        (
            "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw",
            "pleaseletmein",
        ),
        (
            "$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E",
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
        for costs in [
            "ln=63,r=8,p=1",
            "ln=4294967295,r=1,p=1",
            "ln=99999999999,r=1,p=1",
            "ln=19,r=8,p=1",
            "ln=10,r=4294967295,p=1",
            "ln=10,r=8,p=4294967295",
            "ln=17,r=8,p=16",
            "ln=0,r=8,p=1",
            "ln=10,r=0,p=1",
            "ln=10,r=8,p=0",
        ] {
            let stored = format!("$scrypt${costs}${tail}");
            assert_eq!(ScryptHash::parse(&stored), Err(HashError::Parameters), "{stored}");
        }
        for stored in [
            format!("$scrypt$ln=10,r=8${tail}"),
            format!("$scrypt$r=8,ln=10,p=1${tail}"),
            format!("$scrypt$ln=10,r=8,p=1,x=1${tail}"),
            format!("$scrypt$ln=10,r=8,p=1${tail}$"),
            "$scrypt$ln=10,r=8,p=1$c29tZXNhbHQ".to_owned(),
            "$scrypt$ln=10,r=8,p=1$c29t ZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
        ] {
            assert_eq!(ScryptHash::parse(&stored), Err(HashError::Form), "{stored}");
        }
    }
}
