//! Refreshing.

use std::sync::Arc;

use chrono::TimeDelta;
use uuid::Uuid;

use super::support::{Client, PASSWORD, World, code, session};
use crate::token::RefreshToken;
use crate::{Policy, Session};

#[tokio::test]
async fn a_refresh_rotates_the_token_and_keeps_the_session() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    let client = Client::of(&auth);
    let mut current = session(client.sign_up("ada@example.org").await);
    for _ in 0..3 {
        let next = client
            .refresh(current.refresh_token().reveal())
            .await
            .ok()
            .unwrap();
        assert_eq!(next.refresh_token_id, current.refresh_token_id);
        assert!(next.refresh_token != current.refresh_token);
        assert_eq!(next.authenticated().user_id, current.authenticated().user_id);
        assert!(auth.authenticate(next.access_token.reveal()).await.is_ok());
        current = next;
    }
    assert_eq!(
        world.audit().await,
        ["signUpEmailPassword success"],
        "a refresh writes nothing else"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_parallel_refreshes_get_one_successor() {
    let world = Arc::new(World::new().await);
    let nodes = [
        Arc::new(world.node(Policy::default()).await),
        Arc::new(world.node(Policy::default()).await),
    ];
    let first = session(Client::of(&nodes[0]).sign_up("ada@example.org").await);
    let token = first.refresh_token().reveal().to_owned();
    let racers = (0..50).map(|number| {
        let (node, token) = (Arc::clone(&nodes[number % 2]), token.clone());
        tokio::spawn(async move {
            Client::of(&node)
                .refresh(&token)
                .await
                .map(|next| next.refresh_token().reveal().to_owned())
        })
    });
    let mut successors = Vec::new();
    for racer in racers.collect::<Vec<_>>() {
        successors.push(racer.await.unwrap().unwrap());
    }
    successors.dedup();
    assert_eq!(successors.len(), 1);
    assert_ne!(successors[0], token);
    assert!(Client::of(&nodes[1]).refresh(&successors[0]).await.is_ok());
}

#[tokio::test]
async fn the_previous_token_works_for_ten_seconds_and_ends_the_session_afterwards() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    let client = Client::of(&auth);
    let first = session(client.sign_up("ada@example.org").await);
    let second = client.refresh(first.refresh_token().reveal()).await.ok().unwrap();
    world.advance(TimeDelta::seconds(10));
    let again = client.refresh(first.refresh_token().reveal()).await.ok().unwrap();
    assert!(again.refresh_token == second.refresh_token);
    world.advance(TimeDelta::microseconds(1));
    assert_eq!(
        code(client.refresh(first.refresh_token().reveal()).await),
        "invalid-refresh-token"
    );
    is_over(&auth, &client, &second).await;
    assert_eq!(
        world.audit().await,
        [
            "signUpEmailPassword success",
            "refreshToken refused invalid-refresh-token"
        ]
    );
}

#[tokio::test]
async fn an_older_token_ends_the_session_at_once() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    let client = Client::of(&auth);
    let first = session(client.sign_up("ada@example.org").await);
    let second = client.refresh(first.refresh_token().reveal()).await.ok().unwrap();
    let third = client
        .refresh(second.refresh_token().reveal())
        .await
        .ok()
        .unwrap();
    assert_eq!(
        code(client.refresh(first.refresh_token().reveal()).await),
        "invalid-refresh-token"
    );
    is_over(&auth, &client, &third).await;
}

async fn is_over(auth: &crate::Auth, client: &Client<'_>, current: &Session) {
    assert_eq!(
        code(client.refresh(current.refresh_token().reveal()).await),
        "invalid-refresh-token"
    );
    assert_eq!(
        code(auth.authenticate(current.access_token.reveal()).await),
        "invalid-jwt"
    );
}

#[tokio::test]
async fn a_forged_token_harms_nothing() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    let client = Client::of(&auth);
    let first = session(client.sign_up("ada@example.org").await);
    let foreign = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &[9; 32]);
    for generation in [0, 1, 7] {
        let id = first.refresh_token_id;
        let forged = RefreshToken::create(&foreign, world.entropy.as_ref(), id, generation).unwrap();
        assert_eq!(
            code(client.refresh(forged.into_plain().reveal()).await),
            "invalid-refresh-token"
        );
    }
    // Genuine, but of a session nobody has, and of a generation that was never reached.
    for (id, generation) in [(Uuid::from_u128(1), 0), (first.refresh_token_id, 5)] {
        let key = &auth.keys.refresh_mac;
        let token = RefreshToken::create(key, world.entropy.as_ref(), id, generation).unwrap();
        assert_eq!(
            code(client.refresh(token.into_plain().reveal()).await),
            "invalid-refresh-token"
        );
    }
    assert_eq!(code(client.refresh("nonsense").await), "invalid-refresh-token");
    assert!(client.refresh(first.refresh_token().reveal()).await.is_ok());
}

#[tokio::test]
async fn a_session_ends_when_unused_and_when_old() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    let client = Client::of(&auth);
    let unused = session(client.sign_up("ada@example.org").await);
    let mut used = session(client.sign_up("grace@example.org").await);
    for _ in 0..3 {
        world.advance(TimeDelta::days(29));
        used = client.refresh(used.refresh_token().reveal()).await.ok().unwrap();
    }
    assert_eq!(
        code(client.refresh(unused.refresh_token().reveal()).await),
        "invalid-refresh-token"
    );
    world.advance(TimeDelta::days(3));
    assert_eq!(
        code(client.refresh(used.refresh_token().reveal()).await),
        "invalid-refresh-token"
    );
}

#[tokio::test]
async fn a_user_who_may_not_act_cannot_refresh() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    let client = Client::of(&auth);
    let mut signed = session(client.sign_up("ada@example.org").await);
    for (no, yes) in [
        ("disabled = TRUE", "disabled = FALSE"),
        ("is_locked = TRUE", "is_locked = FALSE"),
        ("deleted_at = created_at", "deleted_at = NULL"),
    ] {
        world.execute(&format!("UPDATE users SET {no}")).await;
        let refreshed = client.refresh(signed.refresh_token().reveal()).await;
        assert_eq!(code(refreshed), "invalid-refresh-token", "{no}");
        assert_eq!(
            code(auth.authenticate(signed.access_token.reveal()).await),
            "invalid-jwt"
        );
        world.execute(&format!("UPDATE users SET {yes}")).await;
        signed = session(client.sign_in("ada@example.org", PASSWORD).await);
    }
}

#[tokio::test]
async fn failures_of_others_do_not_keep_a_session_from_its_refresh() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    let client = Client::of(&auth);
    let first = session(client.sign_up("ada@example.org").await);
    world
        .execute("UPDATE users SET locked_until = '2999-01-01T00:00:00+00:00'")
        .await;
    assert!(client.refresh(first.refresh_token().reveal()).await.is_ok());
}

#[tokio::test]
async fn refreshes_are_limited_per_address() {
    let world = World::new().await;
    let mut policy = Policy::default();
    policy.limits.refreshes = 2;
    let auth = world.node(policy).await;
    let client = Client::of(&auth);
    assert_eq!(code(client.refresh("x").await), "invalid-refresh-token");
    assert_eq!(code(client.refresh("x").await), "invalid-refresh-token");
    assert_eq!(code(client.refresh("x").await), "too-many-requests");
}

#[tokio::test]
async fn who_lacks_a_second_factor_keeps_the_token_until_it_is_proved() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    let client = Client::of(&auth);
    let first = session(client.sign_up("ada@example.org").await);
    let before = session(client.sign_in("ada@example.org", PASSWORD).await);
    for sql in [
        "UPDATE users SET default_role = 'user'",
        "INSERT INTO roles (role) SELECT 'admin' WHERE NOT EXISTS (SELECT 1 FROM roles WHERE role = 'admin')",
        "INSERT INTO user_roles (id, user_id, role) SELECT id, id, 'admin' FROM users",
        "UPDATE users SET default_role = 'admin'",
        "DELETE FROM user_roles WHERE role <> 'admin'",
        "UPDATE user_roles SET created_at = '2027-01-14T00:00:00+00:00'",
    ] {
        world.execute(sql).await;
    }
    // As long as the role is new.
    let current = client
        .refresh(before.refresh_token().reveal())
        .await
        .ok()
        .unwrap();
    world
        .execute("UPDATE user_roles SET created_at = '2020-01-01T00:00:00+00:00'")
        .await;
    for _ in 0..3 {
        for token in [&first, &current] {
            let answer = client.refresh(token.refresh_token().reveal()).await;
            assert_eq!(code(answer), "second-factor-required");
        }
        world.advance(TimeDelta::seconds(11));
    }
    // Once it is proved in one session that one goes on, and so does the other with a role that needs none.
    let proved = format!(
        "UPDATE refresh_tokens SET authentication_methods = '[\"pwd\", \"otp\", \"mfa\"]' WHERE id = {}",
        world.id(current.refresh_token_id)
    );
    world.execute(&proved).await;
    assert!(client.refresh(current.refresh_token().reveal()).await.is_ok());
    world.execute("INSERT INTO user_roles (id, user_id, role) SELECT id, user_id, 'user' FROM refresh_tokens WHERE revoked_at IS NULL LIMIT 1").await;
    assert!(client.refresh(first.refresh_token().reveal()).await.is_ok());
}
