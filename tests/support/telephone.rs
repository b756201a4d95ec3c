//! An authenticator application, written from RFC 6238 alone.

use aws_lc_rs::hmac;
use chrono::{DateTime, Utc};
use portico_auth::Clock;

use super::app::TestApp;

/// A telephone with one secret.
#[derive(Clone)]
pub(crate) struct Telephone {
    key: hmac::Key,
}

impl Telephone {
    /// Takes a secret as it is typed, in base32 (RFC 4648).
    pub(crate) fn new(secret: &str) -> Self {
        const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let bits: String = secret
            .chars()
            .map(|letter| format!("{:05b}", ALPHABET.find(letter).unwrap()))
            .collect();
        let bytes: Vec<u8> = bits
            .as_bytes()
            .chunks_exact(8)
            .map(|byte| u8::from_str_radix(str::from_utf8(byte).unwrap(), 2).unwrap())
            .collect();
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &bytes),
        }
    }

    /// What it shows now.
    pub(crate) fn code(&self, app: &TestApp) -> String {
        self.code_at(app.clock.now())
    }

    /// What it shows then.
    pub(crate) fn code_at(&self, time: DateTime<Utc>) -> String {
        let step = time.timestamp().div_euclid(30);
        let signature = hmac::sign(&self.key, &step.to_be_bytes());
        let bytes = signature.as_ref();
        let offset = usize::from(bytes[19] & 15);
        let four: [u8; 4] = bytes[offset..offset + 4].try_into().unwrap();
        format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000)
    }

    /// A code that it shows neither now nor a step before or after.
    pub(crate) fn wrong(&self, app: &TestApp) -> String {
        let shown: Vec<String> = [-60, -30, 0, 30]
            .map(|seconds| self.code_at(app.clock.now() + chrono::TimeDelta::seconds(seconds)))
            .into();
        let other = (0..10).map(|digit| digit.to_string().repeat(6));
        other.into_iter().find(|code| !shown.contains(code)).unwrap()
    }
}
