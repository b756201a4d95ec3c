//! The auth path: decode the arguments, call the flow, encode what it says. A file an operation, named like
//! the flow.

mod activate_account;
mod add_security_key;
mod administer;
mod answer;
mod arguments;
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
mod runner;
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

use portico_query::permission::{ANONYMOUS, PUBLIC, Role};

use crate::schema::Types;
use arguments::{Arguments, invalid, parsed};
use runner::operation;

pub(crate) use answer::answer;
pub(crate) use runner::{Operation, Runner};

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
