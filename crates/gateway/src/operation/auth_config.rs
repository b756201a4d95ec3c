//! `authConfig`: what sign-in pages have to know.

use async_graphql::dynamic::TypeRef;
use portico_auth::value::Password;
use portico_auth::{EmailVerification, Policy};
use serde_json::{Value, json};

use super::output::Outcome;
use super::{Operation, operation};

/// The query.
pub(super) fn field() -> Operation {
    operation(
        "authConfig",
        TypeRef::named_nn("AuthConfig"),
        |asking, _| async move { Ok(Outcome::Object(config(asking.app.auth.policy()))) },
    )
    .description("what sign-in pages have to know")
}

fn config(policy: &Policy) -> Value {
    json!({
        "allowedRoles": policy.allowed_roles,
        "defaultRole": policy.default_role,
        "locales": policy.locales,
        "defaultLocale": policy.default_locale,
        "emailVerificationRequired": policy.email_verification == EmailVerification::Required,
        "passwordMaxLength": Password::MAXIMUM,
        "passwordMinLength": Password::MINIMUM,
        "signUpEnabled": !policy.sign_up_disabled,
        "activationRequired": policy.activation_required,
        "anonymousUsersEnabled": policy.anonymous_users,
        "methods": ["email-password", "username-password", "email-passwordless", "email-otp", "webauthn"],
    })
}
