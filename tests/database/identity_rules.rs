//! What the databases themselves keep about users, whoever writes.

use super::{Migrated, each};

/// Addresses and whether they are accepted.
const ADDRESSES: [(&str, bool); 16] = [
    ("jane@example.org", true),
    ("jane+tag@example.org", true),
    ("o''hara@example.org", true),
    ("a@localhost", true),
    ("a@1.example", true),
    ("JANE@EXAMPLE.COM", true),
    ("jane", false),
    ("@example.org", false),
    ("jane@", false),
    ("jane doe@example.org", false),
    ("jane@doe@example.org", false),
    ("jane@example..org", false),
    ("jane@example.org.", false),
    ("jane@-example.org", false),
    ("jane@example-.org", false),
    ("jäne@example.org", false),
];

#[tokio::test]
async fn both_databases_accept_the_same_addresses() {
    for database in each().await {
        for (address, accepted) in ADDRESSES {
            let inserted = database
                .execute(&format!("INSERT INTO users (email) VALUES ('{address}')"))
                .await;
            assert_eq!(inserted.is_ok(), accepted, "{address}: {inserted:?}");
            let sql = format!("UPDATE users SET new_email = '{address}' WHERE email = 'jane@example.org'");
            assert_eq!(
                database.execute(&sql).await.is_ok(),
                accepted,
                "new address {address}"
            );
        }
        for (length, accepted) in [(63, true), (64, false)] {
            let sql = format!(
                "INSERT INTO users (email) VALUES ('a@{}.org')",
                "x".repeat(length)
            );
            assert_eq!(
                database.execute(&sql).await.is_ok(),
                accepted,
                "label of {length}"
            );
        }
    }
}

#[tokio::test]
async fn email_and_username_are_unique_without_regard_to_case() {
    for database in each().await {
        let sql = "INSERT INTO users (email, username) VALUES ('Jane@Example.org', 'Jane')";
        database.execute(sql).await.unwrap();
        for (column, value) in [("email", "jane@example.ORG"), ("username", "JANE")] {
            let sql = format!("INSERT INTO users ({column}) VALUES ('{value}')");
            let error = database.execute(&sql).await.unwrap_err().to_string();
            let told = if database.is_sqlite() {
                format!("users.{column}")
            } else {
                format!("users_{column}_key")
            };
            assert!(error.contains(&told), "{error}");
            let sql = format!("SELECT email FROM users WHERE {column} = '{value}'");
            assert_eq!(database.text(&sql).await.as_deref(), Some("Jane@Example.org"));
        }
    }
}

#[tokio::test]
async fn values_outside_the_lists_are_refused() {
    for database in each().await {
        database
            .execute("INSERT INTO users (email) VALUES ('jane@example.org')")
            .await
            .unwrap();
        for assignment in [
            "gender = 'unknown'",
            "active_mfa_type = 'email'",
            "locale = 'eng'",
            "default_role = 'nobody'",
            "metadata = NULL",
            "metadata = '{'",
            "active = NOT active",
        ] {
            let updated = database.execute(&format!("UPDATE users SET {assignment}")).await;
            assert!(updated.is_err(), "{assignment} was accepted");
        }
        for assignment in [
            "gender = 'prefer_not_to_say'",
            "active_mfa_type = 'totp'",
            "gender = NULL",
        ] {
            database
                .execute(&format!("UPDATE users SET {assignment}"))
                .await
                .unwrap();
        }
    }
}

#[tokio::test]
async fn a_new_user_is_active_until_disabled_or_deleted() {
    for database in each().await {
        database
            .execute("INSERT INTO users (email) VALUES ('jane@example.org')")
            .await
            .unwrap();
        assert_eq!(state(&database).await, "active");
        for (change, state_after) in [
            ("disabled = NOT disabled", "inactive"),
            ("disabled = NOT disabled", "active"),
            ("activated_at = NULL", "inactive"),
            ("activated_at = created_at", "active"),
            ("deleted_at = created_at", "inactive deleted"),
        ] {
            database
                .execute(&format!("UPDATE users SET {change}"))
                .await
                .unwrap();
            assert_eq!(state(&database).await, state_after, "after {change}");
        }
    }
}

async fn state(database: &Migrated) -> String {
    let sql = "SELECT CASE WHEN active THEN 'active' ELSE 'inactive' END ||
                      CASE WHEN deleted THEN ' deleted' ELSE '' END FROM users";
    database.text(sql).await.unwrap()
}

#[tokio::test]
async fn a_row_knows_when_it_changed() {
    for database in each().await {
        let past = "'2020-01-01T00:00:00+00:00'";
        let insert = format!("INSERT INTO users (email, updated_at) VALUES ('jane@example.org', {past})");
        database.execute(&insert).await.unwrap();
        let old = format!("SELECT 'old' FROM users WHERE updated_at = {past}");
        assert_eq!(database.text(&old).await.as_deref(), Some("old"));
        database
            .execute("UPDATE users SET display_name = 'Jane'")
            .await
            .unwrap();
        assert_eq!(database.text(&old).await, None);
        // A time that the statement sets is kept.
        database
            .execute(&format!("UPDATE users SET updated_at = {past}"))
            .await
            .unwrap();
        assert_eq!(database.text(&old).await.as_deref(), Some("old"));
    }
}

#[tokio::test]
async fn the_inserts_of_hasura_auth_still_work() {
    for database in each().await {
        let id = if database.is_sqlite() {
            "x'00000000000000000000000000000001'"
        } else {
            "'00000000-0000-0000-0000-000000000001'"
        };
        for statement in [
            "INSERT INTO roles (role) VALUES ('editor')".to_owned(),
            format!(
                "INSERT INTO users (id, disabled, display_name, avatar_url, email, password_hash, ticket,
                                    ticket_expires_at, email_verified, locale, default_role, metadata, last_seen)
                 SELECT {id}, disabled, 'Jane', '', 'jane@example.org', 'hash', NULL,
                        created_at, email_verified, 'en', 'user', '{{}}', created_at
                 FROM (SELECT false AS disabled, CURRENT_TIMESTAMP AS created_at, false AS email_verified) AS given"
            ),
            format!("INSERT INTO user_roles (user_id, role) VALUES ({id}, 'user'), ({id}, 'editor')"),
            format!(
                "INSERT INTO refresh_tokens (user_id, refresh_token_hash, expires_at, type, metadata)
                 VALUES ({id}, 'hash', '2030-01-01T00:00:00+00:00', 'regular', NULL)"
            ),
            format!(
                "INSERT INTO user_providers (user_id, provider_id, provider_user_id, access_token)
                 VALUES ({id}, 'github', '1', 'unset')"
            ),
            format!(
                "INSERT INTO user_security_keys (user_id, credential_id, credential_public_key, nickname)
                 VALUES ({id}, 'credential', NULL, NULL)"
            ),
        ] {
            database.execute(&statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
        let name = "SELECT name FROM roles WHERE role = 'editor'";
        assert_eq!(database.text(name).await.as_deref(), Some("editor"));
    }
}
