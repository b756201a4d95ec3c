//! Firebase's scrypt: what scrypt makes of the password encrypts a key of the project, and that is stored.
//!
//! Read in the form that Supabase imports: `$fbscrypt$v=1,n=14,r=8,p=1,ss=SEPARATOR,sk=SIGNER$salt$output`, with
//! memory cost, rounds, salt separator and signer key of the project's parameters in base64.

use aws_lc_rs::cipher::{AES_256, DecryptingKey, DecryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use zeroize::Zeroizing;

use super::scrypt::Costs;
use super::{HashError, equal, text};

/// Parameters, salt and what came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FirebaseHash {
    costs: Costs,
    /// The salt with the separator of the project behind it.
    salt: Vec<u8>,
    signer_key: Vec<u8>,
    output: Vec<u8>,
}

impl FirebaseHash {
    /// Reads the textual form.
    pub(super) fn parse(stored: &str) -> Result<Self, HashError> {
        let mut parts = text::parts(stored)?.skip(1);
        let given = text::next(&mut parts)?;
        let (numbers, keys) = given.split_once(",ss=").ok_or(HashError::Form)?;
        let [version, log_n, r, p] = text::numbers(numbers, ["v", "n", "r", "p"])?;
        if version != 1 {
            return Err(HashError::Form);
        }
        let costs = Costs::new(log_n, r, p)?;
        let (separator, signer_key) = keys.split_once(",sk=").ok_or(HashError::Form)?;
        let signer_key = text::bytes(signer_key, 16..=128)?;
        let mut salt = text::bytes(text::next(&mut parts)?, 1..=64)?;
        salt.extend(text::bytes(separator, 0..=16)?);
        let output = text::bytes(text::next(&mut parts)?, 16..=128)?;
        text::end(parts)?;
        Ok(Self {
            costs,
            salt,
            signer_key,
            output,
        })
    }

    /// Compares in constant time.
    pub(super) fn verify(&self, password: &[u8]) -> Result<bool, HashError> {
        let mut key = Zeroizing::new([0; 32]);
        self.costs.derive(password, &self.salt, key.as_mut_slice())?;
        let key = UnboundCipherKey::new(&AES_256, key.as_slice()).map_err(|_| HashError::Failed)?;
        let key = DecryptingKey::ctr(key).map_err(|_| HashError::Failed)?;
        let mut decrypted = self.output.clone();
        let counter = DecryptionContext::Iv128(FixedLength::from([0; 16]));
        let decrypted = key
            .decrypt(&mut decrypted, counter)
            .map_err(|_| HashError::Failed)?;
        Ok(equal(decrypted, &self.signer_key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password::tests::check;

    /// The sample of Firebase's own tool, which is published with it.
    const PUBLISHED: &str = "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,\
        sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==\
        $42xEC+ixf3L2lw==\
        $lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==";

    #[test]
    fn the_published_hash_verifies() {
        assert!(check(PUBLISHED, "user1password"));
        assert!(!check(PUBLISHED, "user2password"));
    }

    #[test]
    fn the_text_is_read_strictly_and_its_costs_are_bounded() {
        let with = |from: &str, to: &str| FirebaseHash::parse(&PUBLISHED.replace(from, to));
        assert_eq!(with("n=14", "n=40"), Err(HashError::Parameters));
        assert_eq!(with("r=8", "r=8000"), Err(HashError::Parameters));
        assert_eq!(with("v=1", "v=2"), Err(HashError::Form));
        assert_eq!(with(",ss=Bw==", ""), Err(HashError::Form));
        assert_eq!(with(",sk=", ",xx="), Err(HashError::Form));
        assert_eq!(with("$42xEC", "$$42xEC"), Err(HashError::Parameters));
    }
}
