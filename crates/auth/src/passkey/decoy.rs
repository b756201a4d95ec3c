//! What an address is answered that has no passkey: always the same, so that nobody can tell.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::relying_party::Allowed;
use crate::value::Email;

/// Lengths of ids, and transports beside them, as the commonest authenticators have them.
const SHAPES: [(usize, &str); 4] = [
    (16, "hybrid,internal"),
    (20, "hybrid,internal"),
    (32, "internal"),
    (32, "hybrid,internal"),
];

/// A user that does not exist and a credential that nobody has, both derived from the address under a key.
pub(crate) fn decoy(key: &hmac::Key, email: &Email) -> (Uuid, Allowed) {
    let derive = |purpose: &str| {
        let text = format!("{purpose}:{}", email.as_str());
        hmac::sign(key, text.as_bytes())
    };
    let (user, shape, id) = (derive("user"), derive("shape"), derive("id"));
    let number = shape.as_ref().first().copied().unwrap_or_default();
    let (length, transports) = SHAPES
        .get(usize::from(number) % SHAPES.len())
        .copied()
        .unwrap_or((32, "internal"));
    let id = id.as_ref().get(..length).unwrap_or_default();
    let user = user.as_ref().first_chunk().copied().unwrap_or_default();
    let allowed = Allowed {
        credential_id: URL_SAFE_NO_PAD.encode(id),
        transports: transports.to_owned(),
    };
    (Uuid::from_bytes(user), allowed)
}
