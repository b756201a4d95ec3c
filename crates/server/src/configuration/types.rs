//! Values of settings as types: what was parsed once is not parsed again.

use std::fmt;
use std::path::PathBuf;

/// Where the service runs; decides several defaults and what is demanded at start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// On one's own machine: everything that is missing is made.
    Development,
    /// For others to use: secrets are given, nothing is exposed by default.
    Production,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines, one object a line.
    Json,
}

/// A text that must not be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text from being shown by accident.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(secret)")
    }
}

/// How the way to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// Not at all.
    None,
    /// By TLS, once the server was greeted; without it nothing is sent.
    StartTls,
    /// By TLS from the first byte.
    Implicit,
}

/// Where mail is handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpUrl {
    /// Whether the scheme is `smtps`.
    pub secure: bool,
    /// The server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// User and password, where the server asks for them.
    pub credentials: Option<(String, Secret)>,
}

/// Where the data is.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file beside the service; none means `portico.db` in the data directory.
    Sqlite(Option<PathBuf>),
    /// A server, with everything needed to connect.
    Postgres(Secret),
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(Some(path)) => write!(formatter, "sqlite:{}", path.display()),
            Self::Sqlite(None) => formatter.write_str("sqlite:"),
            Self::Postgres(_) => formatter.write_str("postgres://(secret)"),
        }
    }
}
