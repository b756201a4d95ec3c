//! The types that operations answer with.

use std::sync::Arc;

use async_graphql::dynamic::{Field, FieldFuture, FieldValue, Object, ResolverContext, TypeRef};
use portico_auth::flow::CreatedPat;
use portico_auth::{MfaChallenge, Plain, Session, SignIn};
use serde_json::json;

use crate::data;
use crate::error::WireError;
use crate::schema::{Types, json_field};

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

/// `SessionPayload!`
pub(super) fn session_payload_type() -> TypeRef {
    TypeRef::named_nn(SESSION_PAYLOAD)
}

/// `Session!`
pub(super) fn session_type() -> TypeRef {
    TypeRef::named_nn("Session")
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

/// A value as it is.
pub(super) fn json(value: serde_json::Value) -> Result<FieldValue<'static>, WireError> {
    let value = async_graphql::Value::from_json(value).map_err(portico_auth::InternalError::Json);
    Ok(FieldValue::value(value.map_err(portico_auth::Error::from)?))
}

/// What an operation came to.
pub(super) enum Outcome {
    /// A sign-in, whose refresh token may go into a cookie.
    SignIn(SignIn),
    /// Anything else, ready to be answered.
    Value(FieldValue<'static>),
}

impl From<FieldValue<'static>> for Outcome {
    fn from(value: FieldValue<'static>) -> Self {
        Self::Value(value)
    }
}

impl Outcome {
    /// The answer, with the refresh token in it, or handed to `keep` for a cookie.
    pub(super) fn answer(self, keep: Option<impl FnOnce(Session) -> Session>) -> FieldValue<'static> {
        match (self, keep) {
            (Self::SignIn(SignIn::Done(session)), Some(keep)) => {
                FieldValue::owned_any(SignIn::Done(Box::new(keep(*session))))
            }
            (Self::SignIn(sign_in), _) => FieldValue::owned_any(sign_in),
            (Self::Value(value), _) => value,
        }
    }
}

/// `[String!]!`
pub(super) fn texts_type() -> TypeRef {
    TypeRef::named_nn_list_nn(TypeRef::STRING)
}

/// Secrets that are shown once.
pub(super) fn texts(texts: &[Plain]) -> FieldValue<'static> {
    FieldValue::list(texts.iter().map(|text| FieldValue::value(text.reveal())))
}

/// What a sign-in came to.
pub(super) fn sign_in(sign_in: SignIn) -> Outcome {
    Outcome::SignIn(sign_in)
}

/// A session with its tokens.
pub(super) fn session_value(session: Session) -> FieldValue<'static> {
    FieldValue::owned_any(session)
}

fn session_payload() -> Object {
    let session = Field::new("session", TypeRef::named("Session"), |context| {
        FieldFuture::Value(match context.parent_value.downcast_ref::<SignIn>() {
            Some(SignIn::Done(session)) => Some(FieldValue::borrowed_any(session.as_ref())),
            _ => None,
        })
    });
    let mfa = Field::new("mfa", TypeRef::named("MfaChallenge"), |context| {
        FieldFuture::Value(match context.parent_value.downcast_ref::<SignIn>() {
            Some(SignIn::NeedsFactor(challenge)) => Some(FieldValue::owned_any(challenge_value(challenge))),
            _ => None,
        })
    });
    Object::new(SESSION_PAYLOAD)
        .description("what a sign-in or sign-up came to")
        .field(session.description("the new session; null where something has to be proved first"))
        .field(mfa.description("the second factor that is asked for"))
}

fn user() -> Field {
    let user = Field::new("user", TypeRef::named("users"), |context| {
        FieldFuture::new(async move {
            match context.parent_value.downcast_ref::<Session>() {
                Some(session) => {
                    let session = crate::session::Session::of_user(Arc::clone(&session.authenticated));
                    data::resolve_user(&context, session).await
                }
                None => Ok(None),
            }
        })
    });
    user.description("the user, as the new session sees it")
}

fn session() -> Object {
    Object::new("Session")
        .description("an access token and the refresh token that renews it")
        .field(
            part("accessToken", TypeRef::named_nn(TypeRef::STRING), |session| {
                session.access_token.reveal().into()
            })
            .description("JWT for the Authorization header, as `Bearer` credential"),
        )
        .field(
            part(
                "accessTokenExpiresIn",
                TypeRef::named_nn(TypeRef::INT),
                |session| session.access_token_expires_in.into(),
            )
            .description("life of the access token in seconds"),
        )
        .field(
            part("refreshToken", TypeRef::named(TypeRef::STRING), |session| {
                let token = session.refresh_token.as_ref();
                token.map_or(async_graphql::Value::Null, |token| token.reveal().into())
            })
            .description(
                "renews the session, once; then its successor does; null where the one at hand stays, and where it is in a cookie",
            ),
        )
        .field(
            part("refreshTokenId", TypeRef::named("uuid"), |session| {
                session.refresh_token_id.to_string().into()
            })
            .description("id of the session, also of its row in authRefreshTokens"),
        )
}

fn part(name: &str, type_ref: TypeRef, value: fn(&Session) -> async_graphql::Value) -> Field {
    Field::new(name, type_ref, move |context: ResolverContext<'_>| {
        let session = context.parent_value.downcast_ref::<Session>();
        FieldFuture::Value(session.map(|session| FieldValue::value(value(session))))
    })
}

fn challenge_value(challenge: &MfaChallenge) -> serde_json::Value {
    let factors: Vec<_> = challenge.factors.iter().map(|factor| factor.as_str()).collect();
    json!({
        "ticket": challenge.ticket.reveal(),
        "factors": factors,
        "webauthnOptions": challenge.webauthn_options,
    })
}

fn personal_access_token() -> Object {
    let part = |name: &str, type_ref, value: fn(&CreatedPat) -> async_graphql::Value| {
        Field::new(name, type_ref, move |context: ResolverContext<'_>| {
            let created = context.parent_value.downcast_ref::<CreatedPat>();
            FieldFuture::Value(created.map(|created| FieldValue::value(value(created))))
        })
    };
    Object::new("PersonalAccessToken")
        .description("what programs sign in with")
        .field(
            part("id", TypeRef::named_nn("uuid"), |created| {
                created.id.to_string().into()
            })
            .description("of its row in authRefreshTokens; revokeSession takes it"),
        )
        .field(
            part(
                "personalAccessToken",
                TypeRef::named_nn(TypeRef::STRING),
                |created| created.personal_access_token.reveal().into(),
            )
            .description("the token; nobody can read it again"),
        )
}

fn mfa_challenge() -> Object {
    Object::new("MfaChallenge")
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
