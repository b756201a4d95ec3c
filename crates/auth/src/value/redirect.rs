//! Where a user may be sent afterwards.

use crate::policy::Policy;
use crate::refusal::Refusal;
use crate::value::invalid;

/// An address that the operator listed, or one below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectUrl(String);

impl RedirectUrl {
    /// Takes the client URL, a listed URL, or anything below one of them.
    pub fn parse(text: &str, policy: &Policy) -> Result<Self, Refusal> {
        if text.len() > 2048 {
            return Err(invalid("redirectTo", "may have 2048 characters at most"));
        }
        let mut allowed = policy.client_url.iter().chain(&policy.redirect_urls);
        if is_plain(text) && allowed.any(|base| is_below(text, base)) {
            return Ok(Self(text.to_owned()));
        }
        Err(Refusal::RedirectNotAllowed)
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Browsers and this code must read the same address: nothing they would change while parsing.
fn is_plain(text: &str) -> bool {
    let path = text.split(['?', '#']).next().unwrap_or_default();
    let lower = path.to_ascii_lowercase().replace("%2e", ".");
    text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        && !lower.split('/').any(|segment| segment == "." || segment == "..")
}

fn is_below(text: &str, base: &str) -> bool {
    let base = base.trim_end_matches('/');
    !base.is_empty()
        && text
            .strip_prefix(base)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_addresses_and_what_is_below_them() {
        let policy = Policy {
            client_url: Some("https://app.example.org/".into()),
            redirect_urls: vec!["https://other.example.org/in".into(), "myapp://open".into()],
            ..Policy::default()
        };
        for text in [
            "https://app.example.org",
            "https://app.example.org/",
            "https://app.example.org/a?b=..#c",
            "https://other.example.org/in/x",
            "myapp://open/x",
        ] {
            assert!(RedirectUrl::parse(text, &policy).is_ok(), "{text}");
        }
        for text in [
            "",
            "https://app.example.org.evil.com",
            "https://app.example.org@evil.com",
            "https://app.example.org:8443/",
            "http://app.example.org/",
            "https://other.example.org/inside",
            "https://other.example.org/in/../out",
            "https://other.example.org/in/%2E%2e/out",
            "https://other.example.org/in\\..\\out",
            "https://app.example.org/\n",
            "//app.example.org",
        ] {
            assert!(RedirectUrl::parse(text, &policy).is_err(), "{text}");
        }
    }
}
