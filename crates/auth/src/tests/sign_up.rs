//! Signing up.

use chrono::TimeDelta;
use portico_entity::{contacts, outbox, user_roles, users};
use sea_orm::EntityTrait;
use serde_json::json;

use super::support::{Client, World, code, session};
use crate::value::SignUpOptionsInput;
use crate::{EmailVerification, Policy, SignIn};

fn required() -> Policy {
    Policy {
        email_verification: EmailVerification::Required,
        ..Policy::default()
    }
}

#[tokio::test]
async fn a_new_user_has_a_session_roles_and_a_contact() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    let client = Client::of(&auth);
    let options = SignUpOptionsInput {
        username: Some("Ada".into()),
        first_name: Some("Ada".into()),
        last_name: Some("Lovelace".into()),
        gender: Some("female".into()),
        locale: Some("fr".into()),
        metadata: Some(json!({"plan": "free"})),
        ..Default::default()
    };
    let signed = session(client.sign_up_with("Ada@Example.org", options).await);
    assert_eq!(signed.access_token_expires_in, 900);
    let who = auth.authenticate(signed.access_token.reveal()).await.unwrap();
    assert_eq!(*who, signed.authenticated());
    assert_eq!(who.session_id, signed.refresh_token_id);
    assert_eq!(who.allowed_roles, ["me", "user"]);
    assert_eq!(who.variables["x-hasura-user-id"], who.user_id.to_string());
    assert_eq!(who.claims()["x-hasura-user-is-anonymous"], "false");
    let connection = &world.database.connection;
    let user = users::Entity::find_by_id(who.user_id)
        .one(connection)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(user.email.as_deref(), Some("ada@example.org"));
    assert_eq!(user.display_name, "ada@example.org");
    assert_eq!(
        (user.locale.as_str(), user.gender.as_deref()),
        ("fr", Some("female"))
    );
    assert_eq!(user.metadata, json!({"plan": "free"}));
    assert!(user.active && !user.email_verified);
    assert!(
        user.password_hash
            .unwrap()
            .starts_with("$argon2id$v=19$m=19456,t=2,p=1$")
    );
    let contact = contacts::Entity::find_by_id(who.user_id)
        .one(connection)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(contact.name, "Ada Lovelace");
    let roles = user_roles::Entity::find().all(connection).await.unwrap();
    assert_eq!(roles.len(), 2);
    assert_eq!(world.audit().await, ["signUpEmailPassword success"]);
}

#[tokio::test]
async fn a_taken_address_or_name_is_told_whatever_its_case() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    let client = Client::of(&auth);
    session(client.sign_up("ada@example.org").await);
    assert_eq!(
        code(client.sign_up("ADA@example.ORG").await),
        "email-already-in-use"
    );
    session(client.sign_up_username("ada").await);
    assert_eq!(
        code(client.sign_up_username("ADA").await),
        "username-already-in-use"
    );
    let named = SignUpOptionsInput {
        username: Some("ada".into()),
        ..Default::default()
    };
    assert_eq!(
        code(client.sign_up_with("new@example.org", named.clone()).await),
        "username-already-in-use"
    );
    assert_eq!(
        code(client.sign_up_with("ada@example.org", named).await),
        "username-already-in-use"
    );
    assert_eq!(
        users::Entity::find()
            .all(&world.database.connection)
            .await
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test]
async fn where_addresses_are_verified_new_and_taken_look_alike_and_the_owner_is_told() {
    let world = World::new().await;
    let auth = world.node(required()).await;
    let client = Client::of(&auth);
    let calls = auth.hash_calls();
    assert!(matches!(
        client.sign_up("ada@example.org").await,
        Ok(SignIn::NeedsVerification)
    ));
    assert_eq!(auth.hash_calls(), calls + 1);
    assert!(matches!(
        client.sign_up("ada@example.org").await,
        Ok(SignIn::NeedsVerification)
    ));
    assert_eq!(auth.hash_calls(), calls + 2);
    let connection = &world.database.connection;
    let messages = outbox::Entity::find().all(connection).await.unwrap();
    let mut templates: Vec<_> = messages.iter().map(|message| message.template.as_str()).collect();
    templates.sort_unstable();
    assert_eq!(templates, ["email-taken", "email-verify"]);
    let message = messages
        .iter()
        .find(|message| message.template == "email-verify")
        .unwrap();
    let sealed = message.sealed_body.as_ref().unwrap();
    assert!(!sealed.windows(4).any(|bytes| bytes == b"link"));
    let body = auth.keys.sealer.open(message.id.as_bytes(), sealed).unwrap();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert!(
        body["link"]
            .as_str()
            .unwrap()
            .starts_with("http://127.0.0.1:8080/v1/verify?ticket=")
    );
    assert_eq!(body["code"].as_str().unwrap().len(), 6);
    assert_eq!(
        world.audit().await,
        [
            "signUpEmailPassword success",
            "signUpEmailPassword refused email-already-in-use"
        ]
    );
}

#[tokio::test]
async fn where_addresses_are_verified_a_taken_name_is_told_for_new_and_taken_addresses() {
    let world = World::new().await;
    let auth = world.node(required()).await;
    let client = Client::of(&auth);
    client.sign_up("ada@example.org").await.ok().unwrap();
    session(client.sign_up_username("grace").await);
    let named = |name: &str| SignUpOptionsInput {
        username: Some(name.to_owned()),
        ..Default::default()
    };
    for email in ["ada@example.org", "new@example.org"] {
        let calls = auth.hash_calls();
        let taken = client.sign_up_with(email, named("Grace")).await;
        assert_eq!(code(taken), "username-already-in-use", "{email}");
        assert_eq!(auth.hash_calls(), calls + 1, "{email}");
        let free = client.sign_up_with(email, named(&email[..3])).await;
        assert!(matches!(free, Ok(SignIn::NeedsVerification)), "{email}");
    }
    let messages = outbox::Entity::find()
        .all(&world.database.connection)
        .await
        .unwrap();
    assert_eq!(messages.len(), 3, "none where the name was taken");
}

#[tokio::test]
async fn an_unverified_address_keeps_out_only_who_proved_the_password() {
    let world = World::new().await;
    let auth = world.node(required()).await;
    let client = Client::of(&auth);
    client.sign_up("ada@example.org").await.ok().unwrap();
    assert_eq!(
        code(client.sign_in("ada@example.org", "wrong password").await),
        "invalid-email-password"
    );
    assert_eq!(
        code(client.sign_in("ada@example.org", super::support::PASSWORD).await),
        "unverified-user"
    );
    world.execute("UPDATE users SET email_verified = TRUE").await;
    session(client.sign_in("ada@example.org", super::support::PASSWORD).await);
    // A user without an address has none to verify.
    session(client.sign_up_username("grace").await);
}

#[tokio::test]
async fn sign_ups_are_limited_per_address_and_can_be_switched_off() {
    let world = World::new().await;
    let mut policy = Policy::default();
    policy.limits.sign_ups = 2;
    let auth = world.node(policy).await;
    let client = Client::of(&auth);
    session(client.sign_up("a@example.org").await);
    assert_eq!(
        code(client.sign_up("a@example.org").await),
        "email-already-in-use"
    );
    let calls = auth.hash_calls();
    assert_eq!(code(client.sign_up("c@example.org").await), "too-many-requests");
    assert_eq!(auth.hash_calls(), calls);
    session(Client::at(&auth, "192.0.2.99").sign_up("c@example.org").await);
    world.advance(TimeDelta::seconds(60));
    session(client.sign_up("d@example.org").await);
    let closed = world
        .node(Policy {
            sign_up_disabled: true,
            ..Policy::default()
        })
        .await;
    assert_eq!(
        code(Client::of(&closed).sign_up("e@example.org").await),
        "signup-disabled"
    );
}
