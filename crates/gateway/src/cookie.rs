//! The refresh token in a cookie, for web pages that need not hold it themselves. It renews and ends its session and
//! does nothing else.

use std::sync::{Mutex, PoisonError};

use http::header::{COOKIE, ORIGIN, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use portico_auth::Session;

/// The prefix makes browsers refuse it from another host and without TLS (RFC 6265bis section 4.1.3.2).
const NAME: &str = "__Host-portico-refresh";
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";

/// A listed web page that sends a request as JSON.
pub(crate) struct Browser {
    token: Option<String>,
    /// The cookie as it will be.
    changed: Mutex<Option<HeaderValue>>,
}

impl Browser {
    /// Reads the headers; nothing unless the page is listed, whatever cookies came along.
    pub(crate) fn of(headers: &HeaderMap, listed: &[String]) -> Option<Self> {
        let mut origins = headers.get_all(ORIGIN).iter();
        let (Some(origin), None) = (origins.next(), origins.next()) else {
            return None;
        };
        let origin = origin.to_str().ok()?;
        listed.iter().any(|listed| listed == origin).then(|| Self {
            token: token(headers),
            changed: Mutex::default(),
        })
    }

    /// The refresh token that came along.
    pub(crate) fn token(&self) -> Option<String> {
        self.token.clone()
    }

    /// Takes the refresh token out of what is answered into the cookie, which lives for so many seconds.
    pub(crate) fn keep(&self, mut session: Session, seconds: i64) -> Session {
        let cookie = session
            .refresh_token
            .take()
            .map(|token| format!("{NAME}={}; Max-Age={seconds}; {ATTRIBUTES}", token.reveal()));
        self.change(cookie);
        session
    }

    /// Lets the browser forget the cookie.
    pub(crate) fn forget(&self) {
        self.change(Some(format!("{NAME}=; Max-Age=0; {ATTRIBUTES}")));
    }

    /// Writes what became of the cookie.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        let changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(cookie) = changed {
            headers.insert(SET_COOKIE, cookie);
        }
    }

    fn change(&self, cookie: Option<String>) {
        // A token is letters, digits, `_` and `-`.
        let cookie = cookie.and_then(|cookie| HeaderValue::try_from(cookie).ok());
        *self.changed.lock().unwrap_or_else(PoisonError::into_inner) = cookie.map(|mut cookie| {
            cookie.set_sensitive(true);
            cookie
        });
    }
}

/// The value of the cookie, if it came once.
fn token(headers: &HeaderMap) -> Option<String> {
    let pairs = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let pairs = pairs
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(name, _)| *name == NAME).map(|(_, value)| value);
    match (values.next(), values.next()) {
        (Some(value), None) if !value.is_empty() => Some(value.to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTED: &str = "https://app.example.org";

    fn browser(headers: &[(&'static str, &'static str)]) -> Option<Browser> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        Browser::of(&map, &[LISTED.to_owned()])
    }

    #[test]
    fn a_page_counts_that_is_listed_letter_by_letter() {
        assert!(browser(&[("origin", LISTED)]).is_some());
        for origin in [
            "null",
            "",
            "http://app.example.org",
            "https://app.example.org:444",
            "https://app.example.org.evil.example",
            "https://evil.example",
            "https://app.example.org/",
        ] {
            assert!(browser(&[("origin", origin)]).is_none(), "{origin}");
        }
        assert!(browser(&[]).is_none());
        assert!(browser(&[("origin", LISTED), ("origin", "https://evil.example")]).is_none());
        assert!(browser(&[("referer", LISTED)]).is_none());
    }

    #[test]
    fn a_cookie_counts_that_came_once_under_its_whole_name() {
        let token = |cookies: &'static str| {
            browser(&[("origin", LISTED), ("cookie", cookies)]).and_then(|browser| browser.token())
        };
        assert_eq!(
            token("a=b; __Host-portico-refresh=prt_x; c=d").as_deref(),
            Some("prt_x")
        );
        assert_eq!(
            token("__Host-portico-refresh=prt_x; __Host-portico-refresh=prt_y"),
            None
        );
        for cookies in [
            "portico-refresh=prt_x",
            "__host-portico-refresh=prt_x",
            "__Host-portico-refresh=",
            "__Host-portico-refresh",
            ";;;",
        ] {
            assert_eq!(token(cookies), None, "{cookies}");
        }
    }
}
