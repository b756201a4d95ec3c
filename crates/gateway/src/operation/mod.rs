//! The auth path: decode the arguments, call the flow, encode what it says. A file an operation, named like
//! the flow.

mod activate_account;
mod add_security_key;
mod administer;
mod auth_config;
mod change_email;
mod change_password;
mod confirm_ticket;
mod create_pat;
mod create_user;
mod deanonymize;
mod disable_totp;
mod elevate_code;
mod elevate_password;
mod elevate_webauthn;
mod enable_totp;
mod exchange_code;
mod factors;
mod generate_totp;
mod input;
mod output;
mod refresh_token;
mod regenerate_recovery_codes;
mod remove_security_key;
mod rename_security_key;
mod resend_activation_code;
mod reset_password;
mod revoke_session;
mod send_password_reset_email;
mod send_verification_email;
mod session_options;
mod set_user_roles;
mod sign_in_anonymous;
mod sign_in_email_password;
mod sign_in_otp_email;
mod sign_in_passwordless_email;
mod sign_in_pat;
mod sign_in_username_password;
mod sign_in_webauthn;
mod sign_out;
mod sign_out_others;
mod sign_up_email_password;
mod sign_up_username_password;
mod sign_up_webauthn;
mod undo_email_change;
mod verify_sign_in_mfa;
mod verify_sign_in_mfa_webauthn;
mod verify_sign_in_otp_email;
mod verify_token;

use std::future::Future;
use std::sync::Arc;

use async_graphql::dynamic::{Field, FieldFuture, ObjectAccessor, ResolverContext, TypeRef};
use portico_query::permission::{ANONYMOUS, PUBLIC, Role};
use uuid::Uuid;

use crate::data::Asking;
use crate::error::WireError;
use crate::schema::Types;
use output::Outcome;

/// An operation by its name.
type Operation = (&'static str, fn() -> Field);

/// The operations that need a session whose user may be asked to be proved anew.
const SESSION_OPERATIONS: &[Operation] = &[
    ("addSecurityKey", add_security_key::asking),
    ("changeEmail", change_email::field),
    ("changePassword", change_password::field),
    ("createPat", create_pat::field),
    ("removeSecurityKey", remove_security_key::field),
    ("renameSecurityKey", rename_security_key::field),
    ("disableTotp", disable_totp::field),
    ("enableTotp", enable_totp::field),
    ("generateTotp", generate_totp::field),
    ("regenerateRecoveryCodes", regenerate_recovery_codes::field),
    ("revokeSession", revoke_session::field),
    ("signOutOthers", sign_out_others::field),
    ("verifyAddSecurityKey", add_security_key::answering),
];

/// The operations that prove a signed-in user anew.
const ELEVATIONS: &[Operation] = &[
    ("elevatePassword", elevate_password::field),
    ("elevateRecoveryCode", elevate_code::recovery_code),
    ("elevateTotp", elevate_code::totp),
    ("elevateWebauthn", elevate_webauthn::asking),
    ("verifyElevateWebauthn", elevate_webauthn::answering),
];

/// Whether an operation is about who the caller is or about the caller's sessions. A personal access token runs none.
pub(crate) fn needs_user(operation: &str) -> bool {
    let mut operations = SESSION_OPERATIONS.iter().chain(ELEVATIONS);
    operations.any(|(name, _)| *name == operation)
}

/// The names of the operations for which a user may be asked to be proved anew.
pub fn session_operations() -> impl Iterator<Item = &'static str> {
    SESSION_OPERATIONS.iter().map(|(name, _)| *name)
}

/// Whether the role is one of users who can be told apart.
fn has_session(role: &Role) -> bool {
    ![PUBLIC, ANONYMOUS].contains(&role.name.as_str())
}

/// The operations that a role has among its queries.
pub(crate) fn query_fields(role: &Role) -> Vec<Field> {
    let mut fields = vec![auth_config::field()];
    if has_session(role) {
        fields.push(factors::my_field());
    }
    if role.is_admin() {
        fields.push(factors::user_field());
    }
    fields
}

/// The operations that a role has among its mutations: what needs no session is in every role's schema,
/// because clients attach their token to every request.
pub(crate) fn mutation_fields(role: &Role) -> Vec<Field> {
    let mut fields = vec![
        sign_up_email_password::field(),
        sign_up_username_password::field(),
        sign_in_anonymous::field(),
        sign_in_email_password::field(),
        sign_in_username_password::field(),
        refresh_token::field(),
        sign_out::field(),
        verify_token::field(),
        confirm_ticket::field(),
        exchange_code::field(),
        activate_account::field(),
        resend_activation_code::field(),
        reset_password::field(),
        send_password_reset_email::field(),
        send_verification_email::field(),
        sign_in_otp_email::field(),
        sign_in_passwordless_email::field(),
        sign_in_pat::field(),
        undo_email_change::field(),
        verify_sign_in_otp_email::field(),
    ];
    fields.extend(verify_sign_in_mfa::fields());
    fields.push(verify_sign_in_mfa_webauthn::field());
    fields.extend(sign_in_webauthn::fields());
    fields.extend(sign_up_webauthn::fields());
    if has_session(role) {
        fields.extend(ELEVATIONS.iter().map(|(_, field)| field()));
        fields.extend(SESSION_OPERATIONS.iter().map(|(_, field)| field()));
    }
    if role.is_admin() || role.name == ANONYMOUS {
        fields.push(deanonymize::field());
    }
    if role.is_admin() {
        fields.extend(administer::fields());
        fields.extend([
            create_user::field(),
            factors::reset_field(),
            set_user_roles::field(),
        ]);
    }
    fields
}

/// Registers the types of a role's operations, in a schema with the type of users or without.
pub(crate) fn types(types: Types, role: &Role, users: bool) -> Types {
    let types = output::types(session_options::types(input::types(types)), users);
    let types = match has_session(role) {
        true => types
            .with(generate_totp::answer_type())
            .with(factors::answer_type()),
        false => types,
    };
    match role.is_admin() {
        true => types.with(create_user::options_type()),
        false => types,
    }
}

/// A field that runs an operation. Whatever opens a session has an argument for what it is to be like.
fn operation<F, R, T>(name: &'static str, type_ref: TypeRef, run: F) -> Field
where
    F: Fn(Arc<Asking>, Arguments) -> R + Send + Sync + Clone + 'static,
    R: Future<Output = Result<T, WireError>> + Send + 'static,
    T: Into<Outcome>,
{
    let opens_session = type_ref.type_name() == output::SESSION_PAYLOAD && name != sign_in_pat::NAME;
    let field = Field::new(name, type_ref, move |context| {
        let run = run.clone();
        FieldFuture::new(async move {
            let (asking, mut arguments) = begin(name, &context).await?;
            let (asking, in_cookie) = match opens_session {
                true => wishing(asking, &mut arguments).map_err(WireError::into_resolver_error)?,
                false => (asking, false),
            };
            // Boxed here, where it comes to be, rather than moved about within what is around it.
            let outcome = Box::pin(run(Arc::clone(&asking), arguments)).await;
            let outcome: Outcome = outcome.map_err(WireError::into_resolver_error)?.into();
            let keep = in_cookie.then_some(|session| asking.keep(session));
            Ok(Some(outcome.answer(keep)))
        })
    });
    match opens_session {
        true => field.argument(session_options::argument()),
        false => field,
    }
}

/// Whoever asks, with what the session is to be like, and whether its refresh token goes into a cookie.
fn wishing(asking: Arc<Asking>, arguments: &mut Arguments) -> Result<(Arc<Asking>, bool), WireError> {
    let Some((wish, in_cookie)) = session_options::read(arguments)? else {
        return Ok((asking, false));
    };
    if in_cookie && asking.browser.is_none() {
        return Err(invalid(
            "session.cookie",
            "needs a web page that is listed in PORTICO_CORS_ORIGINS",
        ));
    }
    let asking = Asking {
        wish: Some(wish),
        ..Asking::clone(&asking)
    };
    Ok((Arc::new(asking), in_cookie))
}

/// Who asks for an operation, who may, and with what.
async fn begin(
    operation: &'static str,
    context: &ResolverContext<'_>,
) -> async_graphql::Result<(Arc<Asking>, Arguments)> {
    let asking = Arc::clone(context.ctx.data::<Arc<Asking>>()?);
    asking
        .check_session(operation)
        .await
        .map_err(WireError::into_resolver_error)?;
    Ok((asking, Arguments::of(&context.args)))
}

/// The arguments of an operation, taken out one by one. Their types were checked by the schema.
struct Arguments(serde_json::Map<String, serde_json::Value>);

impl Arguments {
    fn of(arguments: &ObjectAccessor<'_>) -> Self {
        let taken = arguments
            .iter()
            .filter_map(|(name, value)| Some((name.to_string(), value.as_value().clone().into_json().ok()?)))
            .filter(|(_, value)| !value.is_null());
        Self(taken.collect())
    }

    /// A text; the scalars of the data API are open, so another kind of value is refused here.
    fn text(&mut self, name: &'static str) -> Result<Option<String>, WireError> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(serde_json::Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(invalid(name, "must be a string")),
        }
    }

    /// A text that the schema requires.
    fn required(&mut self, name: &'static str) -> Result<String, WireError> {
        self.text(name)?.ok_or_else(|| invalid(name, "is missing"))
    }

    /// An id that the schema requires.
    fn id(&mut self) -> Result<Uuid, WireError> {
        let id = self.required("id")?;
        id.parse().map_err(|_| invalid("id", "must be a uuid"))
    }

    /// A list of texts; one alone is a list of one.
    fn texts(&mut self, name: &'static str) -> Result<Option<Vec<String>>, WireError> {
        let taken = match self.0.remove(name) {
            Some(serde_json::Value::String(text)) => Ok(Some(vec![text])),
            other => other.map(serde_json::from_value).transpose(),
        };
        taken.map_err(|_| invalid(name, "must be a list of strings"))
    }

    /// Whatever JSON was given.
    fn json(&mut self, name: &str) -> Option<serde_json::Value> {
        self.0.remove(name)
    }

    fn flag(&mut self, name: &str) -> bool {
        self.0
            .remove(name)
            .and_then(|value| value.as_bool())
            .unwrap_or_default()
    }
}

/// A value of an argument, or the rule it breaks.
fn parsed<T>(value: Result<T, portico_auth::Refusal>) -> Result<T, WireError> {
    value.map_err(|refusal| portico_auth::Error::from(refusal).into())
}

fn invalid(name: &str, rule: &str) -> WireError {
    WireError::new("invalid-request", "$", format!("{name} {rule}"))
}
