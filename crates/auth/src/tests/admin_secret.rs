//! The admin secret.

use std::sync::Arc;

use chrono::TimeDelta;

use super::support::{ADMIN_SECRET, World, caller, code, home};
use crate::Policy;

#[tokio::test]
async fn wrong_secrets_are_counted_per_address_by_all_nodes() {
    let world = World::new().await;
    let (one, two) = (
        world.node(Policy::default()).await,
        world.node(Policy::default()).await,
    );
    assert!(one.check_admin_secret(&home(), ADMIN_SECRET).await.is_ok());
    for number in 0..10 {
        let node = if number % 2 == 0 { &one } else { &two };
        assert_eq!(
            code(node.check_admin_secret(&home(), "wrong").await),
            "access-denied"
        );
    }
    world.advance(TimeDelta::seconds(1));
    for node in [&one, &two] {
        assert_eq!(
            code(node.check_admin_secret(&home(), "wrong").await),
            "too-many-requests"
        );
        assert_eq!(
            code(node.check_admin_secret(&home(), ADMIN_SECRET).await),
            "too-many-requests"
        );
        assert!(
            node.check_admin_secret(&caller("192.0.2.99"), ADMIN_SECRET)
                .await
                .is_ok()
        );
    }
    world.advance(TimeDelta::seconds(60));
    assert!(one.check_admin_secret(&home(), ADMIN_SECRET).await.is_ok());
}

/// The right guess comes last of fifty-one sent at once. Were they not judged in turn, it would pass
/// before the others are counted.
#[tokio::test]
async fn guesses_sent_at_once_count_like_guesses_in_turn() {
    let world = World::new().await;
    let auth = Arc::new(world.node(Policy::default()).await);
    let secrets = std::iter::repeat_n("wrong", 50).chain([ADMIN_SECRET]);
    // On one thread, tasks are first run in the order in which they were spawned.
    let guesses: Vec<_> = secrets
        .map(|secret| {
            let auth = Arc::clone(&auth);
            tokio::spawn(async move { code(auth.check_admin_secret(&home(), secret).await) })
        })
        .collect();
    let mut answers = Vec::new();
    for guess in guesses {
        answers.push(guess.await.unwrap());
    }
    let (counted, refused) = answers.split_at(10);
    assert!(counted.iter().all(|answer| *answer == "access-denied"));
    assert!(refused.iter().all(|answer| *answer == "too-many-requests"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_who_asks_often_at_once_is_not_kept_out() {
    let world = World::new().await;
    let auth = Arc::new(world.node(Policy::default()).await);
    let asked: Vec<_> = (0..50)
        .map(|_| {
            let auth = Arc::clone(&auth);
            tokio::spawn(async move { auth.check_admin_secret(&home(), ADMIN_SECRET).await.is_ok() })
        })
        .collect();
    for answer in asked {
        assert!(answer.await.unwrap());
    }
    // Somebody else behind the same address guesses meanwhile.
    assert_eq!(
        code(auth.check_admin_secret(&home(), "wrong").await),
        "access-denied"
    );
    assert!(auth.check_admin_secret(&home(), ADMIN_SECRET).await.is_ok());
    auth.maintain().await.unwrap();
    assert!(auth.check_admin_secret(&home(), ADMIN_SECRET).await.is_ok());
}

#[tokio::test]
async fn the_right_secret_needs_no_database_and_a_guess_that_cannot_be_counted_waits() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    world.execute("ALTER TABLE limits RENAME TO hidden").await;
    let wrong = async || code(auth.check_admin_secret(&home(), "wrong").await);
    assert!(auth.check_admin_secret(&home(), ADMIN_SECRET).await.is_ok());
    for _ in 0..2 {
        assert_eq!(wrong().await, "internal-server-error");
        assert_eq!(wrong().await, "too-many-requests");
        assert_eq!(
            code(auth.check_admin_secret(&home(), ADMIN_SECRET).await),
            "too-many-requests"
        );
        let other = caller("192.0.2.99");
        assert!(auth.check_admin_secret(&other, ADMIN_SECRET).await.is_ok());
        // Ten a minute are allowed.
        world.advance(TimeDelta::seconds(6));
        assert!(auth.check_admin_secret(&home(), ADMIN_SECRET).await.is_ok());
    }
    world.execute("ALTER TABLE hidden RENAME TO limits").await;
    assert_eq!(wrong().await, "access-denied");
    assert_eq!(wrong().await, "access-denied");
}

#[tokio::test]
async fn nobody_waits_for_the_time_to_come_back() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    for _ in 0..11 {
        drop(auth.check_admin_secret(&home(), "wrong").await);
    }
    assert_eq!(
        code(auth.check_admin_secret(&home(), ADMIN_SECRET).await),
        "too-many-requests"
    );
    world.advance(TimeDelta::hours(-1));
    assert!(auth.check_admin_secret(&home(), ADMIN_SECRET).await.is_ok());
}
