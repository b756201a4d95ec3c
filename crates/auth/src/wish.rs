//! What a client wants of the session that it opens.

use chrono::TimeDelta;

use crate::policy::Policy;
use crate::value::SessionName;

/// How a session is used, which decides how long it lasts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SessionKind {
    /// In a browser, or wherever nothing else is said.
    #[default]
    Regular,
    /// In a mobile application: used seldom and for years.
    App,
}

impl SessionKind {
    /// The name in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Regular => "regular",
            Self::App => "app",
        }
    }

    /// How long it lives without being used, and at most.
    pub(crate) fn lifetimes(self, policy: &Policy) -> (TimeDelta, TimeDelta) {
        match self {
            Self::Regular => (policy.session_idle_lifetime, policy.session_lifetime),
            Self::App => (policy.app_session_idle_lifetime, policy.app_session_lifetime),
        }
    }
}

/// What a client wants of the session that it opens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionWish {
    /// How it is used.
    pub kind: SessionKind,
    /// What the user calls it, as a device.
    pub name: Option<SessionName>,
}
