//! The kinds of work measured: what is asked, and what others reach.

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
    /// A password sign-in.
    SignIn,
    /// A refresh with rotation.
    Refresh,
    /// Whether a token is good.
    TokenCheck,
    /// A change of a user by key.
    Update,
    /// The profile while 64 connections sign in.
    Flood,
}

/// Every kind of work, in the order of the table.
pub(crate) const ALL: [Work; 9] = [
    Work::Empty,
    Work::Profile,
    Work::List,
    Work::Count,
    Work::Update,
    Work::TokenCheck,
    Work::Refresh,
    Work::SignIn,
    Work::Flood,
];

/// A document with its variables and the beginning of a right answer.
pub(crate) struct Ask {
    /// The document.
    pub(crate) query: &'static str,
    /// The variables as JSON, with places to fill.
    pub(crate) variables: &'static str,
    /// What a right answer begins with.
    pub(crate) expected: &'static str,
}

impl Work {
    /// The name in the table and for `--only`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Profile => "profile",
            Self::List => "list",
            Self::Count => "count",
            Self::SignIn => "sign-in",
            Self::Refresh => "refresh",
            Self::TokenCheck => "me",
            Self::Update => "update",
            Self::Flood => "flood",
        }
    }

    /// What is asked; nothing where no GraphQL is.
    pub(crate) fn ask(self) -> Option<Ask> {
        Some(match self {
            Self::Empty => return None,
            Self::Profile | Self::Flood => Ask {
                query: "query Profile($id: uuid!) { user(id: $id) { id createdAt displayName avatarUrl locale \
                        email emailVerified defaultRole metadata roles { id role } } }",
                variables: r#"{"id":"$$id$$"}"#,
                expected: r#"{"data":{"user":{"id":""#,
            },
            Self::List => Ask {
                query: "query List($limit: Int!) { users(limit: $limit, order_by: {createdAt: desc}) \
                        { id createdAt displayName email emailVerified locale roles { role } } }",
                variables: r#"{"limit":100}"#,
                expected: r#"{"data":{"users":[{"id":""#,
            },
            Self::Count => Ask {
                query: "query Count($locale: String!) { usersAggregate(where: {locale: {_eq: $locale}}) \
                        { aggregate { count } } }",
                variables: r#"{"locale":"de"}"#,
                expected: r#"{"data":{"usersAggregate":{"aggregate":{"count""#,
            },
            Self::SignIn => Ask {
                query: "mutation SignIn($email: citext!, $password: String!) \
                        { signInEmailPassword(email: $email, password: $password) \
                        { session { accessToken refreshToken } } }",
                variables: r#"{"email":"$$email$$","password":"$$password$$"}"#,
                expected: r#"{"data":{"signInEmailPassword":{"session":{"accessToken":""#,
            },
            Self::Refresh => Ask {
                query: "mutation Refresh($token: String) { refreshToken(refreshToken: $token) \
                        { accessToken refreshToken } }",
                variables: r#"{"token":"$$token$$"}"#,
                expected: r#"{"data":{"refreshToken":{"accessToken":""#,
            },
            Self::TokenCheck => Ask {
                query: "query Me { me { id } }",
                variables: "{}",
                expected: r#"{"data":{"me":{"id":""#,
            },
            Self::Update => Ask {
                query: "mutation Update($id: uuid!, $name: String!) \
                        { updateUser(pk_columns: {id: $id}, _set: {displayName: $name}) { id displayName } }",
                variables: r#"{"id":"$$id$$","name":"User $$number$$"}"#,
                expected: r#"{"data":{"updateUser":{"id":""#,
            },
        })
    }

    /// What is aimed at, and what others reach on a machine of the same kind.
    pub(crate) fn aim(self, postgres: bool) -> &'static str {
        match (self, postgres) {
            (Self::Profile, true) => "aim 0.9, CPU 2.8 x empty; PostGraphile 0.13",
            (Self::Profile, false) => "aim 0.6",
            (Self::List, true) => "aim 1.2; PostGraphile 0.24",
            (Self::List, false) => "aim 0.9",
            (Self::Count, true) => "aim 0.9; PostGraphile 0.54",
            (Self::SignIn, _) => "aim 0.95",
            (Self::Refresh, true) => "aim 0.6, CPU 100 us; Hasura Auth 3112/s, CPU 270 us",
            (Self::Flood, _) => {
                "aim 0.4, p99 20 ms; Hasura Auth 0.0008 (8785 to 7/s, p99 1.4 s), better-auth 0.006"
            }
            _ => "",
        }
    }
}

/// What is aimed at for a start, and what others reach.
pub(crate) const START_AIM: &str =
    "aim: start 50 ms, idle 20 MB, binary 25 MB; Hasura Auth 76 ms, 28 MB, 37 MB";
