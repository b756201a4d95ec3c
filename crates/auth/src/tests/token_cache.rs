//! Access tokens that are remembered, and what ends them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, PaginatorTrait, TransactionTrait};

use super::support::{Client, PASSWORD, World, code, session};
use crate::flow::{self, RevokeSessionInput, SignOutInput};
use crate::{Auth, Policy, Session};

async fn alive(auth: &Auth, session: &Session) -> bool {
    auth.authenticate(session.access_token.reveal()).await.is_ok()
}

/// Uses a token until it is remembered: what was read counts for a second only, and machines may be slow.
async fn remember(auth: &Auth, session: &Session) {
    for _ in 0..20 {
        auth.catch_up().await.unwrap();
        let before = auth.token_counters().hits;
        assert!(alive(auth, session).await && alive(auth, session).await);
        if auth.token_counters().hits > before {
            return;
        }
    }
    panic!("a token is not remembered");
}

async fn notices(world: &World) -> u64 {
    let connection = &world.database.connection;
    portico_entity::change_notices::Entity::find()
        .count(connection)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_token_is_remembered_only_while_changes_are_read() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    let signed = session(Client::of(&auth).sign_up("ada@example.org").await);
    for _ in 0..3 {
        assert!(alive(&auth, &signed).await);
    }
    let counters = auth.token_counters();
    assert_eq!(
        (counters.hits, counters.entries, counters.readable),
        (0, 0, false)
    );
    assert_eq!(counters.misses, 3);
    remember(&auth, &signed).await;
    assert_eq!(auth.token_counters().entries, 1);
    let known = auth.authenticate(signed.access_token.reveal()).await;
    assert_eq!(known.unwrap(), signed.authenticated);
    // Nobody reads changes any more: a session that ended is refused, whoever ended it.
    tokio::time::sleep(Duration::from_secs(1)).await;
    world
        .execute("UPDATE refresh_tokens SET revoked_at = created_at")
        .await;
    assert!(!auth.token_counters().readable);
    assert!(!alive(&auth, &signed).await);
}

#[tokio::test]
async fn a_change_that_cannot_be_read_makes_nothing_count() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    let signed = session(Client::of(&auth).sign_up("ada@example.org").await);
    remember(&auth, &signed).await;
    world.execute("ALTER TABLE change_notices RENAME TO hidden").await;
    auth.catch_up().await.unwrap_err();
    assert!(!auth.token_counters().readable);
    let before = auth.token_counters();
    assert!(alive(&auth, &signed).await, "it is looked up");
    assert_eq!(auth.token_counters().hits, before.hits);
    auth.after_change().await;
    world.execute("ALTER TABLE hidden RENAME TO change_notices").await;
    world.execute("UPDATE users SET disabled = TRUE").await;
    auth.catch_up().await.unwrap();
    assert!(!alive(&auth, &signed).await);
}

#[tokio::test]
async fn the_next_request_knows_that_a_flow_ended_its_session() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    let client = Client::of(&auth);
    let first = session(client.sign_up("ada@example.org").await);
    let again = async || {
        let signed = session(client.sign_in("ada@example.org", PASSWORD).await);
        remember(&auth, &signed).await;
        signed
    };

    let (by_session, by_token, revoked, reused, last) = (
        again().await,
        again().await,
        again().await,
        again().await,
        again().await,
    );
    let own = SignOutInput::default();
    flow::sign_out(&client.ctx(Some(&by_session.authenticated)), own)
        .await
        .unwrap();
    assert!(!alive(&auth, &by_session).await);

    let token = SignOutInput {
        refresh_token: Some(by_token.refresh_token.reveal().to_owned()),
        all: false,
    };
    flow::sign_out(&client.ctx(None), token).await.unwrap();
    assert!(!alive(&auth, &by_token).await);

    let id = revoked.refresh_token_id;
    flow::revoke_session(&client.ctx(Some(&last.authenticated)), RevokeSessionInput { id })
        .await
        .unwrap();
    assert!(!alive(&auth, &revoked).await);

    let next = client.refresh(reused.refresh_token.reveal()).await.ok().unwrap();
    remember(&auth, &next).await;
    client.refresh(next.refresh_token.reveal()).await.ok().unwrap();
    assert_eq!(
        code(client.refresh(reused.refresh_token.reveal()).await),
        "invalid-refresh-token"
    );
    assert!(!alive(&auth, &reused).await && !alive(&auth, &next).await);

    remember(&auth, &first).await;
    remember(&auth, &last).await;
    let all = SignOutInput {
        refresh_token: None,
        all: true,
    };
    flow::sign_out(&client.ctx(Some(&last.authenticated)), all)
        .await
        .unwrap();
    assert!(!alive(&auth, &first).await && !alive(&auth, &last).await);
}

#[tokio::test]
async fn whoever_changes_a_session_or_its_user_is_noticed() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    let signed = session(Client::of(&auth).sign_up("ada@example.org").await);
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
    world.execute("DELETE FROM user_roles WHERE role = 'user'").await;
    assert_eq!(
        roles().await.unwrap(),
        "me user",
        "the default role is always held"
    );
    remember(&auth, &signed).await;
    world.execute("UPDATE users SET default_role = 'me'").await;
    assert_eq!(code(roles().await), "invalid-jwt");
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
    let second = client.refresh(first.refresh_token.reveal()).await.ok().unwrap();
    client.refresh(second.refresh_token.reveal()).await.ok().unwrap();
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
async fn what_is_remembered_ends_with_the_token_and_with_the_session() {
    let world = World::new().await;
    let policy = Policy {
        session_idle_lifetime: TimeDelta::minutes(5),
        ..Policy::default()
    };
    let (auth, brief) = (world.node(Policy::default()).await, world.node(policy).await);
    let signed = session(Client::of(&auth).sign_up("ada@example.org").await);
    let idle = session(Client::of(&brief).sign_in("ada@example.org", PASSWORD).await);
    remember(&auth, &signed).await;
    remember(&auth, &idle).await;
    world.advance(TimeDelta::minutes(5));
    assert!(alive(&auth, &signed).await && !alive(&auth, &idle).await);
    remember(&auth, &signed).await;
    world.advance(TimeDelta::minutes(10));
    assert!(!alive(&auth, &signed).await);
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
    assert_eq!(notices(&world).await, 1);
    auth.catch_up().await.unwrap();
    assert!(!alive(&auth, &signed).await);
    auth.purge_notices(Duration::ZERO).await.unwrap();
    auth.catch_up().await.unwrap();
    auth.purge_notices(Duration::ZERO).await.unwrap();
    auth.purge_notices(Duration::ZERO).await.unwrap();
    assert_eq!(notices(&world).await, 0);
    world.execute("UPDATE users SET disabled = FALSE").await;
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
    remember(&auth, &signed).await;
    world.execute("TRUNCATE refresh_tokens").await;
    auth.catch_up().await.unwrap();
    assert!(!alive(&auth, &signed).await);
}

/// Reads changes as the service does, until dropped.
struct Watching(Vec<tokio::task::JoinHandle<()>>);

impl Watching {
    fn of(nodes: &[Arc<Auth>]) -> Self {
        let watch = |node: &Arc<Auth>| {
            let node = Arc::clone(node);
            tokio::spawn(async move {
                loop {
                    node.catch_up().await.unwrap();
                    tokio::time::sleep(Duration::from_millis(250)).await;
                }
            })
        };
        Self(nodes.iter().map(watch).collect())
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        for task in &self.0 {
            task.abort();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_nodes_hear_of_it() {
    let world = World::new().await;
    let [one, two] = [
        Arc::new(world.node(Policy::default()).await),
        Arc::new(world.node(Policy::default()).await),
    ];
    let _watching = Watching::of(&[Arc::clone(&one), Arc::clone(&two)]);
    let client = Client::of(&one);
    let signed = session(client.sign_up("ada@example.org").await);
    remember(&two, &signed).await;
    flow::sign_out(&client.ctx(Some(&signed.authenticated)), SignOutInput::default())
        .await
        .unwrap();
    assert!(!alive(&one, &signed).await);
    let began = Instant::now();
    while alive(&two, &signed).await {
        assert!(began.elapsed() < Duration::from_secs(2));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn none_of_fifty_at_once_gets_through_after_the_answer() {
    let world = World::new().await;
    let auth = Arc::new(world.node(Policy::default()).await);
    let _watching = Watching::of(&[Arc::clone(&auth)]);
    let client = Client::of(&auth);
    session(client.sign_up("ada@example.org").await);
    for _ in 0..5 {
        let signed = session(client.sign_in("ada@example.org", PASSWORD).await);
        let over = Arc::new(AtomicBool::new(false));
        let requests = (0..50).map(|_| {
            let (auth, over) = (Arc::clone(&auth), Arc::clone(&over));
            let token = signed.access_token.reveal().to_owned();
            tokio::spawn(async move {
                loop {
                    let after = over.load(Ordering::SeqCst);
                    let let_through = auth.authenticate(&token).await.is_ok();
                    if after {
                        return let_through;
                    }
                    tokio::task::yield_now().await;
                }
            })
        });
        let requests: Vec<_> = requests.collect();
        remember(&auth, &signed).await;
        let own = SignOutInput::default();
        flow::sign_out(&client.ctx(Some(&signed.authenticated)), own)
            .await
            .unwrap();
        over.store(true, Ordering::SeqCst);
        for request in requests {
            assert!(!request.await.unwrap());
        }
    }
}
