//! The messages there are.

/// Which message it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Template {
    /// Asks the owner of an address to confirm it.
    EmailVerify,
    /// Tells the owner of an address that somebody tried to sign up with it.
    EmailTaken,
}

impl Template {
    /// All of them.
    pub(crate) const ALL: [Self; 2] = [Self::EmailVerify, Self::EmailTaken];

    /// The name in the outbox and of the folder with its files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::EmailVerify => "email-verify",
            Self::EmailTaken => "email-taken",
        }
    }

    /// The template of this name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|template| template.name() == name)
    }

    /// Whether it carries a code beside the link.
    pub(crate) fn has_code(self) -> bool {
        match self {
            Self::EmailVerify => true,
            Self::EmailTaken => false,
        }
    }
}
