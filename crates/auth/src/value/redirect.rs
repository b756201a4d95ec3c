//! Where a user may be sent afterwards.

use url::Url;

use crate::policy::Policy;
use crate::refusal::Refusal;
use crate::value::invalid;

/// An address that the operator listed, or one below it, as browsers read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectUrl(Url);

impl RedirectUrl {
    /// Takes the client URL, a listed URL, or anything below one of them. A listed host may begin with `*.`, which
    /// stands for one label.
    pub fn parse(text: &str, policy: &Policy) -> Result<Self, Refusal> {
        if text.len() > 2048 {
            return Err(invalid("redirectTo", "may have 2048 characters at most"));
        }
        // What a browser would mend is refused: nobody needs it.
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        let url = Url::parse(text)
            .ok()
            .filter(|url| plain && url.username().is_empty() && url.password().is_none());
        let url = url.ok_or(Refusal::RedirectNotAllowed)?;
        let mut listed = policy.client_url.iter().chain(&policy.redirect_urls);
        match listed.any(|base| Url::parse(base).is_ok_and(|base| is_below(&url, &base))) {
            true => Ok(Self(url)),
            false => Err(Refusal::RedirectNotAllowed),
        }
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The address with more parameters.
    pub(crate) fn with(&self, parameters: &[(&str, String)]) -> String {
        let mut url = self.0.clone();
        url.query_pairs_mut().extend_pairs(parameters);
        url.into()
    }
}

/// Whether an address has the origin and the path of another, and perhaps more of a path.
fn is_below(url: &Url, base: &Url) -> bool {
    let origin = url.scheme() == base.scheme() && url.port_or_known_default() == base.port_or_known_default();
    let path = base.path().trim_end_matches('/');
    let rest = url.path().strip_prefix(path);
    origin
        && is_host(url.host_str().unwrap_or_default(), base.host_str().unwrap_or_default())
        && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        // Slashes and dots that are hidden from this code may show themselves to what lies behind.
        && !["%2f", "%5c", "%2e"].iter().any(|hidden| url.path().to_ascii_lowercase().contains(hidden))
}

fn is_host(host: &str, listed: &str) -> bool {
    match listed.strip_prefix("*.") {
        Some(parent) => host
            .split_once('.')
            .is_some_and(|(label, rest)| !label.is_empty() && rest == parent),
        None => host == listed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_addresses_and_what_is_below_them() {
        let policy = Policy {
            client_url: Some("https://app.example.org/".into()),
            redirect_urls: vec![
                "https://other.example.org/in".into(),
                "myapp://open".into(),
                "https://*.preview.example.org/".into(),
            ],
            ..Policy::default()
        };
        for text in [
            "https://app.example.org",
            "https://app.example.org/",
            "https://app.example.org/a?b=..#c",
            "https://other.example.org/in/x",
            "myapp://open/x",
            "https://other.example.org/in/a/../x",
            "HTTPS://APP.example.org:443/",
            "https://pr-7.preview.example.org/x",
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
            "https://preview.example.org/",
            "https://a.b.preview.example.org/",
            "https://user@app.example.org/",
            "https://app.example.org%2eevil.com/",
            "https://other.example.org/in%2f..%2fout",
            "javascript:alert(1)",
            "https:app.example.org.evil.com",
        ] {
            assert!(RedirectUrl::parse(text, &policy).is_err(), "{text}");
        }
    }
}
