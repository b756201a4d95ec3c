//! What happens at start.

use chrono::TimeDelta;

use super::support::{Client, World, session};
use crate::{Factor, OpenError, Policy, SigningAlgorithm};

#[tokio::test]
async fn a_database_sealed_under_another_key_is_not_opened() {
    let world = World::new().await;
    world.node(Policy::default()).await;
    let error = world.open(Policy::default(), 2).await.err().unwrap();
    assert!(matches!(error, OpenError::OtherMasterKey { .. }));
    assert!(error.to_string().contains("another master key"), "{error}");
    world.node(Policy::default()).await;
}

#[tokio::test]
async fn two_nodes_that_start_at_once_share_one_key() {
    let world = World::new().await;
    let (one, two) = tokio::join!(world.node(Policy::default()), world.node(Policy::default()));
    assert_eq!(one.jwks(), two.jwks());
    let keys = one.jwks();
    let keys = keys["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 1);
    assert_eq!(
        (&keys[0]["alg"], &keys[0]["use"]),
        (&"EdDSA".into(), &"sig".into())
    );
    let signed = session(Client::of(&one).sign_up("ada@example.org").await);
    assert!(two.authenticate(signed.access_token.reveal()).await.is_ok());
}

#[tokio::test]
async fn every_algorithm_works_and_a_shared_secret_is_not_published() {
    let world = World::new().await;
    for algorithm in [
        SigningAlgorithm::Es256,
        SigningAlgorithm::Rs256,
        SigningAlgorithm::Hs256,
    ] {
        let auth = world
            .node(Policy {
                algorithm,
                ..Policy::default()
            })
            .await;
        let email = format!("{}@example.org", algorithm.as_str());
        let signed = session(Client::of(&auth).sign_up(&email).await);
        assert!(auth.authenticate(signed.access_token.reveal()).await.is_ok());
        let published = auth.jwks()["keys"]
            .as_array()
            .unwrap()
            .iter()
            .any(|key| key["alg"] == "HS256");
        assert!(!published);
    }
}

#[tokio::test]
async fn keys_rotate_with_overlap_and_other_nodes_learn_the_new_one() {
    let world = World::new().await;
    let (one, two) = (
        world.node(Policy::default()).await,
        world.node(Policy::default()).await,
    );
    let old = session(Client::of(&one).sign_up("ada@example.org").await);
    world.advance(TimeDelta::days(90) - TimeDelta::minutes(5));
    let before = session(Client::of(&one).sign_up("before@example.org").await);
    world.advance(TimeDelta::minutes(5));
    one.maintain().await.unwrap();
    assert_eq!(one.jwks()["keys"].as_array().unwrap().len(), 2);
    // Published, but the old key still signs.
    let during = session(Client::of(&one).sign_up("during@example.org").await);
    assert_eq!(kid(during.access_token.reveal()), kid(old.access_token.reveal()));
    assert!(one.authenticate(before.access_token.reveal()).await.is_ok());
    world.advance(TimeDelta::minutes(10));
    let after = session(Client::of(&one).sign_up("after@example.org").await);
    assert_ne!(kid(after.access_token.reveal()), kid(old.access_token.reveal()));
    assert!(two.authenticate(after.access_token.reveal()).await.is_ok());
    assert!(two.authenticate(during.access_token.reveal()).await.is_ok());
    world.advance(TimeDelta::minutes(21));
    assert_eq!(one.jwks()["keys"].as_array().unwrap().len(), 1);
}

fn kid(token: &str) -> String {
    token.split('.').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_policy_that_contradicts_itself_is_refused() {
    let world = World::new().await;
    for policy in [
        Policy {
            allowed_roles: vec!["user".into(), "admin".into()],
            ..Policy::default()
        },
        Policy {
            default_role: "editor".into(),
            ..Policy::default()
        },
        Policy {
            second_factors: vec![Factor::Webauthn],
            client_url: Some("https://192.0.2.7".into()),
            ..Policy::default()
        },
    ] {
        assert!(matches!(world.open(policy, 1).await, Err(OpenError::Policy(_))));
    }
}
