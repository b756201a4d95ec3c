//! Secrets and consequences are declared at the entity, wherever they have to be.

use portico_entity::catalogue::{Consequence, catalogue};

/// Tables that hold who a user is and what proves it.
const IDENTITY: [&str; 6] = [
    "users",
    "roles",
    "user_roles",
    "refresh_tokens",
    "user_providers",
    "user_security_keys",
];

/// Parts of a name that give a secret away.
const SECRET_PARTS: [&str; 9] = [
    "hash",
    "secret",
    "sealed",
    "token",
    "password",
    "challenge",
    "ticket",
    "passkey",
    "private",
];

/// Columns whose name only looks like a secret's.
const HARMLESS: [&str; 2] = ["users.otp_hash_expires_at", "users.ticket_expires_at"];

#[test]
fn every_writable_column_of_an_identity_table_declares_what_follows() {
    for name in IDENTITY {
        let table = catalogue().table_by_sql(name).unwrap();
        for column in table.columns.iter().filter(|column| column.is_input()) {
            assert!(
                column.consequences.is_some(),
                "{name}.{} declares no consequences",
                column.sql
            );
        }
    }
}

#[test]
fn no_secret_lacks_its_mark() {
    for table in &catalogue().tables {
        for column in &table.columns {
            let full = format!("{}.{}", table.sql, column.sql);
            let looks_secret = SECRET_PARTS.iter().any(|part| column.sql.contains(part));
            if looks_secret && !HARMLESS.contains(&full.as_str()) {
                assert!(column.secret, "{full} is not marked as a secret");
            }
        }
    }
}

#[test]
fn the_known_secrets_are_marked() {
    let secrets: Vec<String> = catalogue()
        .tables
        .iter()
        .flat_map(|table| table.columns.iter().map(move |column| (table, column)))
        .filter(|(_, column)| column.secret)
        .map(|(table, column)| format!("{}.{}", table.type_name, column.name))
        .collect();
    assert_eq!(
        secrets,
        [
            "apps.secretConfig",
            "authRefreshTokens.refreshTokenHash",
            "authRefreshTokens.previousTokenHash",
            "authRefreshTokens.sealedSuccessor",
            "authRefreshTokens.signedInFrom",
            "authRefreshTokens.adoptedTokenHash",
            "authUserProviders.accessToken",
            "authUserProviders.refreshToken",
            "authUserSecurityKeys.passkey",
            "users.passwordHash",
            "users.otpHash",
            "users.totpSecret",
            "users.ticket",
            "users.currentChallenge",
        ]
    );
}

#[test]
fn switching_an_account_off_ends_its_sessions() {
    let users = catalogue().table("users").unwrap();
    for name in ["disabled", "isLocked", "deletedAt", "activatedAt", "passwordHash"] {
        let consequences = users.column(name).unwrap().consequences.as_deref().unwrap();
        assert!(
            consequences.contains(&Consequence::EndSessions),
            "{name} does not end sessions"
        );
        assert!(
            consequences.contains(&Consequence::ForgetTokens),
            "{name} leaves tokens remembered"
        );
    }
}

#[test]
fn no_name_is_used_twice() {
    let mut roots = Vec::new();
    for table in &catalogue().tables {
        roots.extend([table.singular, table.plural]);
        let mut fields: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        fields.extend(table.relations.iter().map(|relation| relation.name));
        let count = fields.len();
        fields.sort_unstable();
        fields.dedup();
        assert_eq!(
            fields.len(),
            count,
            "{} has two fields of one name",
            table.type_name
        );
    }
    let count = roots.len();
    roots.sort_unstable();
    roots.dedup();
    assert_eq!(roots.len(), count);
}
