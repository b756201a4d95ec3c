//! The auth path: decode the arguments, call the flow, encode what it says. A file an operation, named like
//! the flow.

mod activate_account;
mod add_security_key;
mod administer;
mod answer;
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
use std::pin::Pin;
use std::sync::Arc;

use async_graphql::dynamic::{Field, FieldFuture, InputValue, ResolverContext, TypeRef};
use portico_query::Failure;
use portico_query::permission::{ANONYMOUS, PUBLIC, Role};
use portico_query::request::{Input, Selection, Variables};
use serde_json::Value;
use uuid::Uuid;

use crate::data::{self, Asking};
use crate::error::WireError;
use crate::schema::{Types, rows};
use output::Outcome;

pub(crate) use answer::answer;

/// What makes an operation, by its name.
type Named = (&'static str, fn() -> Operation);

/// The operations that need a session whose user may be asked to be proved anew.
const SESSION_OPERATIONS: &[Named] = &[
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
const ELEVATIONS: &[Named] = &[
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
pub(crate) fn queries(role: &Role) -> Vec<Operation> {
    let mut operations = vec![auth_config::field()];
    if has_session(role) {
        operations.push(factors::my_field());
    }
    if role.is_admin() {
        operations.push(factors::user_field());
    }
    operations
}

/// The operations that a role has among its mutations: what needs no session is in every role's schema,
/// because clients attach their token to every request.
pub(crate) fn mutations(role: &Role) -> Vec<Operation> {
    let mut operations = vec![
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
    operations.extend(verify_sign_in_mfa::fields());
    operations.push(verify_sign_in_mfa_webauthn::field());
    operations.extend(sign_in_webauthn::fields());
    operations.extend(sign_up_webauthn::fields());
    if has_session(role) {
        operations.extend(ELEVATIONS.iter().map(|(_, field)| field()));
        operations.extend(SESSION_OPERATIONS.iter().map(|(_, field)| field()));
    }
    if role.is_admin() || role.name == ANONYMOUS {
        operations.push(deanonymize::field());
    }
    if role.is_admin() {
        operations.extend(administer::fields());
        operations.extend([
            create_user::field(),
            factors::reset_field(),
            set_user_roles::field(),
        ]);
    }
    operations
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

/// An operation as the schema describes it.
pub(crate) struct Operation {
    runner: Runner,
    description: &'static str,
    arguments: Vec<InputValue>,
}

impl Operation {
    fn description(self, description: &'static str) -> Self {
        Self { description, ..self }
    }

    fn argument(mut self, argument: InputValue) -> Self {
        self.arguments.push(argument);
        self
    }

    /// The field of a query, which the GraphQL library resolves, as it may stand beside data.
    pub(crate) fn into_query(self) -> Field {
        let runner = Arc::new(self.runner);
        let (name, type_ref) = (runner.name, runner.type_ref.clone());
        let field = Field::new(name, type_ref, move |context| {
            let runner = Arc::clone(&runner);
            FieldFuture::new(async move {
                let value = runner.resolve(&context).await;
                Ok(rows(value.map_err(WireError::into_resolver_error)?))
            })
        });
        described(field, self.description, self.arguments)
    }

    /// The field of a mutation, and what [`answer`] runs in the place of its resolver.
    pub(crate) fn into_mutation(self) -> (Field, Runner) {
        let Runner { name, type_ref, .. } = &self.runner;
        let field = Field::new(*name, type_ref.clone(), |_| FieldFuture::Value(None));
        (described(field, self.description, self.arguments), self.runner)
    }
}

fn described(field: Field, description: &str, arguments: Vec<InputValue>) -> Field {
    arguments
        .into_iter()
        .fold(field.description(description), Field::argument)
}

/// What runs an operation.
pub(crate) struct Runner {
    /// Name of the operation.
    pub(crate) name: &'static str,
    type_ref: TypeRef,
    run: Run,
}

/// Decodes the arguments and calls the flow.
type Run = Box<dyn Fn(Arc<Asking>, Arguments) -> Running + Send + Sync>;
type Running = Pin<Box<dyn Future<Output = Result<Outcome, WireError>> + Send>>;

impl std::fmt::Debug for Runner {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Runner").field(&self.name).finish()
    }
}

impl Runner {
    async fn run(
        &self,
        asking: &Arc<Asking>,
        selection: &Selection,
        variables: &Variables,
    ) -> Result<Outcome, WireError> {
        (self.run)(Arc::clone(asking), Arguments::of(selection, variables)).await
    }

    async fn resolve(&self, context: &ResolverContext<'_>) -> Result<Value, WireError> {
        let (asking, selection, variables) = data::asked(context)?;
        match self.run(asking, selection, variables).await? {
            Outcome::Object(object) => {
                let type_name = self.type_ref.type_name();
                Ok(output::select(&object, type_name, &selection.selections))
            }
            _ => Err(Failure::unexpected(&"a query does what mutations do").into()),
        }
    }

    fn is_nullable(&self) -> bool {
        !matches!(self.type_ref, TypeRef::NonNull(_))
    }
}

/// An operation. Whatever opens a session has an argument for what it is to be like.
fn operation<F, R>(name: &'static str, type_ref: TypeRef, run: F) -> Operation
where
    F: Fn(Arc<Asking>, Arguments) -> R + Send + Sync + Clone + 'static,
    R: Future<Output = Result<Outcome, WireError>> + Send + 'static,
{
    let opens_session = type_ref.type_name() == output::SESSION_PAYLOAD && name != sign_in_pat::NAME;
    let run = move |asking: Arc<Asking>, mut arguments| -> Running {
        let run = run.clone();
        Box::pin(async move {
            asking.check_session(name).await?;
            let (asking, in_cookie) = match opens_session {
                true => wishing(asking, &mut arguments)?,
                false => (asking, false),
            };
            let outcome = run(Arc::clone(&asking), arguments).await?;
            Ok(match in_cookie {
                true => outcome.keep(|session| asking.keep(session)),
                false => outcome,
            })
        })
    };
    let arguments = opens_session.then(session_options::argument);
    Operation {
        runner: Runner {
            name,
            type_ref,
            run: Box::new(run),
        },
        description: "",
        arguments: arguments.into_iter().collect(),
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

/// The arguments of an operation, taken out one by one. Their types were checked by the schema.
struct Arguments(serde_json::Map<String, Value>);

impl Arguments {
    fn of(selection: &Selection, variables: &Variables) -> Self {
        let given = selection.arguments.iter().filter_map(|(name, input)| {
            let value = value(input, variables).filter(|value| !value.is_null())?;
            Some((name.clone(), value))
        });
        Self(given.collect())
    }

    /// A text; the scalars of the data API are open, so another kind of value is refused here.
    fn text(&mut self, name: &'static str) -> Result<Option<String>, WireError> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
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
            Some(Value::String(text)) => Ok(Some(vec![text])),
            other => other.map(serde_json::from_value).transpose(),
        };
        taken.map_err(|_| invalid(name, "must be a list of strings"))
    }

    /// Whatever JSON was given.
    fn json(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    fn flag(&mut self, name: &str) -> bool {
        self.0
            .remove(name)
            .and_then(|value| value.as_bool())
            .unwrap_or_default()
    }
}

/// What was written, or sent as a variable; nothing for one that was not sent.
fn value(input: &Input, variables: &Variables) -> Option<Value> {
    let inside = |input: &Input| value(input, variables).unwrap_or_default();
    Some(match input {
        Input::Variable(name) => return variables.get(name).cloned(),
        Input::Null => Value::Null,
        Input::Boolean(flag) => Value::Bool(*flag),
        Input::Number(number) => Value::Number(number.clone()),
        Input::String(text) | Input::Enum(text) => Value::String(text.clone()),
        Input::List(elements) => elements.iter().map(inside).collect(),
        Input::Object(members) => {
            let members = members.iter();
            Value::Object(
                members
                    .map(|(name, input)| (name.clone(), inside(input)))
                    .collect(),
            )
        }
    })
}

/// A value of an argument, or the rule it breaks.
fn parsed<T>(value: Result<T, portico_auth::Refusal>) -> Result<T, WireError> {
    value.map_err(|refusal| portico_auth::Error::from(refusal).into())
}

fn invalid(name: &str, rule: &str) -> WireError {
    WireError::new("invalid-request", "$", format!("{name} {rule}"))
}
