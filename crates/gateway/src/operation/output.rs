//! The types that operations answer with.

use async_graphql::dynamic::{Field, Object, TypeRef};
use portico_auth::flow::CreatedPat;
use portico_auth::{MfaChallenge, Plain, Session, SignIn};
use portico_query::request::Selection;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::schema::{Types, json_field, row_field};

/// Registers the types; a session has its user only where the schema has users.
pub(super) fn types(types: Types, users: bool) -> Types {
    let session = match users {
        true => session().field(user()),
        false => session(),
    };
    types
        .with(session_payload())
        .with(session)
        .with(mfa_challenge())
        .with(personal_access_token())
        .with(auth_config())
}

/// What operations answer with that may open a session.
pub(super) const SESSION_PAYLOAD: &str = "SessionPayload";

/// An access token and its refresh token.
pub(super) const SESSION: &str = "Session";

/// The field of a session that is data.
pub(super) const SESSION_USER: &str = "user";

/// A second factor that is asked for.
pub(super) const MFA_CHALLENGE: &str = "MfaChallenge";

/// `SessionPayload!`
pub(super) fn session_payload_type() -> TypeRef {
    TypeRef::named_nn(SESSION_PAYLOAD)
}

/// `Session!`
pub(super) fn session_type() -> TypeRef {
    TypeRef::named_nn(SESSION)
}

/// `PersonalAccessToken!`
pub(super) fn pat_type() -> TypeRef {
    TypeRef::named_nn("PersonalAccessToken")
}

/// `Boolean!`
pub(super) fn boolean_type() -> TypeRef {
    TypeRef::named_nn(TypeRef::BOOLEAN)
}

/// `jsonb!`
pub(super) fn json_type() -> TypeRef {
    TypeRef::named_nn("jsonb")
}

/// What an operation came to.
pub(super) enum Outcome {
    /// A sign-in.
    SignIn(SignIn),
    /// A session.
    Session(Box<Session>),
    /// A user, as whoever asks sees it.
    User(Uuid),
    /// An object of scalars, with all that can be selected of it.
    Object(Value),
    /// A scalar, or a list of such.
    Value(Value),
}

impl Outcome {
    /// Hands the session of a sign-in to `keep`, which may take its refresh token for a cookie.
    pub(super) fn keep(self, keep: impl FnOnce(Session) -> Session) -> Self {
        match self {
            Self::SignIn(SignIn::Done(session)) => Self::SignIn(SignIn::Done(Box::new(keep(*session)))),
            other => other,
        }
    }
}

/// A value as it is.
pub(super) fn json(value: impl Into<Value>) -> Outcome {
    Outcome::Value(value.into())
}

/// It is done, and there is no more to tell.
pub(super) fn done() -> Outcome {
    json(true)
}

/// What is selected of an object of scalars.
pub(super) fn select(object: &Value, type_name: &str, selections: &[Selection]) -> Value {
    let member = |selection: &Selection| match selection.name.as_str() {
        "__typename" => type_name.into(),
        name => object.get(name).cloned().unwrap_or_default(),
    };
    let selected = selections.iter();
    Value::Object(
        selected
            .map(|selection| (selection.key.clone(), member(selection)))
            .collect(),
    )
}

/// `[String!]!`
pub(super) fn texts_type() -> TypeRef {
    TypeRef::named_nn_list_nn(TypeRef::STRING)
}

/// Secrets that are shown once.
pub(super) fn texts(texts: &[Plain]) -> Outcome {
    let texts = texts.iter().map(|text| text.reveal());
    Outcome::Value(texts.collect())
}

/// What a sign-in came to.
pub(super) fn sign_in(sign_in: SignIn) -> Outcome {
    Outcome::SignIn(sign_in)
}

/// A session with its tokens.
pub(super) fn session_value(session: Session) -> Outcome {
    Outcome::Session(Box::new(session))
}

fn session_payload() -> Object {
    Object::new(SESSION_PAYLOAD)
        .description("what a sign-in or sign-up came to")
        .field(
            row_field("session", TypeRef::named(SESSION))
                .description("the new session; null where something has to be proved first"),
        )
        .field(
            row_field("mfa", TypeRef::named(MFA_CHALLENGE))
                .description("the second factor that is asked for"),
        )
}

fn user() -> Field {
    row_field(SESSION_USER, TypeRef::named("users")).description("the user, as the new session sees it")
}

fn session() -> Object {
    Object::new(SESSION)
        .description("an access token and the refresh token that renews it")
        .field(
            json_field("accessToken", TypeRef::named_nn(TypeRef::STRING))
                .description("JWT for the Authorization header, as `Bearer` credential"),
        )
        .field(
            json_field("accessTokenExpiresIn", TypeRef::named_nn(TypeRef::INT))
                .description("life of the access token in seconds"),
        )
        .field(json_field("refreshToken", TypeRef::named(TypeRef::STRING)).description(
            "renews the session, once; then its successor does; null where the one at hand stays, and where it is in a cookie",
        ))
        .field(
            json_field("refreshTokenId", TypeRef::named("uuid"))
                .description("id of the session, also of its row in authRefreshTokens"),
        )
}

/// A field of a session, but for the user.
pub(super) fn session_member(session: &Session, name: &str) -> Value {
    match name {
        "accessToken" => session.access_token.reveal().into(),
        "accessTokenExpiresIn" => session.access_token_expires_in.into(),
        "refreshToken" => session.refresh_token.as_ref().map(|token| token.reveal()).into(),
        "refreshTokenId" => session.refresh_token_id.to_string().into(),
        _ => Value::Null,
    }
}

/// A second factor that is asked for.
pub(super) fn challenge(challenge: &MfaChallenge) -> Value {
    let factors: Vec<_> = challenge.factors.iter().map(|factor| factor.as_str()).collect();
    json!({
        "ticket": challenge.ticket.reveal(),
        "factors": factors,
        "webauthnOptions": challenge.webauthn_options,
    })
}

/// A new personal access token.
pub(super) fn created_pat(created: &CreatedPat) -> Outcome {
    Outcome::Object(json!({
        "id": created.id,
        "personalAccessToken": created.personal_access_token.reveal(),
    }))
}

fn personal_access_token() -> Object {
    Object::new("PersonalAccessToken")
        .description("what programs sign in with")
        .field(
            json_field("id", TypeRef::named_nn("uuid"))
                .description("of its row in authRefreshTokens; revokeSession takes it"),
        )
        .field(
            json_field("personalAccessToken", TypeRef::named_nn(TypeRef::STRING))
                .description("the token; nobody can read it again"),
        )
}

fn mfa_challenge() -> Object {
    Object::new(MFA_CHALLENGE)
        .description("a second factor that is asked for")
        .field(
            json_field("ticket", TypeRef::named_nn(TypeRef::STRING))
                .description("goes with the second proof"),
        )
        .field(
            json_field("factors", TypeRef::named_nn_list_nn(TypeRef::STRING))
                .description("what can prove it: totp, webauthn, recovery-code"),
        )
        .field(
            json_field("webauthnOptions", TypeRef::named("jsonb"))
                .description("PublicKeyCredentialRequestOptionsJSON, where a passkey can prove it"),
        )
}

fn auth_config() -> Object {
    let strings = || TypeRef::named_nn_list_nn(TypeRef::STRING);
    [
        json_field("allowedRoles", strings()).description("roles that sign-up offers"),
        json_field("activationRequired", boolean_type())
            .description("whether a new account has to be activated by a mailed code"),
        json_field("anonymousUsersEnabled", boolean_type())
            .description("whether somebody may be a user before anything identifies them"),
        json_field("defaultRole", TypeRef::named_nn(TypeRef::STRING))
            .description("role of a user who asks for none"),
        json_field("locales", strings()).description("languages offered; empty for all"),
        json_field("defaultLocale", TypeRef::named_nn(TypeRef::STRING))
            .description("language of a user who names none"),
        json_field("emailVerificationRequired", boolean_type())
            .description("whether an address has to be confirmed before the first session"),
        json_field("passwordMaxLength", TypeRef::named_nn(TypeRef::INT)).description("in characters"),
        json_field("passwordMinLength", TypeRef::named_nn(TypeRef::INT)).description("in characters"),
        json_field("signUpEnabled", boolean_type()).description("whether anybody can sign up"),
        json_field("methods", strings()).description("the ways to sign in"),
    ]
    .into_iter()
    .fold(
        Object::new("AuthConfig").description("what sign-in pages have to know"),
        Object::field,
    )
}
