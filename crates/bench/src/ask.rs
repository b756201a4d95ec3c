//! What is asked of the service.

use crate::work::Work;

/// Rows of one insert of many.
pub(crate) const MANY: usize = 100;

/// A user that is not there yet, with places to fill.
const OBJECT: &str =
    r#"{"displayName":"User $$number$$","locale":"en","email":"new-$$unique$$@example.org"}"#;

/// Asks what a passkey signs.
pub(crate) const PASSKEY_ASK: &str = "mutation PasskeyAsk { signInWebauthn }";

/// Signs in with a passkey.
pub(crate) const PASSKEY: &str = "mutation Passkey($credential: jsonb!) \
    { verifySignInWebauthn(credential: $credential) { session { accessToken refreshToken } } }";

/// Answers a challenge with a code.
pub(crate) const TOTP: &str = "mutation Totp($ticket: String!, $code: String!) \
    { verifySignInMfaTotp(ticket: $ticket, code: $code) { session { accessToken refreshToken } } }";

/// Proves a session anew with a code.
pub(crate) const ELEVATION: &str = "mutation Elevate($code: String!) \
    { elevateTotp(code: $code) { accessToken accessTokenExpiresIn } }";

/// A document with its variables and the beginning of a right answer.
pub(crate) struct Ask {
    /// The document.
    pub(crate) query: &'static str,
    /// The variables as JSON, with places to fill.
    variables: &'static str,
    /// What a right answer begins with.
    pub(crate) expected: &'static str,
}

impl Ask {
    /// The variables with the objects of an insert in their place.
    pub(crate) fn variables(&self) -> String {
        self.variables
            .replace("$$objects$$", &vec![OBJECT; MANY].join(","))
            .replace("$$object$$", OBJECT)
    }
}

impl Work {
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
            Self::SignIn | Self::Entry => Ask {
                query: "mutation SignIn($email: citext!, $password: String!) \
                        { signInEmailPassword(email: $email, password: $password) \
                        { session { accessToken refreshToken } } }",
                variables: match self {
                    Self::Entry => r#"{"email":"$$address$$","password":"$$password$$"}"#,
                    _ => r#"{"email":"$$email$$","password":"$$password$$"}"#,
                },
                expected: r#"{"data":{"signInEmailPassword":{"session":{"accessToken":""#,
            },
            Self::PasskeyAsk => Ask {
                query: PASSKEY_ASK,
                variables: "{}",
                expected: r#"{"data":{"signInWebauthn":{"#,
            },
            // The variables are made beforehand, for each request its own.
            Self::Passkey | Self::PasskeyFlood => Ask {
                query: PASSKEY,
                variables: "{}",
                expected: r#"{"data":{"verifySignInWebauthn":{"session":{"accessToken":""#,
            },
            Self::Totp => Ask {
                query: TOTP,
                variables: "{}",
                expected: r#"{"data":{"verifySignInMfaTotp":{"session":{"accessToken":""#,
            },
            Self::Elevation => Ask {
                query: ELEVATION,
                variables: "{}",
                expected: r#"{"data":{"elevateTotp":{"accessToken":""#,
            },
            Self::Refresh => Ask {
                query: "mutation Refresh($token: String) { refreshToken(refreshToken: $token) \
                        { accessToken refreshToken } }",
                variables: r#"{"token":"$$token$$"}"#,
                expected: r#"{"data":{"refreshToken":{"accessToken":""#,
            },
            Self::Sessions => Ask {
                query: "query Sessions { authRefreshTokens(order_by: {createdAt: desc}, limit: 20) { id type name \
                        createdAt lastUsedAt expiresAt ip userAgent authenticationMethods } }",
                variables: "{}",
                expected: r#"{"data":{"authRefreshTokens":[{"id":""#,
            },
            Self::Code => Ask {
                query: "mutation Code($email: citext!) { signInOtpEmail(email: $email) }",
                variables: r#"{"email":"$$address$$"}"#,
                expected: r#"{"data":{"signInOtpEmail":true"#,
            },
            Self::TokenCheck => Ask {
                query: "query Me { me { id } }",
                variables: "{}",
                expected: r#"{"data":{"me":{"id":""#,
            },
            Self::Levels => Ask {
                query: "query Levels($limit: Int!) { users(limit: $limit, order_by: {createdAt: desc}) \
                        { id displayName members { role org { id name } } } }",
                variables: r#"{"limit":20}"#,
                expected: r#"{"data":{"users":[{"id":""#,
            },
            Self::Filter => Ask {
                query: "query Filter($before: timestamptz!) { users(where: {createdAt: {_lt: $before}, \
                        emailVerified: {_eq: true}}, order_by: {createdAt: desc}, limit: 20) \
                        { id createdAt displayName email locale } }",
                variables: r#"{"before":"$$moment$$"}"#,
                expected: r#"{"data":{"users":["#,
            },
            Self::Nested => Ask {
                query: "query Nested($org: uuid!, $locale: String!) { membersAggregate(where: \
                        {orgId: {_eq: $org}, user: {locale: {_eq: $locale}}}) { aggregate { count } } }",
                variables: r#"{"org":"$$org$$","locale":"de"}"#,
                expected: r#"{"data":{"membersAggregate":{"aggregate":{"count""#,
            },
            Self::Upsert => Ask {
                query: "mutation Upsert($id: uuid!, $name: String!) { insertContact(\
                        object: {userId: $id, firstName: $name}, \
                        on_conflict: {constraint: contacts_pkey, update_columns: [firstName]}) \
                        { userId firstName name } }",
                variables: r#"{"id":"$$id$$","name":"User $$number$$"}"#,
                expected: r#"{"data":{"insertContact":{"userId":""#,
            },
            Self::Insert => Ask {
                query: "mutation Insert($object: users_insert_input!) \
                        { insertUser(object: $object) { id displayName } }",
                variables: r#"{"object":$$object$$}"#,
                expected: r#"{"data":{"insertUser":{"id":""#,
            },
            Self::Inserts => Ask {
                query: "mutation Inserts($objects: [users_insert_input!]!) \
                        { insertUsers(objects: $objects) { affected_rows returning { id displayName } } }",
                variables: r#"{"objects":[$$objects$$]}"#,
                expected: r#"{"data":{"insertUsers":{"affected_rows":100"#,
            },
            Self::Update => Ask {
                query: "mutation Update($id: uuid!, $name: String!) \
                        { updateUser(pk_columns: {id: $id}, _set: {displayName: $name}) { id displayName } }",
                variables: r#"{"id":"$$id$$","name":"User $$number$$"}"#,
                expected: r#"{"data":{"updateUser":{"id":""#,
            },
        })
    }
}
