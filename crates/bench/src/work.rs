//! The kinds of work measured, and what others reach.

/// A kind of work.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// The cheapest answer the service can give.
    Empty,
    /// A user by key with roles.
    Profile,
    /// A hundred users with roles.
    List,
    /// How many users fit a filter.
    Count,
    /// Twenty users with their memberships and the organisations of these.
    Levels,
    /// The twenty users before a moment that fit a filter, the next page of a list.
    Filter,
    /// How many members of an organisation have a user that fits a filter.
    Nested,
    /// A password sign-in.
    SignIn,
    /// What a passkey is asked with.
    PasskeyAsk,
    /// The signature of a passkey that signs in.
    Passkey,
    /// The same while 64 connections sign in with a password.
    PasskeyFlood,
    /// A code of an authenticator application after a password.
    Totp,
    /// A code of an authenticator application in a session, which it elevates.
    Elevation,
    /// A refresh with rotation.
    Refresh,
    /// The sessions of one of all users, asked for by that user.
    Sessions,
    /// A mail with a code for one of all users.
    Code,
    /// The sign-in of one of all users by a password whose hash costs next to nothing.
    Entry,
    /// Whether a token is good.
    TokenCheck,
    /// A change of a user by key.
    Update,
    /// A contact that is there already.
    Upsert,
    /// A new user, with the role and the entry of the audit that come with it.
    Insert,
    /// A hundred of them.
    Inserts,
    /// The profile while 64 connections sign in.
    Flood,
}

/// Every kind of work, in the order of the table.
pub(crate) const ALL: [Work; 23] = [
    Work::Empty,
    Work::Profile,
    Work::List,
    Work::Count,
    Work::Levels,
    Work::Filter,
    Work::Nested,
    Work::Update,
    Work::Upsert,
    Work::Insert,
    Work::Inserts,
    Work::TokenCheck,
    Work::Refresh,
    Work::Sessions,
    Work::Code,
    Work::Totp,
    Work::Elevation,
    Work::PasskeyAsk,
    Work::Passkey,
    Work::SignIn,
    Work::Flood,
    Work::PasskeyFlood,
    Work::Entry,
];

impl Work {
    /// The name in the table and for `--only`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Profile => "profile",
            Self::List => "list",
            Self::Count => "count",
            Self::SignIn => "sign-in",
            Self::PasskeyAsk => "passkey-ask",
            Self::Passkey => "passkey-sign-in",
            Self::PasskeyFlood => "passkey-flood",
            Self::Totp => "totp",
            Self::Elevation => "elevate-totp",
            Self::Refresh => "refresh",
            Self::Sessions => "sessions",
            Self::Code => "code",
            Self::Entry => "entry",
            Self::TokenCheck => "me",
            Self::Levels => "levels",
            Self::Filter => "filter",
            Self::Nested => "nested",
            Self::Update => "update",
            Self::Upsert => "upsert",
            Self::Insert => "insert",
            Self::Inserts => "inserts",
            Self::Flood => "flood",
        }
    }

    /// Whether it is measured while others sign in with a password.
    pub(crate) fn is_beside_flood(self) -> bool {
        matches!(self, Self::Flood | Self::PasskeyFlood)
    }

    /// Whether rows are written.
    pub(crate) fn writes(self) -> bool {
        matches!(
            self,
            Self::Update | Self::Upsert | Self::Insert | Self::Inserts | Self::Refresh
        )
    }

    /// What is aimed at, and what others reach on a machine of the same kind.
    pub(crate) fn aim(self, postgres: bool) -> &'static str {
        match (self, postgres) {
            (Self::Profile, true) => "aim 0.9, CPU 2.8 x empty; PostGraphile 0.13",
            (Self::Profile, false) => "aim 0.6",
            (Self::List, true) => "aim 1.2; PostGraphile 0.24",
            (Self::List, false) => "aim 0.9",
            (Self::Count, true) => "aim 0.9; PostGraphile 0.54",
            (
                Self::Levels
                | Self::Filter
                | Self::Nested
                | Self::Update
                | Self::Upsert
                | Self::Insert
                | Self::Inserts,
                postgres,
            ) => {
                if postgres {
                    "aim 0.8"
                } else {
                    "aim 0.6"
                }
            }
            (Self::SignIn, _) => "aim 0.95",
            (Self::Totp | Self::Elevation, _) => "aim CPU 300 us",
            (Self::Passkey, _) => "aim CPU 2000 us, passkey-ask included",
            (Self::PasskeyFlood, _) => "aim p99 50 ms",
            (Self::Refresh, true) => "aim 0.6, CPU 100 us; Hasura Auth 3112/s, CPU 270 us",
            (Self::Flood, _) => {
                "aim 0.4, p99 20 ms; Hasura Auth 0.0008 (8785 to 7/s, p99 1.4 s), better-auth 0.006"
            }
            (Self::Sessions | Self::Code | Self::Entry, _) => "aim CPU 1.3 x that at 10000 users",
            _ => "",
        }
    }
}

/// What is aimed at for a start, and what others reach.
pub(crate) const START_AIM: &str =
    "aim: start 50 ms, idle 20 MB, binary 25 MB; Hasura Auth 76 ms, 28 MB, 37 MB";
