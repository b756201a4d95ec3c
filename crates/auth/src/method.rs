//! What proved a user.

use serde_json::Value;

use crate::factor::Factor;

/// One proof, or what is to be said of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// The password.
    Password,
    /// What was mailed.
    Email,
    /// A code of the authenticator application.
    Totp,
    /// A code kept for when the other factor is lost.
    RecoveryCode,
    /// A passkey that stays on its device.
    HardwareKey,
    /// A passkey that may be copied to other devices.
    SoftwareKey,
    /// A personal access token, for whose making the user was proved.
    PersonalAccessToken,
    /// More than one factor: whoever proved this is asked for no other.
    MultipleFactors,
}

impl Method {
    const ALL: [Self; 8] = [
        Self::Password,
        Self::Email,
        Self::Totp,
        Self::RecoveryCode,
        Self::HardwareKey,
        Self::SoftwareKey,
        Self::PersonalAccessToken,
        Self::MultipleFactors,
    ];

    fn is_passkey(self) -> bool {
        matches!(self, Self::HardwareKey | Self::SoftwareKey)
    }

    /// The second factor that it is after another proof.
    pub(crate) fn factor(self) -> Option<Factor> {
        match self {
            Self::Totp => Some(Factor::Totp),
            Self::RecoveryCode => Some(Factor::RecoveryCode),
            Self::HardwareKey | Self::SoftwareKey => Some(Factor::Webauthn),
            Self::Password | Self::Email | Self::PersonalAccessToken | Self::MultipleFactors => None,
        }
    }

    /// The name on a session: that of RFC 8176 where it says as much.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::RecoveryCode => "recovery-code",
            Self::Password
            | Self::Totp
            | Self::HardwareKey
            | Self::SoftwareKey
            | Self::PersonalAccessToken
            | Self::MultipleFactors => self.reference(),
        }
    }

    /// The value of the claim `amr` (RFC 8176).
    fn reference(self) -> &'static str {
        match self {
            Self::Password => "pwd",
            Self::Email | Self::Totp | Self::RecoveryCode => "otp",
            Self::HardwareKey => "hwk",
            Self::SoftwareKey => "swk",
            // The standard has no word for it.
            Self::PersonalAccessToken => "pat",
            Self::MultipleFactors => "mfa",
        }
    }
}

/// All that proved the user of a session, in the order it was proved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Methods(Vec<Method>);

impl Methods {
    /// One or more of one proof.
    pub(crate) fn new(methods: &[Method]) -> Self {
        Self::default().and(methods)
    }

    /// These and more; none twice.
    pub(crate) fn and(mut self, more: &[Method]) -> Self {
        for method in more {
            if !self.0.contains(method) {
                self.0.push(*method);
            }
        }
        self
    }

    /// These and what proves the user anew: a second factor, if it is among those that are asked for. A passkey is
    /// none to another passkey: both are something that one has.
    pub(crate) fn and_anew(self, proved: &Self, asked: &[Factor]) -> Self {
        let differs =
            |method: &Method| !method.is_passkey() || self.0.iter().any(|before| !before.is_passkey());
        let is_asked = |method: &Method| method.factor().is_some_and(|factor| factor.is_among(asked));
        let second = proved.0.iter().any(|method| is_asked(method) && differs(method));
        let all = self.and(&proved.0);
        match second {
            true => all.and(&[Method::MultipleFactors]),
            false => all,
        }
    }

    /// Whether more than one factor was proved.
    pub(crate) fn are_several_factors(&self) -> bool {
        self.0.contains(&Method::MultipleFactors)
    }

    /// Whether a passkey was proved.
    pub(crate) fn have_passkey(&self) -> bool {
        self.0.iter().any(|method| method.is_passkey())
    }

    /// Reads the names on a session; others, as an adopted session may have, say nothing here.
    pub(crate) fn from_json(names: &Value) -> Self {
        let names = names.as_array().into_iter().flatten().filter_map(Value::as_str);
        let known = names.filter_map(|name| Method::ALL.into_iter().find(|method| method.name() == name));
        Self::new(&known.collect::<Vec<_>>())
    }

    /// The names on a session.
    pub(crate) fn to_json(&self) -> Value {
        self.0.iter().map(|method| method.name()).collect()
    }

    /// The claim `amr` (RFC 8176).
    pub(crate) fn references(&self) -> Vec<String> {
        let mut references: Vec<String> = Vec::with_capacity(self.0.len());
        for method in &self.0 {
            if !references.iter().any(|known| known == method.reference()) {
                references.push(method.reference().to_owned());
            }
        }
        references
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        let all = Methods::new(&Method::ALL);
        assert_eq!(Methods::from_json(&all.to_json()), all);
        assert_eq!(
            Methods::from_json(&json!(["pwd", "something else", 7])),
            Methods::new(&[Method::Password])
        );
        assert_eq!(Methods::from_json(&json!("pwd")), Methods::default());
    }

    #[test]
    fn a_passkey_after_a_passkey_is_no_second_factor() {
        let of = |methods: &[Method]| Methods::new(methods);
        let key = of(&[Method::SoftwareKey]);
        let asked = [Factor::Totp, Factor::Webauthn];
        let anew = |before: &[Method]| of(before).and_anew(&key, &asked).are_several_factors();
        assert!(anew(&[Method::Password]));
        assert!(anew(&[Method::Email]));
        assert!(!anew(&[Method::SoftwareKey]));
        assert!(!anew(&[Method::HardwareKey]));
        assert!(!anew(&[]));
        let verified = of(&[Method::SoftwareKey, Method::MultipleFactors]);
        assert!(key.clone().and_anew(&verified, &asked).are_several_factors());
        let code = of(&[Method::Totp]);
        assert!(key.and_anew(&code, &asked).are_several_factors());
        let password = of(&[Method::Password]);
        assert!(
            !of(&[Method::Email])
                .and_anew(&password, &asked)
                .are_several_factors()
        );
    }

    #[test]
    fn what_is_not_asked_for_is_no_second_factor() {
        let anew = |method, asked: &[Factor]| {
            let before = Methods::new(&[Method::Password]);
            before
                .and_anew(&Methods::new(&[method]), asked)
                .are_several_factors()
        };
        assert!(!anew(Method::Totp, &[Factor::Webauthn]));
        assert!(!anew(Method::HardwareKey, &[Factor::Totp]));
        assert!(!anew(Method::RecoveryCode, &[]));
        assert!(anew(Method::RecoveryCode, &[Factor::Webauthn]));
    }

    #[test]
    fn a_token_says_it_in_the_words_of_the_standard() {
        let proved = Methods::new(&[Method::Email]).and(&[Method::Totp, Method::MultipleFactors]);
        assert_eq!(proved.to_json(), json!(["email", "otp", "mfa"]));
        assert_eq!(proved.references(), ["otp", "mfa"]);
    }
}
