//! What the databases keep about everything but users.

use super::{Migrated, each};

#[tokio::test]
async fn audit_events_are_only_appended() {
    for database in each().await {
        event_about(&database, "jane").await;
        for statement in [
            "UPDATE audit_events SET outcome = 'refused'",
            "DELETE FROM audit_events",
        ] {
            let error = database.execute(statement).await.unwrap_err().to_string();
            assert!(error.contains("audit_events is append-only"), "{error}");
        }
    }
}

#[tokio::test]
async fn the_audit_outlives_the_user_and_everything_else_goes() {
    for database in each().await {
        event_about(&database, "jane").await;
        for statement in [
            "INSERT INTO contacts (user_id, first_name) SELECT id, 'Jane' FROM users",
            "INSERT INTO user_roles (user_id, role) SELECT id, 'user' FROM users",
            "INSERT INTO user_apps (user_id, type) SELECT id, 'calendar' FROM users",
            "INSERT INTO orgs (name) VALUES ('Acme')",
            "INSERT INTO members (org_id, user_id, name) SELECT orgs.id, users.id, 'Jane' FROM orgs, users",
            "UPDATE users SET created_by = id",
            "DELETE FROM users",
        ] {
            database
                .execute(statement)
                .await
                .unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
        for (table, rows) in [
            ("contacts", "0"),
            ("user_roles", "0"),
            ("user_apps", "0"),
            ("members", "1"),
            ("audit_events", "1"),
        ] {
            let count = database
                .text(&format!("SELECT cast(count(*) AS text) FROM {table}"))
                .await;
            assert_eq!(count.as_deref(), Some(rows), "{table}");
        }
        let without_user = "SELECT name FROM members WHERE user_id IS NULL";
        assert_eq!(database.text(without_user).await.as_deref(), Some("Jane"));
    }
}

#[tokio::test]
async fn a_role_in_use_cannot_go() {
    for database in each().await {
        database
            .execute("INSERT INTO users (username) VALUES ('jane')")
            .await
            .unwrap();
        assert!(
            database
                .execute("DELETE FROM roles WHERE role = 'user'")
                .await
                .is_err()
        );
        database
            .execute("DELETE FROM roles WHERE role = 'me'")
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn the_name_of_a_contact_is_both_names_trimmed() {
    for database in each().await {
        database
            .execute("INSERT INTO users (username) VALUES ('jane')")
            .await
            .unwrap();
        database
            .execute("INSERT INTO contacts (user_id) SELECT id FROM users")
            .await
            .unwrap();
        for (first, last, name) in [
            ("Jane", "Doe", "Jane Doe"),
            ("Jane", "", "Jane"),
            ("", "Doe", "Doe"),
            ("", "", ""),
        ] {
            let sql = format!("UPDATE contacts SET first_name = '{first}', last_name = '{last}'");
            database.execute(&sql).await.unwrap();
            assert_eq!(
                database.text("SELECT name FROM contacts").await.as_deref(),
                Some(name)
            );
        }
    }
}

#[tokio::test]
async fn an_organisation_lists_a_user_once_and_invited_members_often() {
    for database in each().await {
        database
            .execute("INSERT INTO users (username) VALUES ('jane')")
            .await
            .unwrap();
        database
            .execute("INSERT INTO orgs (name, slug) VALUES ('Acme', 'acme')")
            .await
            .unwrap();
        let member =
            "INSERT INTO members (org_id, user_id, name) SELECT orgs.id, users.id, 'Jane' FROM orgs, users";
        database.execute(member).await.unwrap();
        assert!(database.execute(member).await.is_err());
        let invited = "INSERT INTO members (org_id, name) SELECT id, 'Invited' FROM orgs";
        database.execute(invited).await.unwrap();
        database.execute(invited).await.unwrap();
        assert!(
            database
                .execute("UPDATE members SET role = 'King'")
                .await
                .is_err()
        );
        assert!(
            database
                .execute("INSERT INTO orgs (name, slug) VALUES ('Other', 'acme')")
                .await
                .is_err()
        );
    }
}

async fn event_about(database: &Migrated, username: &str) {
    let insert = format!("INSERT INTO users (username) VALUES ('{username}')");
    database.execute(&insert).await.unwrap();
    let event =
        "INSERT INTO audit_events (action, outcome, user_id) SELECT 'signUp', 'success', id FROM users";
    database.execute(event).await.unwrap();
}
