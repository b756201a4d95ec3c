//! The rest of what a user may say about itself.

use portico_entity::LONGEST_JSON;
use serde_json::{Map, Value};

use crate::policy::Policy;
use crate::refusal::Refusal;
use crate::value::invalid;

/// A language: two letters in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locale(String);

impl Locale {
    /// Takes two letters; a language that is not offered becomes the default, as clients expect.
    pub fn parse(text: &str, policy: &Policy) -> Result<Self, Refusal> {
        if text.len() != 2 || !text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return Err(invalid("locale", "must be a language code of two letters"));
        }
        let text = text.to_ascii_lowercase();
        let offered = policy.locales.is_empty() || policy.locales.contains(&text);
        Ok(if offered {
            Self(text)
        } else {
            Self::default_of(policy)
        })
    }

    /// The configured language.
    pub fn default_of(policy: &Policy) -> Self {
        Self(policy.default_locale.clone())
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How a user wants to be addressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gender {
    /// `male`
    Male,
    /// `female`
    Female,
    /// `other`
    Other,
    /// `prefer_not_to_say`
    PreferNotToSay,
}

impl Gender {
    /// Takes one of the four words.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        match text {
            "male" => Ok(Self::Male),
            "female" => Ok(Self::Female),
            "other" => Ok(Self::Other),
            "prefer_not_to_say" => Ok(Self::PreferNotToSay),
            _ => Err(invalid(
                "gender",
                "must be one of male, female, other, prefer_not_to_say",
            )),
        }
    }

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Male => "male",
            Self::Female => "female",
            Self::Other => "other",
            Self::PreferNotToSay => "prefer_not_to_say",
        }
    }
}

/// Whatever the application keeps about its user: a JSON object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Metadata(Map<String, Value>);

impl Metadata {
    /// Takes an object of no more than 65,536 bytes of JSON.
    pub fn parse(value: Value) -> Result<Self, Refusal> {
        match value.to_string().len() > LONGEST_JSON {
            true => Err(invalid("metadata", "must have 65536 bytes of JSON at most")),
            false => Self::parse_by_administrator(value),
        }
    }

    /// Takes an object; PostgreSQL cannot store the character NUL.
    pub fn parse_by_administrator(value: Value) -> Result<Self, Refusal> {
        match value {
            Value::Object(object)
                if object
                    .iter()
                    .any(|(key, value)| key.contains('\0') || has_nul(value)) =>
            {
                Err(invalid("metadata", "must not contain the character NUL"))
            }
            Value::Object(object) => Ok(Self(object)),
            _ => Err(invalid("metadata", "must be a JSON object")),
        }
    }

    /// The object as JSON.
    pub fn into_value(self) -> Value {
        Value::Object(self.0)
    }
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(object) => object
            .iter()
            .any(|(key, value)| key.contains('\0') || has_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// What a client will prove later that it asked for a result: base64url of a SHA-256 (PKCE, `S256`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeChallenge(String);

impl CodeChallenge {
    /// Takes 43 characters of base64url.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let base64url = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if text.len() != 43 || !text.bytes().all(base64url) {
            return Err(invalid(
                "codeChallenge",
                "must be a SHA-256 in base64url (43 characters)",
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// The challenge.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a client proves that it asked for a result with: the text that the challenge is the hash of (PKCE).
#[derive(Clone, PartialEq, Eq)]
pub struct CodeVerifier(String);

impl CodeVerifier {
    /// Takes 43 to 128 unreserved characters (RFC 7636, section 4.1).
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if !(43..=128).contains(&text.len()) || !text.bytes().all(unreserved) {
            return Err(invalid(
                "codeVerifier",
                "must have 43 to 128 letters, digits, hyphens, dots, underscores or tildes",
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_that_is_not_offered_becomes_the_default_but_nonsense_is_refused() {
        let policy = Policy {
            locales: vec!["en".into(), "fr".into()],
            ..Policy::default()
        };
        assert_eq!(Locale::parse("FR", &policy).unwrap().as_str(), "fr");
        assert_eq!(Locale::parse("de", &policy).unwrap().as_str(), "en");
        for text in ["", "e", "eng", "e1", "é"] {
            assert!(Locale::parse(text, &policy).is_err(), "{text}");
        }
    }

    #[test]
    fn other_values() {
        assert_eq!(
            Gender::parse("prefer_not_to_say").unwrap().as_str(),
            "prefer_not_to_say"
        );
        assert!(Gender::parse("Male").is_err());
        assert!(Metadata::parse(serde_json::json!({"a": 1})).is_ok());
        assert!(Metadata::parse(serde_json::json!([1])).is_err());
        let long = serde_json::json!({"a": "x".repeat(LONGEST_JSON)});
        assert!(Metadata::parse(long.clone()).is_err());
        assert!(Metadata::parse_by_administrator(long).is_ok());
        assert!(Metadata::parse(serde_json::json!({"a": [{"b": "\u{0}"}]})).is_err());
        assert!(CodeChallenge::parse(&"a".repeat(43)).is_ok());
        assert!(CodeChallenge::parse(&"=".repeat(43)).is_err());
    }
}
