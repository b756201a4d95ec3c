//! Passwords as they are sent; never shown, never stored.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::refusal::Refusal;

/// More bytes than this are refused unread: normalisation may make text longer.
const MAXIMUM_BYTES: usize = 16 * 1024;

/// A password in normal form (NFKC), the same on every keyboard, and as it was typed. Wiped from memory after
/// use.
pub struct Password {
    normal: Zeroizing<String>,
    typed: Zeroizing<String>,
}

impl Password {
    /// The fewest characters of a new password.
    pub const MINIMUM: usize = 8;
    /// The most characters of any password.
    pub const MAXIMUM: usize = 256;

    /// Takes a new password: 8 to 256 characters (code points).
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let password = Self::parse_presented(text)?;
        if password.normal.chars().count() < Self::MINIMUM {
            return Err(Refusal::PasswordTooShort);
        }
        Ok(password)
    }

    /// Takes a password to compare with a stored one, which may be older than the rule on length.
    pub fn parse_presented(text: &str) -> Result<Self, Refusal> {
        if text.len() > MAXIMUM_BYTES {
            return Err(Refusal::PasswordTooLong);
        }
        // Reserved at once, so that growing leaves no copy behind.
        let mut normal = Zeroizing::new(String::with_capacity(text.len() * 4));
        normal.extend(text.nfkc());
        if normal.chars().count() > Self::MAXIMUM {
            return Err(Refusal::PasswordTooLong);
        }
        let typed = Zeroizing::new(text.to_owned());
        Ok(Self { normal, typed })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.normal
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.normal.as_bytes()
    }

    /// As it was typed: what another service, which knew no normal form, made its hash of.
    pub(crate) fn as_typed(&self) -> &[u8] {
        self.typed.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_counts_code_points_in_normal_form() {
        assert_eq!(Password::parse("abc").unwrap_err(), Refusal::PasswordTooShort);
        assert_eq!(Password::parse("ääääääa").unwrap_err(), Refusal::PasswordTooShort);
        assert!(Password::parse("ääääääää").is_ok());
        assert!(Password::parse(&"🔑".repeat(256)).is_ok());
        assert_eq!(
            Password::parse(&"x".repeat(257)).unwrap_err(),
            Refusal::PasswordTooLong
        );
        assert_eq!(
            Password::parse(&"x".repeat(300)).unwrap_err(),
            Refusal::PasswordTooLong
        );
        assert_eq!(
            Password::parse(&"x".repeat(5_000_000)).unwrap_err(),
            Refusal::PasswordTooLong
        );
        // One character that becomes eighteen.
        assert_eq!(
            Password::parse(&"\u{FDFA}".repeat(20)).unwrap_err(),
            Refusal::PasswordTooLong
        );
        assert!(Password::parse_presented("abc").is_ok());
    }

    #[test]
    fn two_ways_to_type_one_password_are_equal() {
        let composed = Password::parse("caf\u{e9} au lait").unwrap();
        let decomposed = Password::parse("cafe\u{301} au lait").unwrap();
        assert_eq!(composed.as_bytes(), decomposed.as_bytes());
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(
            format!("{:?}", Password::parse("correct horse").unwrap()),
            "Password"
        );
    }
}
