//! Notices of what ends a session or changes a right, whoever caused it.

use std::time::Duration;

use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, PaginatorTrait, TransactionTrait};

use super::support::{Client, PASSWORD, World, code, session};
use super::token_cache::{alive, remember};
use crate::Policy;

async fn notices(world: &World) -> u64 {
    let connection = &world.database.connection;
    portico_entity::change_notices::Entity::find()
        .count(connection)
        .await
        .unwrap()
}

#[tokio::test]
async fn whoever_changes_a_session_or_its_user_is_noticed() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    let mut signed = session(Client::of(&auth).sign_up("ada@example.org").await);
    for (no, yes) in [
        ("users SET disabled = TRUE", "users SET disabled = FALSE"),
        ("users SET is_locked = TRUE", "users SET is_locked = FALSE"),
        ("users SET deleted_at = created_at", "users SET deleted_at = NULL"),
        (
            "users SET activated_at = NULL",
            "users SET activated_at = created_at",
        ),
        (
            "refresh_tokens SET revoked_at = created_at",
            "refresh_tokens SET revoked_at = NULL",
        ),
        (
            "refresh_tokens SET expires_at = created_at",
            "refresh_tokens SET expires_at = session_expires_at",
        ),
        (
            "refresh_tokens SET session_expires_at = created_at",
            "refresh_tokens SET session_expires_at = NULL",
        ),
    ] {
        remember(&auth, &signed).await;
        world.execute(&format!("UPDATE {no}")).await;
        auth.catch_up().await.unwrap();
        assert!(!alive(&auth, &signed).await, "{no}");
        world.execute(&format!("UPDATE {yes}")).await;
        signed = session(Client::of(&auth).sign_in("ada@example.org", PASSWORD).await);
    }
    remember(&auth, &signed).await;
    world.execute("DELETE FROM refresh_tokens").await;
    auth.catch_up().await.unwrap();
    assert!(!alive(&auth, &signed).await);

    let signed = session(Client::of(&auth).sign_in("ada@example.org", PASSWORD).await);
    remember(&auth, &signed).await;
    world.execute("DELETE FROM users").await;
    auth.catch_up().await.unwrap();
    assert!(!alive(&auth, &signed).await);
}

#[tokio::test]
async fn a_role_that_comes_or_goes_is_noticed() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    let signed = session(Client::of(&auth).sign_up("ada@example.org").await);
    let roles = async || {
        auth.catch_up().await.unwrap();
        let who = auth.authenticate(signed.access_token.reveal()).await;
        who.map(|who| who.allowed_roles.join(" "))
    };
    remember(&auth, &signed).await;
    assert_eq!(roles().await.unwrap(), "me user");
    world.execute("DELETE FROM user_roles WHERE role = 'me'").await;
    assert_eq!(roles().await.unwrap(), "user");
    remember(&auth, &signed).await;
    world
        .execute("INSERT INTO user_roles (user_id, role) SELECT id, 'me' FROM users")
        .await;
    assert_eq!(roles().await.unwrap(), "me user");
    remember(&auth, &signed).await;
    world.execute("UPDATE users SET default_role = 'me'").await;
    assert_eq!(roles().await.unwrap(), "me user");
    remember(&auth, &signed).await;
    world.execute("DELETE FROM user_roles WHERE role = 'user'").await;
    assert_eq!(code(roles().await), "invalid-jwt");
    world
        .execute("INSERT INTO user_roles (user_id, role) SELECT id, 'user' FROM users")
        .await;
    world.execute("UPDATE users SET default_role = 'user'").await;
    remember(&auth, &signed).await;
    // A role that is given another name is given it everywhere.
    world
        .execute("UPDATE roles SET role = 'editor' WHERE role = 'me'")
        .await;
    assert_eq!(roles().await.unwrap(), "user");
    remember(&auth, &signed).await;
    world
        .execute("UPDATE roles SET role = 'person' WHERE role = 'user'")
        .await;
    assert_eq!(code(roles().await), "invalid-jwt");
}

#[tokio::test]
async fn what_changes_no_right_is_no_news() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    let client = Client::of(&auth);
    let first = session(client.sign_up("ada@example.org").await);
    let before = notices(&world).await;
    session(client.sign_in("ada@example.org", PASSWORD).await);
    world.advance(TimeDelta::minutes(1));
    let second = client.refresh(first.refresh_token().reveal()).await.ok().unwrap();
    client
        .refresh(second.refresh_token().reveal())
        .await
        .ok()
        .unwrap();
    auth.flush_last_seen().await.unwrap();
    for _ in 0..2 {
        auth.catch_up().await.unwrap();
        assert!(alive(&auth, &second).await);
    }
    world
        .execute("UPDATE users SET display_name = 'Ada', attempt_number = 3")
        .await;
    assert_eq!(notices(&world).await, before);
}

#[tokio::test]
async fn notices_are_deleted_once_they_were_read() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    let signed = session(Client::of(&auth).sign_up("ada@example.org").await);
    assert!(notices(&world).await > 0);
    remember(&auth, &signed).await;
    auth.maintain().await.unwrap();
    assert!(notices(&world).await > 0, "younger than ten minutes");
    // What was not read when the deletion was planned stays.
    world.execute("UPDATE users SET disabled = TRUE").await;
    auth.purge_notices(Duration::ZERO).await.unwrap();
    assert_eq!(
        notices(&world).await,
        2,
        "of the user and of the session that ended"
    );
    auth.catch_up().await.unwrap();
    assert!(!alive(&auth, &signed).await);
    auth.purge_notices(Duration::ZERO).await.unwrap();
    auth.catch_up().await.unwrap();
    auth.purge_notices(Duration::ZERO).await.unwrap();
    auth.purge_notices(Duration::ZERO).await.unwrap();
    assert_eq!(notices(&world).await, 0);
    world.execute("UPDATE users SET disabled = FALSE").await;
    let signed = session(Client::of(&auth).sign_in("ada@example.org", PASSWORD).await);
    remember(&auth, &signed).await;
    world.execute("UPDATE users SET disabled = TRUE").await;
    auth.catch_up().await.unwrap();
    assert!(
        !alive(&auth, &signed).await,
        "the empty table goes on where it was"
    );
}

/// What no order of commits can hide; SQLite has one writer at a time.
#[tokio::test]
async fn a_transaction_that_ends_late_is_noticed() {
    let world = World::new().await;
    let connection = &world.database.connection;
    if connection.get_database_backend() != DbBackend::Postgres {
        return;
    }
    let auth = world.node(Policy::default()).await;
    let signed = session(Client::of(&auth).sign_up("ada@example.org").await);
    remember(&auth, &signed).await;
    let late = connection.begin().await.unwrap();
    late.execute_unprepared("UPDATE users SET disabled = TRUE")
        .await
        .unwrap();
    // Others write and are read meanwhile.
    for _ in 0..3 {
        world
            .execute("INSERT INTO change_notices (kind, subject) VALUES ('user', gen_random_uuid())")
            .await;
        auth.catch_up().await.unwrap();
    }
    remember(&auth, &signed).await;
    late.commit().await.unwrap();
    auth.catch_up().await.unwrap();
    assert!(!alive(&auth, &signed).await);
    world.execute("UPDATE users SET disabled = FALSE").await;
    let signed = session(Client::of(&auth).sign_in("ada@example.org", PASSWORD).await);
    remember(&auth, &signed).await;
    world.execute("TRUNCATE refresh_tokens").await;
    auth.catch_up().await.unwrap();
    assert!(!alive(&auth, &signed).await);
}
