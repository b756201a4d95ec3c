//! Access tokens that are remembered, and for how long.

use std::time::Duration;

use chrono::TimeDelta;

use super::support::{Client, PASSWORD, World, code, session};
use crate::flow::{self, RevokeSessionInput, SignOutInput};
use crate::{Auth, Policy, Session};

pub(super) async fn alive(auth: &Auth, session: &Session) -> bool {
    auth.authenticate(session.access_token.reveal()).await.is_ok()
}

/// Uses a token until it is remembered: what was read counts for a second only, and machines may be slow.
pub(super) async fn remember(auth: &Auth, session: &Session) {
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
    assert_eq!(*known.unwrap(), signed.authenticated());
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
    flow::sign_out(&client.ctx(Some(&by_session.authenticated())), own)
        .await
        .unwrap();
    assert!(!alive(&auth, &by_session).await);

    let token = SignOutInput {
        refresh_token: Some(by_token.refresh_token().reveal().to_owned()),
        all: false,
    };
    flow::sign_out(&client.ctx(None), token).await.unwrap();
    assert!(!alive(&auth, &by_token).await);

    let id = revoked.refresh_token_id;
    flow::revoke_session(
        &client.ctx(Some(&last.authenticated())),
        RevokeSessionInput { id },
    )
    .await
    .unwrap();
    assert!(!alive(&auth, &revoked).await);

    let next = client
        .refresh(reused.refresh_token().reveal())
        .await
        .ok()
        .unwrap();
    remember(&auth, &next).await;
    client.refresh(next.refresh_token().reveal()).await.ok().unwrap();
    assert_eq!(
        code(client.refresh(reused.refresh_token().reveal()).await),
        "invalid-refresh-token"
    );
    assert!(!alive(&auth, &reused).await && !alive(&auth, &next).await);

    remember(&auth, &first).await;
    remember(&auth, &last).await;
    let all = SignOutInput {
        refresh_token: None,
        all: true,
    };
    flow::sign_out(&client.ctx(Some(&last.authenticated())), all)
        .await
        .unwrap();
    assert!(!alive(&auth, &first).await && !alive(&auth, &last).await);
}
