//! What values a setting may have: each rule says it in words and checks it in code.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use axum::http::Uri;
use lettre::message::Mailbox;
use percent_encoding::percent_decode_str;
use portico_auth::value::Email;
use portico_auth::{ElevatedOperation, Proof};
use portico_gateway::http::Network;
use portico_gateway::session_operations;
use tracing_subscriber::EnvFilter;
use uuid::Uuid;

use super::types::{DatabaseUrl, Secret, SmtpUrl};

/// From the text to the value; nothing where the text is not allowed.
type Parse<T> = Box<dyn Fn(&str) -> Option<T>>;

/// The values that a setting may have.
pub(super) struct Rule<T> {
    /// In words, for the person who gave a wrong one.
    pub(super) allowed: String,
    /// Whether values must never be shown.
    pub(super) secret: bool,
    /// The typed value; an empty text is what an unset setting without default has.
    pub(super) parse: Parse<T>,
}

fn rule<T>(allowed: impl Into<String>, parse: impl Fn(&str) -> Option<T> + 'static) -> Rule<T> {
    Rule {
        allowed: allowed.into(),
        secret: false,
        parse: Box::new(parse),
    }
}

/// A setting that may stay unset.
pub(super) fn optional<T: 'static>(inner: Rule<T>) -> Rule<Option<T>> {
    let Rule {
        allowed,
        secret,
        parse,
    } = inner;
    let parse = move |text: &str| {
        if text.is_empty() {
            Some(None)
        } else {
            parse(text).map(Some)
        }
    };
    Rule {
        allowed,
        secret,
        parse: Box::new(parse),
    }
}

/// Values separated by commas; none is allowed.
pub(super) fn list<T: 'static>(inner: Rule<T>) -> Rule<Vec<T>> {
    rule(
        format!("{}; several are separated by commas", inner.allowed),
        move |text| {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            items.map(|item| (inner.parse)(item)).collect()
        },
    )
}

/// One of a few words.
pub(super) fn one_of<T: Copy + 'static>(words: &'static [(&'static str, T)]) -> Rule<T> {
    let names: Vec<_> = words.iter().map(|(word, _)| *word).collect();
    rule(names.join(" or "), move |text| {
        words
            .iter()
            .find(|(word, _)| *word == text)
            .map(|(_, value)| *value)
    })
}

/// Yes or no.
pub(super) fn switch() -> Rule<bool> {
    one_of(&[("true", true), ("false", false)])
}

/// A whole number between two others.
pub(super) fn number(least: u32, most: u32) -> Rule<u32> {
    rule(format!("a whole number from {least} to {most}"), move |text| {
        text.parse().ok().filter(|value| (least..=most).contains(value))
    })
}

const UNITS: &[(&str, u64)] = &[("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1), ("", 1)];

/// A time between two others, both in seconds.
pub(super) fn time(least: u64, most: u64) -> Rule<Duration> {
    let words = format!(
        "a time from {} to {}, as 90s, 15m, 12h or 30d",
        in_words(least),
        in_words(most)
    );
    rule(words, move |text| {
        let (digits, unit) = UNITS
            .iter()
            .find_map(|(unit, size)| Some((text.strip_suffix(unit)?, size)))?;
        let seconds = digits.parse::<u64>().ok()?.checked_mul(*unit)?;
        (least..=most)
            .contains(&seconds)
            .then(|| Duration::from_secs(seconds))
    })
}

fn in_words(seconds: u64) -> String {
    // Nothing is a whole number of days, too, but reads better in seconds.
    let unit = UNITS
        .iter()
        .find(|(_, size)| seconds >= *size && seconds.is_multiple_of(*size));
    unit.map_or_else(
        || format!("{seconds}s"),
        |(unit, size)| format!("{}{unit}", seconds / size),
    )
}

/// An address and port to listen on.
pub(super) fn socket_address() -> Rule<SocketAddr> {
    rule(
        "an IP address and a port, as 127.0.0.1:8080 or [::1]:8080",
        |text| text.parse().ok(),
    )
}

/// A place in the file system.
pub(super) fn path() -> Rule<PathBuf> {
    rule("a path", |text| (!text.is_empty()).then(|| PathBuf::from(text)))
}

/// An absolute address of the web to which paths can be added, without a slash at its end.
pub(super) fn web_url() -> Rule<String> {
    rule("an http:// or https:// address without ? and #", |text| {
        let ends = text.contains(['?', '#']);
        (is_web(text) && !ends).then(|| text.trim_end_matches('/').to_owned())
    })
}

/// An absolute address of the web as a page has it, with all that belongs to it, without a slash at the end of its
/// path where nothing is behind that.
pub(super) fn page_url() -> Rule<String> {
    rule("an http:// or https:// address", |text| {
        let bare = !text.contains(['?', '#']);
        is_web(text).then(|| if bare { text.trim_end_matches('/') } else { text }.to_owned())
    })
}

fn is_web(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else {
        return false;
    };
    let web = matches!(uri.scheme_str(), Some("http" | "https"));
    web && uri.host().is_some_and(|host| !host.is_empty()) && !text.contains('@')
}

/// An address that users may be sent to, with all below it.
pub(super) fn redirect_url() -> Rule<String> {
    rule(
        "an http:// or https:// address without ? and #, whose host may begin with *. for one label",
        |text| {
            let whole = text.replacen("://*.", "://any.", 1);
            let fits = !whole.contains('*') && (web_url().parse)(&whole).is_some();
            fits.then(|| text.trim_end_matches('/').to_owned())
        },
    )
}

/// What a browser sends as `Origin`.
pub(super) fn origin() -> Rule<String> {
    rule("an origin as https://app.example.org, without a path", |text| {
        let url: url::Url = (web_url().parse)(text)?.parse().ok()?;
        // As browsers write it: in small letters, and without the port that goes without saying.
        (url.path() == "/").then(|| url.origin().ascii_serialization())
    })
}

/// A name of a host.
pub(super) fn domain() -> Rule<String> {
    rule("a domain as example.org", |text| {
        let label = |label: &str| {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            !label.is_empty() && label.len() <= 63 && label.bytes().all(fits)
        };
        let numeric = text
            .rsplit('.')
            .next()
            .is_none_or(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
        (text.len() <= 253 && text.split('.').all(label) && !numeric).then(|| text.to_ascii_lowercase())
    })
}

/// A model of an authenticator.
pub(super) fn model() -> Rule<Uuid> {
    rule("an AAGUID as fbfc3007-154e-4ecc-8c0b-6e020557d7bd", |text| {
        text.parse().ok()
    })
}

/// A range of addresses.
pub(super) fn network() -> Rule<Network> {
    rule("an IP address or network, as 10.0.0.0/8", |text| {
        text.parse().ok()
    })
}

/// A name of a role.
pub(super) fn role() -> Rule<String> {
    rule("a role: letters, digits, _ and -, at most 64", |text| {
        let fits = text
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "_-".contains(letter));
        (fits && (1..=64).contains(&text.len())).then(|| text.to_owned())
    })
}

/// An operation that needs a session, alone or with what has to prove the user.
pub(super) fn elevated_operation() -> Rule<ElevatedOperation> {
    let names: Vec<&str> = session_operations().collect();
    let proofs: Vec<&str> = Proof::ALL.into_iter().map(Proof::as_str).collect();
    let words = format!(
        "{}, also with proofs ({}), as changePassword=totp+webauthn",
        names.join(" or "),
        proofs.join(" or ")
    );
    rule(words, move |text| {
        let (name, proofs) = match text.split_once('=') {
            Some((name, proofs)) => (name, proofs.split('+').map(Proof::parse).collect::<Option<_>>()?),
            None => (text, Vec::new()),
        };
        names.contains(&name).then(|| ElevatedOperation {
            name: name.to_owned(),
            proofs,
        })
    })
}

/// A few words for people.
pub(super) fn words() -> Rule<String> {
    rule("words, at most 64 characters", |text| {
        let fits = !text.chars().any(char::is_control) && (1..=64).contains(&text.chars().count());
        fits.then(|| text.to_owned())
    })
}

/// A language by two letters.
pub(super) fn locale() -> Rule<String> {
    rule("two lower-case letters, as en", |text| {
        let fits = text.len() == 2 && text.chars().all(|letter| letter.is_ascii_lowercase());
        fits.then(|| text.to_owned())
    })
}

/// What the log lets through.
pub(super) fn log_filter() -> Rule<String> {
    rule(
        "error, warn, info, debug, trace or off, also by module, as info,portico_auth=debug",
        |text| {
            // The filter's parser takes any single word for a module.
            let level = |part: &str| {
                let level = part.rsplit_once('=').map_or(part, |(_, level)| level);
                ["error", "warn", "info", "debug", "trace", "off"].contains(&level)
            };
            let fits = text.split(',').all(level) && EnvFilter::try_new(text).is_ok();
            fits.then(|| text.to_owned())
        },
    )
}

/// Where the data is.
pub(super) fn database_url() -> Rule<DatabaseUrl> {
    let parsed = rule("sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE", |text| {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            let file = !path.contains(":memory:") && !path.contains('?');
            return file.then(|| DatabaseUrl::Sqlite((!path.is_empty()).then(|| PathBuf::from(path))));
        }
        let postgres = text.starts_with("postgres://") || text.starts_with("postgresql://");
        // The rest of it is read where it can be told what is wrong with it.
        postgres.then(|| DatabaseUrl::Postgres(Secret::new(text)))
    });
    Rule {
        secret: true,
        ..parsed
    }
}

/// Where mail is handed over.
pub(super) fn mail_url() -> Rule<SmtpUrl> {
    let parsed = rule(
        "smtp://USER:PASSWORD@HOST:PORT or smtps://…, special characters percent-encoded",
        |text| {
            let url: url::Url = text.parse().ok()?;
            let secure = match url.scheme() {
                "smtp" => false,
                "smtps" => true,
                _ => return None,
            };
            let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
            let decoded = |text: &str| percent_decode_str(text).decode_utf8().ok().map(String::from);
            let credentials = match (url.username(), url.password()) {
                ("", None) => None,
                (user, password) => Some((decoded(user)?, Secret::new(decoded(password?)?))),
            };
            let host = url.host_str().filter(|host| bare && !host.is_empty())?;
            Some(SmtpUrl {
                secure,
                host: host.trim_matches(['[', ']']).to_owned(),
                port: url.port().unwrap_or(if secure { 465 } else { 587 }),
                credentials,
            })
        },
    );
    Rule {
        secret: true,
        ..parsed
    }
}

/// An address of mail.
pub(super) fn email() -> Rule<Email> {
    rule("an email address", |text| Email::parse(text).ok())
}

/// A domain of mail.
pub(super) fn email_domain() -> Rule<String> {
    rule("a domain, as example.org", Email::parse_domain)
}

/// Who sends mail.
pub(super) fn mailbox() -> Rule<Mailbox> {
    rule("an address, as Portico <no-reply@example.org>", |text| {
        let mailbox: Mailbox = text.parse().ok()?;
        let printable = !text.chars().any(char::is_control) && mailbox.email.to_string().is_ascii();
        printable.then_some(mailbox)
    })
}

/// A secret of letters that a header can carry.
pub(super) fn secret() -> Rule<Secret> {
    let parsed = rule("visible ASCII characters, at least 32 in production", |text| {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        (visible && !text.is_empty()).then(|| Secret::new(text))
    });
    Rule {
        secret: true,
        ..parsed
    }
}
