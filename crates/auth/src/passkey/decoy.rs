//! What an address is answered that has no passkey: always the same, and what a user could have.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::relying_party::Allowed;
use crate::value::Email;

/// Lengths of ids, and transports beside them, as authenticators have them; the commonest stand here more than once.
const SHAPES: [(usize, &str); 16] = [
    (16, "hybrid,internal"),
    (16, "hybrid,internal"),
    (16, "internal"),
    (20, "hybrid,internal"),
    (20, "hybrid,internal"),
    (20, "hybrid,internal"),
    (20, "internal"),
    (32, "internal"),
    (32, "internal"),
    (32, "hybrid,internal"),
    (32, "hybrid,internal"),
    (32, ""),
    (48, "usb"),
    (48, "nfc,usb"),
    (64, "usb"),
    (64, "nfc,usb"),
];

/// A user that does not exist and credentials that nobody has, all derived from the address under a key that the nodes
/// share.
pub(crate) fn decoys(key: &hmac::Key, email: &Email) -> (Uuid, Vec<Allowed>) {
    let derive = |purpose: &str| {
        let text = format!("{purpose}:{}", email.as_str());
        hmac::sign(key, text.as_bytes())
    };
    let number = |purpose: &str| derive(purpose).as_ref().first().copied().unwrap_or_default();
    let count = match number("count") {
        0..192 => 1,
        192..240 => 2,
        240.. => 3,
    };
    let credential = |index: u8| {
        let shape = usize::from(number(&format!("shape {index}"))) % SHAPES.len();
        let (length, transports) = SHAPES.get(shape).copied().unwrap_or((32, "internal"));
        let halves = ["id", "more of the id"].map(|half| derive(&format!("{half} {index}")));
        let id = halves.iter().flat_map(|half| half.as_ref()).copied();
        Allowed {
            credential_id: URL_SAFE_NO_PAD.encode(id.take(length).collect::<Vec<u8>>()),
            transports: transports.to_owned(),
        }
    };
    let user = derive("user").as_ref().first_chunk().copied().unwrap_or_default();
    (Uuid::from_bytes(user), (0..count).map(credential).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn they_are_as_different_as_those_of_users_and_stay_the_same() {
        let key = |byte| hmac::Key::new(hmac::HMAC_SHA256, &[byte; 32]);
        let mut counts = BTreeMap::<usize, usize>::new();
        let (mut shapes, mut ids) = (BTreeSet::new(), BTreeSet::new());
        for number in 0..1_000 {
            let email = Email::parse(&format!("nobody{number}@example.org")).unwrap();
            let told = |key| {
                let (user, decoys) = decoys(&key, &email);
                let decoys = decoys.into_iter();
                (
                    user,
                    decoys
                        .map(|decoy| (decoy.credential_id, decoy.transports))
                        .collect::<Vec<_>>(),
                )
            };
            assert_eq!(told(key(1)), told(key(1)));
            assert_ne!(told(key(1)), told(key(2)));
            let (_, decoys) = told(key(1));
            *counts.entry(decoys.len()).or_default() += 1;
            for (id, transports) in decoys {
                let length = URL_SAFE_NO_PAD.decode(&id).unwrap().len();
                shapes.insert((length, transports));
                assert!(ids.insert(id));
            }
        }
        assert_eq!(counts.keys().copied().collect::<Vec<_>>(), [1, 2, 3]);
        assert!(counts[&1] > 600 && counts[&1] < 900, "{counts:?}");
        assert_eq!(shapes, SHAPES.map(|(length, of)| (length, of.to_owned())).into());
    }
}
