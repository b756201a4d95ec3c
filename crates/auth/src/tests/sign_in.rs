//! Signing in.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use portico_entity::{limits, users};
use sea_orm::EntityTrait;

use super::support::{Client, PASSWORD, World, code, session};
use crate::value::Password;
use crate::{Error, Policy};

#[tokio::test]
async fn the_right_password_opens_a_session_whatever_the_case_of_the_name() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    let client = Client::of(&auth);
    let first = session(client.sign_up("ada@example.org").await);
    let second = session(client.sign_in("ADA@Example.org", PASSWORD).await);
    assert_ne!(first.refresh_token_id, second.refresh_token_id);
    assert_eq!(first.authenticated().user_id, second.authenticated().user_id);
    session(client.sign_up_username("Grace").await);
    session(client.sign_in_username("GRACE", PASSWORD).await);
}

#[tokio::test]
async fn who_did_not_prove_the_password_hears_one_answer_at_one_cost() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    let client = Client::of(&auth);
    let states = [
        ("disabled", "disabled = TRUE", "disabled-user"),
        ("locked", "is_locked = TRUE", "locked-user"),
        ("inactive", "activated_at = NULL", "inactive-user"),
        ("deleted", "deleted_at = created_at", "invalid-email-password"),
        ("passwordless", "password_hash = NULL", "invalid-email-password"),
    ];
    for (name, change, _) in states {
        session(client.sign_up(&format!("{name}@example.org")).await);
        world
            .execute(&format!(
                "UPDATE users SET {change} WHERE email = '{name}@example.org'"
            ))
            .await;
    }
    session(client.sign_up("active@example.org").await);
    for name in [
        "unknown",
        "active",
        "disabled",
        "locked",
        "inactive",
        "deleted",
        "passwordless",
    ] {
        let calls = auth.hash_calls();
        let result = client
            .sign_in(&format!("{name}@example.org"), "a wrong password")
            .await;
        assert_eq!(code(result), "invalid-email-password", "{name}");
        assert_eq!(auth.hash_calls(), calls + 1, "{name}");
    }
    for (name, _, expected) in states {
        let calls = auth.hash_calls();
        assert_eq!(
            code(client.sign_in(&format!("{name}@example.org"), PASSWORD).await),
            expected,
            "{name}"
        );
        assert_eq!(auth.hash_calls(), calls + 1, "{name}");
    }
    let calls = auth.hash_calls();
    assert_eq!(
        code(client.sign_in_username("nobody", "abc").await),
        "invalid-username-password"
    );
    assert_eq!(auth.hash_calls(), calls + 1);
    let audit = world.audit().await;
    let refused = audit
        .iter()
        .filter(|event| event.starts_with("signInEmailPassword refused"))
        .count();
    assert_eq!(refused, 7 + states.len());
}

#[tokio::test]
async fn sign_ins_are_limited_per_address_before_any_work() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    let client = Client::of(&auth);
    let mut refused = 0;
    for number in 0..35 {
        let result = client
            .sign_in(&format!("u{number}@example.org"), "some password")
            .await;
        refused += usize::from(code(result) == "too-many-requests");
    }
    assert_eq!((refused, auth.hash_calls()), (5, 30));
    let Err(Error::Refused(refusal)) = client.sign_in("a@example.org", "x").await else {
        panic!()
    };
    assert_eq!(refusal.retry_after().unwrap().as_secs(), 60);
    // Beyond the limit a flood costs the database nothing, and another caller is not concerned.
    let connection = &world.database.connection;
    let counters = limits::Entity::find().all(connection).await.unwrap();
    assert_eq!(counters.iter().map(|row| row.count).max(), Some(31));
    assert_eq!(
        code(
            Client::at(&auth, "192.0.2.99")
                .sign_in("a@example.org", "x")
                .await
        ),
        "invalid-email-password"
    );
    world.advance(TimeDelta::seconds(60));
    assert_eq!(
        code(client.sign_in("a@example.org", "x").await),
        "invalid-email-password"
    );
}

#[tokio::test]
async fn after_ten_failures_an_account_answers_with_growing_delays_known_or_not() {
    let world = World::new().await;
    let mut policy = Policy::default();
    policy.limits.sign_ins = 1000;
    let (one, two) = (world.node(policy.clone()).await, world.node(policy).await);
    session(Client::of(&one).sign_up("known@example.org").await);
    for email in ["known@example.org", "unknown@example.org"] {
        for number in 0..10 {
            let address = format!("198.51.100.{number}");
            let node = if number % 2 == 0 { &one } else { &two };
            let client = Client::at(node, &address);
            assert_eq!(
                code(client.sign_in(email, "wrong").await),
                "invalid-email-password"
            );
        }
        let client = Client::at(&one, "203.0.113.7");
        for delay in [5, 15, 30] {
            let Err(Error::Refused(refusal)) = client.sign_in(email, PASSWORD).await else {
                panic!()
            };
            assert_eq!(refusal.retry_after().unwrap().as_secs(), delay, "{email}");
            world.advance(TimeDelta::seconds(i64::try_from(delay).unwrap()));
            assert_eq!(
                code(client.sign_in(email, "wrong").await),
                "invalid-email-password"
            );
        }
    }
    // The delay ends by itself, and success forgets the failures.
    world.advance(TimeDelta::minutes(15));
    session(Client::of(&one).sign_in("known@example.org", PASSWORD).await);
    for _ in 0..10 {
        assert_eq!(
            code(Client::of(&one).sign_in("known@example.org", "x").await),
            "invalid-email-password"
        );
    }
}

#[tokio::test]
async fn a_password_changed_while_the_old_one_is_compared_opens_no_session() {
    let world = World::new().await;
    let policy = Policy {
        hashing_threads: 1,
        ..Policy::default()
    };
    let auth = Arc::new(world.node(policy).await);
    let client = Client::of(&auth);
    session(client.sign_up("ada@example.org").await);
    for _ in 0..20 {
        let auth = Arc::clone(&auth);
        let password = Arc::new(Password::parse(PASSWORD).unwrap());
        tokio::spawn(async move { auth.hashing.verify(None, &password).await.is_ok() });
    }
    tokio::task::yield_now().await;
    // The sign-in looks the user up, then waits behind those.
    let change = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        world.execute("UPDATE users SET password_hash = 'another'").await;
        auth.hash_calls()
    };
    let (result, calls) = tokio::join!(client.sign_in("ada@example.org", PASSWORD), change);
    assert_eq!(code(result), "invalid-email-password");
    assert!(calls < auth.hash_calls(), "it was changed in the meantime");
}

#[tokio::test]
async fn last_seen_is_written_in_batches() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    let client = Client::of(&auth);
    let id = session(client.sign_up("ada@example.org").await)
        .authenticated()
        .user_id;
    session(client.sign_up("grace@example.org").await);
    let connection = &world.database.connection;
    let last_seen = || async {
        users::Entity::find_by_id(id)
            .one(connection)
            .await
            .unwrap()
            .unwrap()
            .last_seen
    };
    assert_eq!(last_seen().await, None);
    auth.flush_last_seen().await.unwrap();
    let first = last_seen().await.unwrap();
    world.advance(TimeDelta::seconds(299));
    session(client.sign_in("ada@example.org", PASSWORD).await);
    auth.flush_last_seen().await.unwrap();
    assert_eq!(last_seen().await, Some(first));
    world.advance(TimeDelta::seconds(1));
    session(client.sign_in("ada@example.org", PASSWORD).await);
    auth.flush_last_seen().await.unwrap();
    assert_eq!(last_seen().await, Some(first + TimeDelta::seconds(300)));
}
