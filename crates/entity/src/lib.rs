//! What exists: tables, columns, relationships, secrets and consequences. No input or output.
//!
//! One module per table, named like the table in SQL. Whatever the API can show implements
//! [`catalogue::Describe`] beside its columns; the rest exists for the service alone.

pub mod catalogue;

pub mod audit_events;
pub mod challenges;
pub mod change_notices;
pub mod contacts;
pub mod langs;
pub mod limits;
pub mod members;
pub mod orgs;
pub mod outbox;
pub mod password_history;
pub mod provider_requests;
pub mod providers;
pub mod recovery_codes;
pub mod refresh_token_types;
pub mod refresh_tokens;
pub mod roles;
pub mod settings;
pub mod signing_keys;
pub mod tickets;
pub mod totp_steps;
pub mod user_apps;
pub mod user_providers;
pub mod user_roles;
pub mod user_security_keys;
pub mod users;

/// So many bytes of JSON text a user may keep in a column. No rule of the database: administrators, and databases from
/// elsewhere, may have more.
pub const LONGEST_JSON: usize = 65_536;
/// So many bytes of any other text a user may keep in a column: the list of somebody else holds many users.
pub const LONGEST_TEXT: usize = 4_096;

/// Every table the API can show.
fn tables() -> Vec<catalogue::Table> {
    vec![
        catalogue::table::<audit_events::Entity>(),
        catalogue::table::<contacts::Entity>(),
        catalogue::table::<langs::Entity>(),
        catalogue::table::<members::Entity>(),
        catalogue::table::<orgs::Entity>(),
        catalogue::table::<provider_requests::Entity>(),
        catalogue::table::<providers::Entity>(),
        catalogue::table::<refresh_token_types::Entity>(),
        catalogue::table::<refresh_tokens::Entity>(),
        catalogue::table::<roles::Entity>(),
        catalogue::table::<user_apps::Entity>(),
        catalogue::table::<user_providers::Entity>(),
        catalogue::table::<user_roles::Entity>(),
        catalogue::table::<user_security_keys::Entity>(),
        catalogue::table::<users::Entity>(),
    ]
}
