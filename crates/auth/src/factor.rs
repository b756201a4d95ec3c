//! What a user can be asked for after the first proof.

/// A second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factor {
    /// A code of an authenticator application (RFC 6238).
    Totp,
    /// A security key or passkey.
    Webauthn,
    /// A code kept for when the other factor is lost; nobody is asked for one who has no other factor.
    RecoveryCode,
}

impl Factor {
    /// The name in `MfaChallenge.factors`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Webauthn => "webauthn",
            Self::RecoveryCode => "recovery-code",
        }
    }

    /// Whether this is one of those that are asked for. A recovery code stands in for whatever is, also the last one,
    /// which is gone once it was sent.
    pub(crate) fn is_among(self, asked: &[Self]) -> bool {
        match self {
            Self::RecoveryCode => !asked.is_empty(),
            Self::Totp | Self::Webauthn => asked.contains(&self),
        }
    }
}

/// What a user has to be proved by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) password: bool,
    pub(crate) totp: bool,
    pub(crate) webauthn: bool,
    pub(crate) recovery_code: bool,
}

impl Held {
    /// Whether the user has one beside the first proof.
    pub(crate) fn is_any(self) -> bool {
        self.totp || self.webauthn
    }

    /// What is left to ask of somebody who has proved a passkey, or where nobody can.
    pub(crate) fn without_webauthn(self) -> Self {
        Self {
            webauthn: false,
            ..self
        }
    }

    /// Those that are asked for where these are; none if none of them is held.
    pub(crate) fn asked(self, asked: &[Factor]) -> Vec<Factor> {
        let held = [(self.totp, Factor::Totp), (self.webauthn, Factor::Webauthn)];
        let mut factors: Vec<Factor> = held
            .into_iter()
            .filter(|(held, factor)| *held && asked.contains(factor))
            .map(|(_, factor)| factor)
            .collect();
        if self.recovery_code && !factors.is_empty() {
            factors.push(Factor::RecoveryCode);
        }
        factors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_asked_for_a_recovery_code_alone() {
        let held = |totp, webauthn| Held {
            password: true,
            totp,
            webauthn,
            recovery_code: true,
        };
        let both = [Factor::Totp, Factor::Webauthn];
        assert_eq!(held(false, false).asked(&both), []);
        assert_eq!(
            held(true, false).asked(&both),
            [Factor::Totp, Factor::RecoveryCode]
        );
        assert_eq!(
            held(true, true).asked(&both),
            [Factor::Totp, Factor::Webauthn, Factor::RecoveryCode]
        );
        assert_eq!(
            held(true, true).asked(&[Factor::Webauthn]),
            [Factor::Webauthn, Factor::RecoveryCode]
        );
        assert_eq!(held(true, true).asked(&[]), []);
    }

    #[test]
    fn the_last_recovery_code_stands_in_for_what_is_asked_for() {
        assert!(Factor::RecoveryCode.is_among(&[Factor::Webauthn]));
        assert!(!Factor::RecoveryCode.is_among(&[]));
        assert!(!Factor::Totp.is_among(&[Factor::Webauthn, Factor::RecoveryCode]));
    }
}
