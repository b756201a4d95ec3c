//! Looks inside access tokens, and spoils them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// The header of a token.
pub(super) fn header(token: &str) -> Value {
    part(token, 0)
}

/// The claims of a token.
pub(super) fn claims(token: &str) -> Value {
    part(token, 1)
}

fn part(token: &str, index: usize) -> Value {
    let text = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

/// A token with these header and claims, and the signature given.
pub(super) fn compose(header: &Value, claims: &Value, signature: &str) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", encode(header), encode(claims))
}

/// The signature of a token, as it stands.
pub(super) fn signature(token: &str) -> &str {
    token.rsplit('.').next().unwrap()
}

/// The same token with one bit of its last bytes turned over.
pub(super) fn forged(refresh_token: &str) -> String {
    let (prefix, text) = refresh_token.split_at("prt_".len());
    let mut bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes))
}
