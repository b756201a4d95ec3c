//! What is mailed to prove an address: a secret in a link, and a short code that does the same where the link
//! cannot be opened. Only hashes of both are kept.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::{digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use uuid::Uuid;

use crate::policy::Policy;
use crate::port::{Entropy, EntropyError, random};
use crate::refusal::Refusal;
use crate::token::Plain;
use crate::value::CodeVerifier;

/// What a ticket is good for, and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Confirms the address of an account.
    VerifyEmail,
    /// Signs in.
    SignIn,
    /// Sets a new password.
    ResetPassword,
    /// Makes an address that of an account.
    ChangeEmail,
    /// Makes an anonymous user one with an address.
    Deanonymize,
    /// Makes a new account usable.
    ActivateAccount,
    /// Gives an account the address back that it had.
    UndoEmailChange,
    /// Is exchanged for a session by whoever asked for the link.
    Exchange,
    /// Goes with the second proof of whoever proved a first.
    SecondFactor,
    /// Keeps the secret of an authenticator application until its first code.
    EnrolTotp,
}

impl Purpose {
    /// The name in the database.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify-email",
            Self::SignIn => "sign-in",
            Self::ResetPassword => "reset-password",
            Self::ChangeEmail => "change-email",
            Self::Deanonymize => "deanonymize",
            Self::ActivateAccount => "activate-account",
            Self::UndoEmailChange => "undo-email-change",
            Self::Exchange => "exchange",
            Self::SecondFactor => "second-factor",
            Self::EnrolTotp => "enrol-totp",
        }
    }

    /// The name in links, as Hasura Auth has it.
    pub fn link_type(self) -> &'static str {
        match self {
            Self::VerifyEmail | Self::Deanonymize => "emailVerify",
            Self::SignIn => "signinPasswordless",
            Self::ResetPassword => "passwordReset",
            Self::ChangeEmail => "emailConfirmChange",
            Self::ActivateAccount => "accountActivate",
            Self::UndoEmailChange => "emailUndoChange",
            Self::Exchange => "exchange",
            Self::SecondFactor => "secondFactor",
            Self::EnrolTotp => "enrolTotp",
        }
    }

    /// How many digits its code has.
    pub(crate) fn digits(self, policy: &Policy) -> u32 {
        match self {
            Self::ActivateAccount => policy.activation_digits,
            _ => 6,
        }
    }

    /// How long it lasts.
    pub(crate) fn lifetime(self, policy: &Policy) -> TimeDelta {
        match self {
            Self::VerifyEmail | Self::Deanonymize => policy.verification_lifetime,
            Self::SignIn => policy.email_sign_in_lifetime,
            Self::ResetPassword => policy.password_reset_lifetime,
            Self::ChangeEmail => policy.email_change_lifetime,
            Self::ActivateAccount => policy.activation_lifetime,
            Self::UndoEmailChange => policy.email_undo_lifetime,
            // What RFC 6749 calls short.
            Self::Exchange => TimeDelta::minutes(5),
            Self::SecondFactor => policy.second_factor_lifetime,
            // To find the telephone and install the application.
            Self::EnrolTotp => TimeDelta::minutes(15),
        }
    }
}

/// The secret of a link.
pub(crate) struct Ticket {
    pub(crate) text: Plain,
    pub(crate) hash: Vec<u8>,
}

impl Ticket {
    /// Makes a new one: 32 random bytes.
    pub(crate) fn create(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        let text = URL_SAFE_NO_PAD.encode(random::<32>(entropy)?);
        let hash = hash(&text);
        Ok(Self {
            text: Plain::new(text),
            hash,
        })
    }
}

/// What a ticket is found by. Whatever was sent has a hash; only what was made is found.
pub(crate) fn hash(text: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, text.as_bytes()).as_ref().to_vec()
}

/// The hash of a code, keyed: a million of them are soon tried by whoever has the database alone.
pub(crate) fn code_hash(key: &hmac::Key, ticket: Uuid, code: &str) -> Vec<u8> {
    let text = [ticket.as_bytes().as_slice(), code.as_bytes()].concat();
    hmac::sign(key, &text).as_ref().to_vec()
}

/// Compares in constant time.
pub(crate) fn matches(one: &[u8], other: &[u8]) -> bool {
    verify_slices_are_equal(one, other).is_ok()
}

/// Whether somebody can prove to have asked: what they hold hashes to the challenge (RFC 7636, `S256`).
pub(crate) fn proves(verifier: &CodeVerifier, challenge: &str) -> bool {
    let digest = digest::digest(&digest::SHA256, verifier.as_str().as_bytes());
    matches(URL_SAFE_NO_PAD.encode(digest).as_bytes(), challenge.as_bytes())
}

/// Digits, each as likely as the other; eight at most.
pub(crate) fn new_code(entropy: &dyn Entropy, digits: u32) -> Result<String, EntropyError> {
    let numbers = 10_u32.pow(digits.min(8));
    // Numbers beyond the last whole multiple would make small codes likelier.
    let limit = u32::MAX - u32::MAX % numbers;
    loop {
        let number = u32::from_be_bytes(random(entropy)?);
        if number < limit {
            let width = digits.min(8) as usize;
            return Ok(format!("{:0width$}", number % numbers));
        }
    }
}

/// What came from a mail, as whoever got it sends it.
pub enum Presented {
    /// The secret of the link.
    Ticket(String),
    /// The code, and the address that it was mailed to.
    Code {
        /// The address.
        email: crate::value::Email,
        /// The digits.
        code: String,
    },
}

impl Presented {
    /// A code comes with its address, a ticket alone.
    pub fn new(text: String, email: Option<crate::value::Email>) -> Result<Self, Refusal> {
        // Nothing so long was ever mailed.
        if text.len() > 128 {
            return Err(Refusal::InvalidTicket);
        }
        let code: String = text.split_whitespace().collect();
        Ok(match email {
            Some(email) => Self::Code { email, code },
            None => Self::Ticket(code),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestEntropy;

    #[test]
    fn a_code_has_as_many_digits_as_are_asked_for() {
        let entropy = TestEntropy::default();
        for digits in (4..=8).cycle().take(100) {
            let code = new_code(&entropy, digits).unwrap();
            assert!(
                code.len() == digits as usize && code.bytes().all(|byte| byte.is_ascii_digit()),
                "{code}"
            );
        }
    }

    #[test]
    fn the_verifier_of_the_standard_proves_its_challenge() {
        // RFC 7636, appendix B.
        let verifier = CodeVerifier::parse("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").unwrap();
        assert!(proves(&verifier, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"));
        assert!(!proves(&verifier, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cm"));
    }
}
