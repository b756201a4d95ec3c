//! bcrypt as OpenBSD and its descendants write it: `$2b$`, `$2a$` and `$2y$`, which are one algorithm for
//! every text without a zero byte. Hasura Auth and Supabase store these.

use base64::Engine;
use base64::alphabet::BCRYPT;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::{HashError, equal, text};

/// Each step doubles the work; 14 costs about a second.
const COSTS: std::ops::RangeInclusive<u32> = 4..=14;
/// The algorithm sees no more, the zero byte at the end among them.
const MOST_BYTES: usize = 72;

/// Some writers leave bits in the last character that mean nothing.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &BCRYPT,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// Cost, salt and what came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BcryptHash {
    cost: u32,
    salt: [u8; 16],
    output: [u8; 23],
}

impl BcryptHash {
    /// Reads `$2b$12$` with 22 characters of salt and 31 of output.
    pub(super) fn parse(stored: &str) -> Result<Self, HashError> {
        let mut parts = text::parts(stored)?.skip(1);
        let (cost, rest) = (text::next(&mut parts)?, text::next(&mut parts)?);
        text::end(parts)?;
        if cost.len() != 2 || rest.len() != 53 {
            return Err(HashError::Form);
        }
        let cost = text::number(cost)?;
        if !COSTS.contains(&cost) {
            return Err(HashError::Parameters);
        }
        let (salt, output) = rest.split_at_checked(22).ok_or(HashError::Form)?;
        Ok(Self {
            cost,
            salt: decode(salt)?,
            output: decode(output)?,
        })
    }

    /// Compares in constant time.
    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let zero_ended = password.iter().copied().chain([0]).take(MOST_BYTES);
        let key: Zeroizing<Vec<u8>> = Zeroizing::new(zero_ended.collect());
        let output = ::bcrypt::bcrypt(self.cost, self.salt, &key);
        // The last of the 24 bytes was never written down.
        output
            .split_last_chunk::<1>()
            .is_some_and(|(output, _)| equal(output, &self.output))
    }
}

fn decode<const N: usize>(text: &str) -> Result<[u8; N], HashError> {
    let bytes = BASE64.decode(text).map_err(|_| HashError::Form)?;
    bytes.try_into().map_err(|_| HashError::Form)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password::tests::check;
    use crate::password::{PasswordCost, PasswordHash};

    /// From the test programs of jBCrypt and of crypt_blowfish.
    const PUBLISHED: [(&str, &str); 7] = [
        ("$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.", ""),
        (
            "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe",
            "a",
        ),
        (
            "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i",
            "abc",
        ),
        (
            "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "U*U",
        ),
        (
            "$2b$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK",
            "U*U*",
        ),
        (
            "$2y$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a",
            "U*U*U",
        ),
        (
            "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui",
            "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ\
             0123456789chars after 72 are ignored",
        ),
    ];

    #[test]
    fn published_hashes_verify() {
        for (stored, password) in PUBLISHED {
            assert!(check(stored, password), "{stored}");
            assert!(!check(stored, &format!("x{password}")), "{stored}");
            assert!(!PasswordHash::is_current(stored, PasswordCost::default()));
        }
    }

    #[test]
    fn the_text_is_read_strictly_and_its_cost_is_bounded() {
        let rest = "CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
        for cost in ["00", "03", "15", "31", "99"] {
            let stored = format!("$2a${cost}${rest}");
            assert_eq!(BcryptHash::parse(&stored), Err(HashError::Parameters), "{stored}");
        }
        for stored in [
            format!("$2a$5${rest}"),
            format!("$2a$+5${rest}"),
            format!("$2a$05${rest}x"),
            format!("$2a$05${rest}$"),
            format!("$2a$05${}", &rest[1..]),
            format!("$2a$05$é{}", &rest[2..]),
            "$2a$05$".to_owned(),
        ] {
            assert_eq!(BcryptHash::parse(&stored), Err(HashError::Form), "{stored}");
        }
    }
}
