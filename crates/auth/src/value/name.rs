//! Names: those that identify and those that are shown.

use unicode_normalization::UnicodeNormalization;

use crate::refusal::Refusal;
use crate::value::invalid;

/// A name to sign in with; compared without regard to case, stored in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Username(String);

impl Username {
    /// Takes 2 to 64 ASCII letters, digits, dots, underscores and hyphens, first a letter or digit.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        if !(2..=64).contains(&text.chars().count()) {
            return Err(invalid("username", "must have 2 to 64 characters"));
        }
        if !text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        {
            return Err(invalid(
                "username",
                "may consist of letters, digits, '.', '_' and '-' only",
            ));
        }
        if !text.starts_with(|first: char| first.is_ascii_alphanumeric()) {
            return Err(invalid("username", "must start with a letter or digit"));
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A name as shown to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisplayName(String);

impl DisplayName {
    /// Takes 1 to 64 characters without control characters; white space around it goes.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        shown("displayName", text).map(Self)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A given or family name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonName(String);

impl PersonName {
    /// Takes 1 to 64 characters without control characters; `field` is the argument it came in.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, Refusal> {
        shown(field, text).map(Self)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a user calls a passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nickname(String);

impl Nickname {
    /// Takes 1 to 64 characters without control characters; white space around it goes.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        shown("nickname", text).map(Self)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name, to be stored.
    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

/// What a user calls a session or a personal access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionName(String);

impl SessionName {
    /// Takes 1 to 64 characters without control characters; `field` is the argument it came in.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, Refusal> {
        shown(field, text).map(Self)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn shown(field: &'static str, text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    if text.chars().count() > 64 {
        return Err(invalid(field, "may have 64 characters at most"));
    }
    let text: String = text.nfc().collect();
    if text.is_empty() {
        return Err(invalid(field, "must not be empty"));
    }
    if text
        .chars()
        .any(|character| character.is_control() || turns_text(character))
    {
        return Err(invalid(field, "must not contain control characters"));
    }
    Ok(text)
}

/// Marks that turn the direction of what follows, beyond the name itself.
fn turns_text(character: char) -> bool {
    matches!(character, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames() {
        assert_eq!(Username::parse(" Ada.L-1_x ").unwrap().as_str(), "ada.l-1_x");
        for text in ["", "a", ".ada", "_ada", "a da", "ada@x", "ädä", &"a".repeat(65)] {
            let refusal = Username::parse(text).unwrap_err();
            assert!(
                matches!(
                    refusal,
                    Refusal::InvalidInput {
                        field: "username",
                        ..
                    }
                ),
                "{text}"
            );
        }
    }

    #[test]
    fn shown_names() {
        assert_eq!(
            DisplayName::parse("  Ada Łovelace 💛 ").unwrap().as_str(),
            "Ada Łovelace 💛"
        );
        for text in ["", "   ", "a\u{0}b", "a\nb", "a\u{202E}b", &"ä".repeat(65)] {
            assert!(DisplayName::parse(text).is_err(), "{text:?}");
        }
        let refusal = PersonName::parse("firstName", "").unwrap_err();
        assert_eq!(refusal.message(), "firstName must not be empty");
    }
}
