//! A secret column does not exist: not for any role, nowhere in its schema.

use std::sync::Arc;

use portico_entity::catalogue::catalogue;

use super::ROLES;
use super::introspection::Schema;
use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(no_role_has_a_secret_anywhere_in_its_schema);

/// Tables that exist for the service alone.
const INTERNAL: [&str; 12] = [
    "challenges",
    "tickets",
    "limits",
    "signingKeys",
    "settings",
    "outbox",
    "signing_keys",
    "recovery_codes",
    "recoveryCodes",
    "totp_steps",
    "totpSteps",
    "portico_migrations",
];

async fn no_role_has_a_secret_anywhere_in_its_schema(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let mut checked = 0;
    for role in ROLES {
        let schema = Schema::read(&app, role).await;
        for table in &catalogue().tables {
            let secrets = table.columns.iter().filter(|column| column.secret);
            let names: Vec<&str> = secrets
                .flat_map(|column| [column.name.as_str(), column.sql])
                .collect();
            for (type_name, members) in schema.types().filter(|(name, _)| belongs(name, table.type_name)) {
                checked += members.len();
                let exposed = members.iter().find(|member| names.contains(&member.as_str()));
                assert_eq!(exposed, None, "{type_name} of {role}");
            }
        }
        for (type_name, members) in schema.types() {
            assert!(
                !INTERNAL.iter().any(|table| belongs(type_name, table)),
                "{type_name} of {role}"
            );
            assert!(
                !members.iter().any(|member| INTERNAL.contains(&member.as_str())),
                "{type_name} of {role}"
            );
        }
        for word in [
            "password_hash",
            "passwordHash",
            // As `totpSecret` it is a field of what `generateTotp` answers once; of a table it is none, see above.
            "totp_secret",
            "refresh_token_hash",
            "secret_config",
        ] {
            assert!(!schema.text.contains(word), "{word} is spoken of to {role}");
        }
    }
    assert!(checked > 500, "only {checked} members were looked at");
}

/// Whether a type is one of those made for a table.
fn belongs(type_name: &str, table: &str) -> bool {
    type_name
        .strip_prefix(table)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}
