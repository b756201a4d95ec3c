//! Names that whoever attacks an account knows: a password must not be made of them.

use crate::policy::Policy;

/// Shorter names stand in too many words.
const SHORTEST: usize = 3;
/// With so many letters beside the names a password counts as more than these.
const OTHER_LETTERS: usize = 4;

/// Names of a user and of the service, in lower case, the longest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Names(Vec<String>);

impl Names {
    /// The names of the service with those that users have: addresses, names, what they are called. Each counts
    /// part by part.
    pub(crate) fn new<'a>(policy: &'a Policy, user: impl IntoIterator<Item = &'a str>) -> Self {
        let hosts = [Some(policy.public_url.as_str()), policy.client_url.as_deref()];
        let hosts = hosts.into_iter().flatten().filter_map(host);
        let words = policy.password_words.iter().map(String::as_str);
        let mut names: Vec<String> = (hosts.chain(words).chain(user.into_iter().map(without_last_label)))
            .flat_map(|text| text.split(|character: char| !character.is_alphanumeric()))
            .map(str::to_lowercase)
            .filter(|name| name.chars().count() >= SHORTEST && name.chars().any(char::is_alphabetic))
            .collect();
        names.push("portico".to_owned());
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        names.dedup();
        Self(names)
    }

    /// Whether a password in lower case is made of names, with digits, signs and a few letters beside them.
    pub(super) fn make_up(&self, lower: &str) -> bool {
        let mut rest = zeroize::Zeroizing::new(lower.to_owned());
        for name in &self.0 {
            *rest = rest.replace(name.as_str(), "\n");
        }
        let letters = rest.chars().filter(|character| character.is_alphabetic()).count();
        rest.contains('\n') && letters < OTHER_LETTERS
    }
}

/// An address without the end of its domain, which says nothing of its owner.
fn without_last_label(text: &str) -> &str {
    match text.split_once('@') {
        Some((local, domain)) => match domain.rfind('.') {
            Some(dot) => text.get(..local.len() + 1 + dot).unwrap_or(local),
            None => text,
        },
        None => text,
    }
}

/// The name of a web address' host without its end.
fn host(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#', ':']).next()?;
    host.rsplit_once('.').map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let policy = Policy {
            public_url: "https://login.acme.example:8443/x".to_owned(),
            client_url: Some("https://shop.example".to_owned()),
            password_words: vec!["Road Runner".to_owned()],
            ..Policy::default()
        };
        Names::new(
            &policy,
            ["ada.lovelace@analytical.org", "Ada", "Augusta King", "Al", "Łada"],
        )
    }

    #[test]
    fn a_password_made_of_names_is_recognised() {
        for password in [
            "lovelace",
            "adalovelace1",
            "2024-lovelace-!!",
            "adaada123",
            "portico123456",
            "acmeshop",
            "analytical99",
            "roadrunner",
            "xxxaugustaking",
            "łada1234",
        ] {
            assert!(names().make_up(password), "{password}");
        }
    }

    #[test]
    fn a_password_with_more_than_names_is_not() {
        for password in [
            "lovelace engine",
            "12345678",
            "correct horse",
            "alalalal",
            "organism",
            "the road home",
        ] {
            assert!(!names().make_up(password), "{password}");
        }
    }
}
