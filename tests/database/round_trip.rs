//! Entities write and read every table of both databases.

use chrono::{DateTime, Duration, Utc};
use portico_entity::{
    audit_events, challenges, change_notices, contacts, langs, limits, members, orgs, outbox,
    password_history, provider_requests, providers, recovery_codes, refresh_token_types, refresh_tokens,
    roles, settings, signing_keys, tickets, totp_steps, user_apps, user_providers, user_roles,
    user_security_keys, users,
};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;
use uuid::Uuid;

use super::entity_facts::for_each_entity;
use super::{Migrated, each};

/// A time with microseconds, which both databases keep.
fn time() -> DateTime<Utc> {
    "2024-02-29T12:34:56.789012Z".parse().unwrap()
}

const JANE: Uuid = Uuid::from_u128(1);

async fn insert_user(database: &Migrated) -> users::Model {
    let user = users::ActiveModel {
        id: Set(JANE),
        email: Set(Some("Jane@example.org".to_owned())),
        username: Set(Some("Jane".to_owned())),
        last_seen: Set(Some(time())),
        metadata: Set(json!({ "timezone": "Europe/Paris" })),
        imported_from: Set(Some(json!(["a", 1]))),
        ..Default::default()
    };
    user.insert(&database.connection).await.unwrap()
}

#[tokio::test]
async fn a_user_comes_back_as_written() {
    for database in each().await {
        let inserted = insert_user(&database).await;
        assert_eq!(inserted.last_seen, Some(time()));
        assert_eq!(inserted.metadata, json!({ "timezone": "Europe/Paris" }));
        assert!(inserted.active && !inserted.deleted && !inserted.disabled);
        assert_eq!(
            (inserted.locale.as_str(), inserted.default_role.as_str()),
            ("en", "user")
        );
        for condition in [
            users::Column::Email.eq("JANE@EXAMPLE.ORG"),
            users::Column::Username.eq("jane"),
            users::Column::Username.is_in(["jane", "john"]),
            users::Column::LastSeen.eq(time()),
        ] {
            let found = users::Entity::find()
                .filter(condition)
                .one(&database.connection)
                .await
                .unwrap();
            assert_eq!(found.as_ref(), Some(&inserted));
        }
    }
}

#[tokio::test]
async fn times_compare_as_times() {
    for database in each().await {
        insert_user(&database).await;
        for (shift, found) in [
            (Duration::microseconds(1), true),
            (Duration::milliseconds(300), true),
            (Duration::zero(), false),
        ] {
            let condition = users::Column::LastSeen.lt(time() + shift);
            let user = users::Entity::find()
                .filter(condition)
                .one(&database.connection)
                .await
                .unwrap();
            assert_eq!(user.is_some(), found, "{shift}");
        }
        // The clock of the database and that of the program write one form.
        let recent = users::Column::CreatedAt.gt(time());
        assert!(
            users::Entity::find()
                .filter(recent)
                .one(&database.connection)
                .await
                .unwrap()
                .is_some()
        );
    }
}

#[tokio::test]
async fn entities_read_a_row_of_every_table() {
    for database in each().await {
        insert_user(&database).await;
        insert_sessions(&database).await;
        insert_records(&database).await;
        for statement in [
            "INSERT INTO user_roles (user_id, role) SELECT id, 'user' FROM users",
            "INSERT INTO contacts (user_id, email) SELECT id, 'jane@example.org' FROM users",
            "INSERT INTO orgs (name) VALUES ('Acme')",
            "INSERT INTO members (org_id, user_id, name) SELECT orgs.id, users.id, 'Jane' FROM orgs, users",
            "INSERT INTO user_apps (user_id, type) SELECT id, 'calendar' FROM users",
            "INSERT INTO user_providers (user_id, provider_id, provider_user_id, access_token)
             SELECT id, 'github', '1', 'unset' FROM users",
            "INSERT INTO user_security_keys (user_id, credential_id) SELECT id, 'credential' FROM users",
        ] {
            database
                .execute(statement)
                .await
                .unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
        macro_rules! read {
            ($($entity:ident),+) => {
                $(
                    let rows = $entity::Entity::find().all(&database.connection).await.unwrap();
                    assert!(!rows.is_empty(), "{} has no row", stringify!($entity));
                )+
            };
        }
        for_each_entity!(read);
    }
}

async fn insert_sessions(database: &Migrated) {
    let session = refresh_tokens::ActiveModel {
        id: Set(Uuid::from_u128(2)),
        user_id: Set(JANE),
        expires_at: Set(time()),
        refresh_token_hash: Set(Some("hash".to_owned())),
        sealed_successor: Set(Some(vec![0, 255])),
        authentication_methods: Set(json!(["pwd"])),
        ..Default::default()
    };
    let session = session.insert(&database.connection).await.unwrap();
    assert_eq!((session.r#type.as_str(), session.generation), ("regular", 0));
    assert_eq!(session.sealed_successor, Some(vec![0, 255]));
    let request = provider_requests::ActiveModel {
        id: Set(Uuid::from_u128(3)),
        options: Set(None),
    };
    request.insert(&database.connection).await.unwrap();
}

async fn insert_records(database: &Migrated) {
    let connection = &database.connection;
    let event = audit_events::ActiveModel {
        id: Set(Uuid::from_u128(4)),
        action: Set("signUpEmailPassword".to_owned()),
        outcome: Set("success".to_owned()),
        user_id: Set(Some(JANE)),
        ..Default::default()
    };
    assert_eq!(event.insert(connection).await.unwrap().details, json!({}));
    let limit = limits::ActiveModel {
        bucket: Set("sign-in-ip".to_owned()),
        key: Set("hash".to_owned()),
        window_start: Set(time()),
        count: Set(1),
        expires_at: Set(time()),
    };
    limit.insert(connection).await.unwrap();
    let notice = change_notices::ActiveModel {
        kind: Set("session".to_owned()),
        subject: Set(Uuid::from_u128(4)),
        ..Default::default()
    };
    notice.insert(connection).await.unwrap();
    let key = signing_keys::ActiveModel {
        kid: Set("kid".to_owned()),
        algorithm: Set("EdDSA".to_owned()),
        public_key: Set(Some(json!({ "kty": "OKP" }))),
        sealed_private_key: Set(vec![1]),
        key_id: Set("master".to_owned()),
        ..Default::default()
    };
    key.insert(connection).await.unwrap();
    let setting = settings::ActiveModel {
        name: Set("fingerprint".to_owned()),
        value: Set(json!("text")),
        ..Default::default()
    };
    assert_eq!(setting.insert(connection).await.unwrap().value, json!("text"));
    let message = outbox::ActiveModel {
        id: Set(Uuid::from_u128(5)),
        kind: Set("email".to_owned()),
        recipient: Set("jane@example.org".to_owned()),
        template: Set("verify-email".to_owned()),
        sealed_body: Set(Some(vec![1])),
        key_id: Set("master".to_owned()),
        expires_at: Set(time()),
        ..Default::default()
    };
    message.insert(connection).await.unwrap();
    let former = password_history::ActiveModel {
        user_id: Set(JANE),
        password_hash: Set("hash".to_owned()),
        ..Default::default()
    };
    former.insert(connection).await.unwrap();
    let ticket = tickets::ActiveModel {
        id: Set(Uuid::from_u128(6)),
        purpose: Set("sign-in".to_owned()),
        subject: Set("jane@example.org".to_owned()),
        address: Set("jane@example.org".to_owned()),
        ticket_hash: Set(vec![1]),
        expires_at: Set(time()),
        ..Default::default()
    };
    assert_eq!(ticket.insert(connection).await.unwrap().attempts, 0);
    let code = recovery_codes::ActiveModel {
        user_id: Set(JANE),
        code_hash: Set(vec![1]),
        ..Default::default()
    };
    code.insert(connection).await.unwrap();
    let step = totp_steps::ActiveModel {
        user_id: Set(JANE),
        step: Set(i64::MAX),
        enabled_at: Set(None),
    };
    assert_eq!(step.insert(connection).await.unwrap().step, i64::MAX);
    let challenge = challenges::ActiveModel {
        hash: Set(vec![1]),
        ceremony: Set("sign-in".to_owned()),
        sealed_state: Set(vec![1]),
        expires_at: Set(time()),
        ..Default::default()
    };
    challenge.insert(connection).await.unwrap();
}
