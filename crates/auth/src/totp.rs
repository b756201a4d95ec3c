//! Codes of an authenticator application: RFC 6238 in the form that every application has, with HMAC-SHA-1, six
//! digits and thirty seconds.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use totp_rs::{Builder, Totp};
use uuid::Uuid;

use crate::error::Error;
use crate::port::{Entropy, EntropyError, random};
use crate::seal::{SealError, Sealer};

/// How long a code lasts, in seconds.
const PERIOD: u64 = 30;
const DIGITS: u8 = 6;
/// What distinguishes a sealed secret from the base32 of an adopted one.
const SEALED: &str = "sealed:";

/// Steps by which the clocks of nodes may differ: five minutes.
const CLOCKS_DIFFER: i64 = 10;

/// What the codes of one user are made from.
pub(crate) struct Secret(Totp);

/// Proof that a code was that of this time step; only [`Secret::check`] makes one.
pub(crate) struct Step(u64);

impl Step {
    /// Periods since 1970.
    pub(crate) fn number(&self) -> i64 {
        i64::try_from(self.0).unwrap_or(i64::MAX)
    }
}

/// No code of a later step can have been accepted before this moment, whichever node it was sent to.
pub(crate) fn latest_step(now: DateTime<Utc>) -> i64 {
    now.timestamp().div_euclid(PERIOD as i64) + CLOCKS_DIFFER
}

impl Secret {
    /// Makes a new one, as long as RFC 4226 recommends: 160 bits.
    pub(crate) fn create(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        Ok(Self::new(totp_rs::Secret::new_stack(random(entropy)?)))
    }

    fn new(secret: totp_rs::Secret) -> Self {
        let builder = Builder::new().with_step_duration(PERIOD).with_digits(DIGITS);
        // Adopted secrets may be shorter than the standard wants: they are what their users have.
        Self(builder.with_secret(secret).build_noncompliant())
    }

    /// The code of a moment.
    #[cfg(test)]
    pub(crate) fn code_at(&self, now: DateTime<Utc>) -> String {
        self.0.generate(now.timestamp().unsigned_abs()).to_string()
    }

    /// The text that is typed where no picture can be read.
    pub(crate) fn base32(&self) -> String {
        self.0.secret().to_base32()
    }

    /// What an authenticator application reads from the picture.
    pub(crate) fn uri(&self, issuer: &str, account: &str) -> String {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let (issuer, account) = (encode(issuer), encode(account));
        format!(
            "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={PERIOD}",
            self.base32()
        )
    }

    /// The time step whose code this is: the present one or one of the `earlier` before it. Spaces within do not
    /// matter.
    pub(crate) fn check(&self, code: &str, now: DateTime<Utc>, earlier: u32) -> Option<Step> {
        let code: String = code.split_whitespace().collect();
        let present = u64::try_from(now.timestamp()).ok()? / PERIOD;
        let accepted = present.saturating_sub(earlier.into())..=present;
        // The builder allows for clocks that go fast, too; here each step is asked for by itself.
        let is_of = |step: &u64| self.0.check(&code, step * PERIOD) == Some(*step);
        accepted.rev().find(is_of).map(Step)
    }

    /// The form in the database: sealed for this user.
    pub(crate) fn seal(
        &self,
        sealer: &Sealer,
        entropy: &dyn Entropy,
        user: Uuid,
    ) -> Result<String, SealError> {
        let sealed = sealer.seal(entropy, &context(user), self.0.secret().as_bytes())?;
        Ok(format!("{SEALED}{}", STANDARD.encode(sealed)))
    }

    /// Reads the form in the database; nothing where an adopted secret is none.
    pub(crate) fn open(sealer: &Sealer, user: Uuid, stored: &str) -> Result<Option<Self>, Error> {
        let Some(sealed) = stored.strip_prefix(SEALED) else {
            let text = stored.trim().trim_end_matches('=').to_ascii_uppercase();
            let plain = totp_rs::Secret::try_from_base32(&text).ok();
            return Ok(plain
                .filter(|secret| !secret.as_bytes().is_empty())
                .map(Self::new));
        };
        let sealed = STANDARD.decode(sealed).map_err(|_| SealError::Open)?;
        let secret = sealer.open(&context(user), &sealed)?;
        Ok(Some(Self::new(secret.to_vec().into())))
    }
}

/// Whether a secret is kept in the clear, as Hasura Auth does.
pub(crate) fn is_plain(stored: &str) -> bool {
    !stored.starts_with(SEALED)
}

/// The secret of one user is none for another.
fn context(user: Uuid) -> Vec<u8> {
    [b"totp/".as_slice(), user.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use totp_rs::Algorithm;

    use super::*;
    use crate::seal::{Keys, MasterKey};
    use crate::testing::TestEntropy;

    /// The seed of both standards.
    const SEED: &[u8] = b"12345678901234567890";

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn secret() -> Secret {
        Secret::new(SEED.to_vec().into())
    }

    #[test]
    fn the_codes_of_rfc_4226() {
        // Appendix D: the counters 0 to 9.
        let codes = [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871",
            "520489",
        ];
        for (counter, code) in (0..).zip(codes) {
            let step = secret().check(code, at(counter * 30), 0).unwrap();
            assert_eq!(step.number(), counter, "{code}");
        }
    }

    #[test]
    fn the_codes_of_rfc_6238() {
        // Appendix B, for SHA-1; eight digits there, of which an application shows the last six.
        let eight = Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(8)
            .with_step_duration(PERIOD)
            .with_secret(SEED.to_vec())
            .build_noncompliant();
        for (time, code) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            assert_eq!(eight.generate(time).to_string(), code);
            let time = i64::try_from(time).unwrap();
            let step = secret().check(&code[2..], at(time), 0).unwrap();
            assert_eq!(step.number(), time / 30);
        }
    }

    #[test]
    fn only_the_present_code_and_as_many_before_are_accepted() {
        let (secret, code) = (secret(), "254676"); // of step 5
        let accepted = |step: i64, earlier| secret.check(code, at(step * 30 + 29), earlier).is_some();
        assert!(accepted(5, 0) && accepted(5, 1) && accepted(6, 1) && accepted(7, 2));
        assert!(!accepted(4, 1) && !accepted(6, 0) && !accepted(7, 1));
        assert!(secret.check(" 254 676 ", at(150), 0).is_some());
        for none in ["", "25467", "2546760", "+25467", "２５４６７６", "254676\0"] {
            assert!(secret.check(none, at(150), 1).is_none(), "{none}");
        }
        assert!(secret.check(code, at(-30), 1).is_none());
    }

    #[test]
    fn a_secret_is_kept_sealed_for_its_user_and_an_adopted_one_is_read_in_the_clear() {
        let (sealer, entropy) = (
            Keys::derive(&MasterKey::new([1; 32])).unwrap().sealer,
            TestEntropy::default(),
        );
        let (jane, john) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let sealed = secret().seal(&sealer, &entropy, jane).unwrap();
        assert!(!is_plain(&sealed) && !sealed.contains(&secret().base32()));
        let opened = Secret::open(&sealer, jane, &sealed).unwrap().unwrap();
        assert_eq!(opened.base32(), secret().base32());
        assert!(Secret::open(&sealer, john, &sealed).is_err());
        let plain = secret().base32();
        assert!(is_plain(&plain));
        for adopted in [plain.clone(), plain.to_lowercase(), format!("{plain}==")] {
            let opened = Secret::open(&sealer, john, &adopted).unwrap().unwrap();
            assert_eq!(opened.base32(), plain);
        }
        for none in ["", "no base32!", "0189"] {
            assert!(Secret::open(&sealer, jane, none).unwrap().is_none(), "{none}");
        }
    }

    #[test]
    fn an_address_for_applications_names_service_and_account() {
        assert_eq!(
            secret().uri("My App", "jane@example.org"),
            "otpauth://totp/My%20App:jane%40example%2Eorg?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=My%20App&algorithm=SHA1&digits=6&period=30"
        );
    }
}
