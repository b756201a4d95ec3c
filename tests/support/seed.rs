//! People, organisations and what they have, always the same.

use chrono::{DateTime, Utc};
use portico_entity::{
    audit_events, contacts, members, orgs, refresh_tokens, user_apps, user_providers, user_roles,
    user_security_keys, users,
};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter};
use serde_json::json;
use uuid::Uuid;

/// The password of the seeded user Jane.
pub(crate) const PASSWORD: &str = "jane likes long passwords";
const PASSWORD_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$MnfafouuyGRo0t9e5w9rdA$6dX6I1jZetkkXce0G4dx1mty65KFMShEDZQxXb8d62E";

/// The user who asks.
pub(crate) const JANE: Uuid = id(1, 1);
const JOHN: Uuid = id(1, 2);
const ANA: Uuid = id(1, 3);
const GONE: Uuid = id(1, 4);
const ACME: Uuid = id(2, 1);
const BETA: Uuid = id(2, 2);

const fn id(kind: u128, number: u128) -> Uuid {
    Uuid::from_u128((kind << 124) | number)
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Fills an empty, migrated database.
pub(crate) async fn insert(connection: &DatabaseConnection) {
    jane().insert(connection).await.unwrap();
    insert_others(connection).await;
    for (number, user) in [(1, JANE), (2, JOHN)] {
        event(number, user).insert(connection).await.unwrap();
    }
}

/// Undoes what a case has written; Jane's sessions live on.
pub(crate) async fn restore(connection: &DatabaseConnection) {
    for sql in [
        "DELETE FROM members",
        "DELETE FROM orgs",
        "DELETE FROM user_apps",
        "DELETE FROM contacts",
        "DELETE FROM refresh_tokens WHERE type = 'pat'",
        "DELETE FROM user_security_keys",
        "DELETE FROM user_providers",
        "DELETE FROM provider_requests",
    ] {
        connection.execute_unprepared(sql).await.unwrap();
    }
    let others = users::Entity::delete_many().filter(users::Column::Id.ne(JANE));
    others.exec(connection).await.unwrap();
    jane().update(connection).await.unwrap();
    let roles = user_roles::Entity::delete_many().filter(user_roles::Column::Role.ne("user"));
    roles.exec(connection).await.unwrap();
    for sql in [
        "DELETE FROM roles WHERE role NOT IN ('user', 'me', 'anonymous', 'admin')",
        "DELETE FROM langs WHERE length(code) <> 2 OR name = 'Made up'",
    ] {
        connection.execute_unprepared(sql).await.unwrap();
    }
    insert_others(connection).await;
}

async fn insert_others(connection: &DatabaseConnection) {
    for user in [john(), ana(), gone()] {
        user.insert(connection).await.unwrap();
    }
    for (number, user, role) in [
        (1, JANE, "user"),
        (2, JANE, "me"),
        (3, JOHN, "user"),
        (4, ANA, "user"),
        (5, GONE, "user"),
    ] {
        let row = user_roles::ActiveModel {
            id: Set(id(4, number)),
            user_id: Set(user),
            role: Set(role.into()),
            ..Default::default()
        };
        let known = OnConflict::column(user_roles::Column::Id).do_nothing().to_owned();
        let insert = user_roles::Entity::insert(row).on_conflict(known);
        insert.exec_without_returning(connection).await.unwrap();
    }
    for (org, name) in [(ACME, "Acme"), (BETA, "Beta")] {
        let row = orgs::ActiveModel {
            id: Set(org),
            name: Set(name.into()),
            ..Default::default()
        };
        row.insert(connection).await.unwrap();
    }
    insert_members(connection).await;
    insert_belongings(connection).await;
}

/// A user with the values that the database would give, so that restoring sets every column that may change.
fn person(id: Uuid, display_name: &str, created_at: &str) -> users::ActiveModel {
    users::ActiveModel {
        id: Set(id),
        display_name: Set(display_name.into()),
        created_at: Set(time(created_at)),
        locale: Set("fr".into()),
        email: Set(None),
        email_verified: Set(false),
        gender: Set(None),
        metadata: Set(json!({})),
        active: NotSet,
        deleted: NotSet,
        ..Default::default()
    }
}

fn jane() -> users::ActiveModel {
    users::ActiveModel {
        email: Set(Some("Jane@Example.org".into())),
        email_verified: Set(true),
        username: Set(Some("Jane".into())),
        password_hash: Set(Some(PASSWORD_HASH.into())),
        locale: Set("en".into()),
        gender: Set(Some("female".into())),
        last_project_id: Set(Some("aaaaaaaa-0000-0000-0000-00000000000a".parse().unwrap())),
        metadata: Set(json!({
            "timezone": "Europe/Paris",
            "tags": ["a", "b", "c"],
            "deep": { "list": [1, { "x y": true }] },
            "ratio": 1.5,
            "nothing": null,
        })),
        ..person(JANE, "Jane Doe", "2026-01-01T08:00:00Z")
    }
}

fn john() -> users::ActiveModel {
    users::ActiveModel {
        email: Set(Some("john@example.org".into())),
        username: Set(Some("john".into())),
        attempt_number: Set(3),
        metadata: Set(json!({ "a": [1], "b": 2 })),
        imported_from: Set(Some(json!({ "system": "old" }))),
        ..person(JOHN, "john", "2026-01-02T08:00:00.123456Z")
    }
}

fn ana() -> users::ActiveModel {
    users::ActiveModel {
        username: Set(Some("ana".into())),
        disabled: Set(true),
        metadata: Set(json!([1, 2, 3])),
        ..person(ANA, "Ána 100%_done", "2026-01-03T08:00:00.5Z")
    }
}

fn gone() -> users::ActiveModel {
    users::ActiveModel {
        username: Set(Some("gone".into())),
        deleted_at: Set(Some(time("2026-02-01T00:00:00Z"))),
        ..person(GONE, "Gone", "2026-01-04T08:00:00Z")
    }
}

async fn insert_members(connection: &DatabaseConnection) {
    let rows = [
        (1, ACME, Some(JANE), "Jane", "Owner", None),
        (2, ACME, Some(JOHN), "John", "Member", None),
        (3, BETA, Some(ANA), "Ana", "Member", None),
        (4, BETA, None, "Invited", "Readonly", Some("invited@example.org")),
        (5, BETA, Some(JOHN), "John B", "Admin", None),
    ];
    for (number, org, user, name, role, invited) in rows {
        let row = members::ActiveModel {
            id: Set(id(3, number)),
            org_id: Set(org),
            user_id: Set(user),
            name: Set(name.into()),
            role: Set(role.into()),
            invite_email: Set(invited.map(Into::into)),
            ..Default::default()
        };
        row.insert(connection).await.unwrap();
    }
}

/// What Jane has, and John too: whoever sees the rows of the other sees too much.
async fn insert_belongings(connection: &DatabaseConnection) {
    for (user, first, last) in [(JANE, "Jane", "Doe"), (ANA, "", "Ána")] {
        let row = contacts::ActiveModel {
            user_id: Set(user),
            first_name: Set(first.into()),
            last_name: Set(last.into()),
            ..Default::default()
        };
        row.insert(connection).await.unwrap();
    }
    for (number, user) in [(1, JANE), (2, JOHN)] {
        app(number, user).insert(connection).await.unwrap();
        token(number, user).insert(connection).await.unwrap();
        key(number, user).insert(connection).await.unwrap();
        provider(number, user).insert(connection).await.unwrap();
    }
}

fn app(number: u128, user: Uuid) -> user_apps::ActiveModel {
    user_apps::ActiveModel {
        id: Set(id(5, number)),
        user_id: Set(user),
        r#type: Set("GoogleCalendar".into()),
        config: Set(json!({ "calendar": "work" })),
        secret_config: Set(Some(b"sealed".to_vec())),
        ..Default::default()
    }
}

fn token(number: u128, user: Uuid) -> refresh_tokens::ActiveModel {
    refresh_tokens::ActiveModel {
        id: Set(id(6, number)),
        user_id: Set(user),
        r#type: Set("pat".into()),
        name: Set(Some("laptop".into())),
        expires_at: Set(time("2030-01-01T00:00:00Z")),
        ..Default::default()
    }
}

fn key(number: u128, user: Uuid) -> user_security_keys::ActiveModel {
    user_security_keys::ActiveModel {
        id: Set(id(7, number)),
        user_id: Set(user),
        credential_id: Set(format!("credential {number}")),
        // Jane signs in, and is not asked for a key that nobody could verify.
        credential_public_key: Set((user != JANE).then(|| vec![0, 127, 255])),
        counter: Set(3_000_000_000),
        ..Default::default()
    }
}

fn provider(number: u128, user: Uuid) -> user_providers::ActiveModel {
    user_providers::ActiveModel {
        id: Set(id(8, number)),
        user_id: Set(user),
        provider_id: Set("github".into()),
        provider_user_id: Set(format!("user {number}")),
        access_token: Set("sealed".into()),
        ..Default::default()
    }
}

fn event(number: u128, user: Uuid) -> audit_events::ActiveModel {
    audit_events::ActiveModel {
        id: Set(id(9, number)),
        user_id: Set(Some(user)),
        action: Set("seeded".into()),
        outcome: Set("success".into()),
        ..Default::default()
    }
}
