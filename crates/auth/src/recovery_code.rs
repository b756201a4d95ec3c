//! Codes for whoever lost the other factor: ten at a time, each good once.

use aws_lc_rs::hmac;
use uuid::Uuid;

use crate::port::{Entropy, EntropyError, random};

/// How many a user gets at a time.
pub(crate) const COUNT: usize = 10;
/// Letters and digits that nobody takes for another; as many as five bits tell apart.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// Fifty bits.
const LENGTH: usize = 10;

/// Makes new codes, in the form in which they are shown: `abcde-fghij`.
pub(crate) fn create(entropy: &dyn Entropy) -> Result<Vec<String>, EntropyError> {
    (0..COUNT).map(|_| one(entropy)).collect()
}

fn one(entropy: &dyn Entropy) -> Result<String, EntropyError> {
    let bytes: [u8; LENGTH] = random(entropy)?;
    let letters = bytes
        .iter()
        .filter_map(|byte| ALPHABET.get(usize::from(byte % 32)));
    let mut code: String = letters.copied().map(char::from).collect();
    code.insert(LENGTH / 2, '-');
    Ok(code)
}

/// What a code is found by: keyed, and another for another user. How it was typed does not matter.
pub(crate) fn hash(key: &hmac::Key, user: Uuid, code: &str) -> Vec<u8> {
    let typed = code.chars().filter(char::is_ascii_alphanumeric);
    let code: String = typed.map(|letter| letter.to_ascii_lowercase()).collect();
    let text = [b"recovery/".as_slice(), user.as_bytes(), code.as_bytes()].concat();
    hmac::sign(key, &text).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::seal::{Keys, MasterKey};
    use crate::testing::TestEntropy;

    #[test]
    fn ten_codes_differ_and_are_easy_to_type() {
        let codes = create(&TestEntropy::default()).unwrap();
        assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), COUNT);
        for code in codes {
            let (first, second) = code.split_once('-').unwrap();
            assert!(first.len() == 5 && second.len() == 5, "{code}");
            assert!(!code.contains(['0', '1', 'l', 'o']), "{code}");
        }
    }

    #[test]
    fn a_code_is_the_same_however_it_is_typed_and_another_for_another_user() {
        let key = Keys::derive(&MasterKey::new([1; 32])).unwrap().code_hash;
        let of = |user, code| hash(&key, Uuid::from_u128(user), code);
        assert_eq!(of(1, "abcde-fgh23"), of(1, " ABCDE fgh23 "));
        assert_ne!(of(1, "abcde-fgh23"), of(2, "abcde-fgh23"));
        assert_ne!(of(1, "abcde-fgh23"), of(1, "abcde-fgh24"));
    }
}
