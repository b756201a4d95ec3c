//! Inputs that operations share.

use async_graphql::dynamic::{InputObject, InputValue, TypeRef};
use portico_auth::Policy;
use portico_auth::value::{
    Assertion, Attestation, CodeVerifier, Email, LinkOptions, Nickname, SignUpOptions, SignUpOptionsInput,
};
use serde_json::Value;

use super::{Arguments, parsed};
use crate::error::WireError;
use crate::schema::Types;

/// Registers the inputs.
pub(super) fn types(types: Types) -> Types {
    types.with(sign_up_options()).with(link_options_type())
}

/// The argument `email`.
pub(super) fn email() -> InputValue {
    InputValue::new("email", TypeRef::named_nn("citext")).description("the address")
}

/// The argument `username`.
pub(super) fn username() -> InputValue {
    InputValue::new("username", TypeRef::named_nn(TypeRef::STRING))
        .description("letters, digits, dots, underscores and hyphens; case does not matter")
}

/// The argument `password`.
pub(super) fn password() -> InputValue {
    InputValue::new("password", TypeRef::named_nn(TypeRef::STRING)).description("8 to 256 characters")
}

/// The argument `code`.
pub(super) fn code(description: &str, type_ref: TypeRef) -> InputValue {
    InputValue::new("code", type_ref).description(description)
}

/// The argument `options` of a sign-up.
pub(super) fn options() -> InputValue {
    InputValue::new("options", TypeRef::named("SignUpOptions")).description("what else is known of the user")
}

fn sign_up_options() -> InputObject {
    let strings = || TypeRef::named_nn_list(TypeRef::STRING);
    let string = || TypeRef::named(TypeRef::STRING);
    [
        (
            "allowedRoles",
            strings(),
            "roles the user gets, among the configured ones",
        ),
        (
            "codeChallenge",
            string(),
            "PKCE challenge (S256) for the result of a mailed link",
        ),
        (
            "defaultRole",
            string(),
            "role of requests that ask for none, among the allowed ones",
        ),
        ("displayName", string(), "name as shown"),
        ("firstName", string(), "given name"),
        ("gender", string(), "male, female, other or prefer_not_to_say"),
        ("lastName", string(), "family name"),
        ("locale", string(), "language, two letters"),
        (
            "metadata",
            TypeRef::named("jsonb"),
            "an object of the application's own",
        ),
        ("redirectTo", string(), "where a mailed link leads in the end"),
        ("username", string(), "a name to sign in with"),
    ]
    .into_iter()
    .fold(
        InputObject::new("SignUpOptions").description("what a new user says of themselves"),
        |input, (name, type_ref, description)| {
            input.field(InputValue::new(name, type_ref).description(description))
        },
    )
}

/// The argument `options` of a mail that somebody asks for.
pub(super) fn link_options() -> InputValue {
    InputValue::new("options", TypeRef::named("LinkOptions")).description("what the link comes to")
}

fn link_options_type() -> InputObject {
    let string = || TypeRef::named(TypeRef::STRING);
    InputObject::new("LinkOptions")
        .description("what a mailed link comes to")
        .field(
            InputValue::new("codeChallenge", string())
                .description("PKCE challenge (S256) for the result of the link"),
        )
        .field(InputValue::new("redirectTo", string()).description("where the link leads in the end"))
}

/// Reads what a mailed link comes to.
pub(super) fn read_link_options(
    arguments: &mut Arguments,
    policy: &Policy,
) -> Result<LinkOptions, WireError> {
    let mut given = arguments.members("options")?.unwrap_or_default();
    let redirect_to = given.text("redirectTo")?;
    let code_challenge = given.text("codeChallenge")?;
    let options = LinkOptions::parse(redirect_to.as_deref(), code_challenge.as_deref(), policy);
    parsed(options)
}

/// Reads an address that need not be there.
pub(super) fn optional_email(arguments: &mut Arguments) -> Result<Option<Email>, WireError> {
    let text = arguments.text("email")?;
    parsed(text.as_deref().map(Email::parse).transpose())
}

/// Reads what proves a challenge.
pub(super) fn code_verifier(arguments: &mut Arguments) -> Result<Option<CodeVerifier>, WireError> {
    let text = arguments.text("codeVerifier")?;
    parsed(text.as_deref().map(CodeVerifier::parse).transpose())
}

/// The argument `credential`.
pub(super) fn credential() -> InputValue {
    InputValue::new("credential", TypeRef::named_nn("jsonb"))
        .description("what the browser answered, as PublicKeyCredential.toJSON() gives it")
}

/// Reads what an authenticator made.
pub(super) fn attestation(arguments: &mut Arguments) -> Result<Attestation, WireError> {
    parsed(Attestation::parse(take_credential(arguments)))
}

/// Reads what an authenticator signed.
pub(super) fn assertion(arguments: &mut Arguments) -> Result<Assertion, WireError> {
    parsed(Assertion::parse(take_credential(arguments)))
}

fn take_credential(arguments: &mut Arguments) -> Value {
    arguments.json("credential").unwrap_or_default()
}

/// The argument `nickname` of a passkey.
pub(super) fn nickname() -> InputValue {
    InputValue::new("nickname", TypeRef::named(TypeRef::STRING))
        .description("what its user calls the passkey")
}

/// Reads what somebody calls a passkey.
pub(super) fn read_nickname(arguments: &mut Arguments) -> Result<Option<Nickname>, WireError> {
    let text = arguments.text("nickname")?;
    parsed(text.as_deref().map(Nickname::parse).transpose())
}

/// The argument `id` of a passkey.
pub(super) fn key_id() -> InputValue {
    InputValue::new("id", TypeRef::named_nn("uuid")).description("as in authUserSecurityKeys")
}

/// Reads the options of a sign-up.
pub(super) fn read_options(arguments: &mut Arguments, policy: &Policy) -> Result<SignUpOptions, WireError> {
    parsed(SignUpOptions::parse(take_options(arguments)?, policy))
}

/// Takes the options of a sign-up as they came.
pub(super) fn take_options(arguments: &mut Arguments) -> Result<SignUpOptionsInput, WireError> {
    let mut given = arguments.members("options")?.unwrap_or_default();
    Ok(SignUpOptionsInput {
        username: given.text("username")?,
        allowed_roles: given.texts("allowedRoles")?,
        code_challenge: given.text("codeChallenge")?,
        ..profile(&mut given)?
    })
}

/// Takes what is said of a user, be it by themselves or by an administrator.
pub(super) fn profile(given: &mut Arguments) -> Result<SignUpOptionsInput, WireError> {
    Ok(SignUpOptionsInput {
        first_name: given.text("firstName")?,
        last_name: given.text("lastName")?,
        gender: given.text("gender")?,
        default_role: given.text("defaultRole")?,
        display_name: given.text("displayName")?,
        locale: given.text("locale")?,
        metadata: given.json("metadata"),
        redirect_to: given.text("redirectTo")?,
        ..SignUpOptionsInput::default()
    })
}
