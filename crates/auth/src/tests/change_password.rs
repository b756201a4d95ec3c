//! Changing a password, and being proved anew.

use std::sync::Arc;

use chrono::TimeDelta;
use portico_entity::{outbox, password_history};
use sea_orm::EntityTrait;

use super::support::{Client, PASSWORD, World, code, session};
use crate::flow::{self, ChangePasswordInput, ElevatePasswordInput};
use crate::value::Password;
use crate::{Auth, Authenticated, Error, Policy, Session};

const EMAIL: &str = "ada@example.org";

async fn change(
    client: &Client<'_>,
    who: &Authenticated,
    current: Option<&str>,
    new: &str,
) -> Result<(), Error> {
    let input = ChangePasswordInput {
        current_password: current.map(|text| Password::parse_presented(text).unwrap()),
        new_password: Password::parse(new).unwrap(),
    };
    flow::change_password(&client.ctx(Some(who)), input).await
}

async fn elevate(client: &Client<'_>, who: &Authenticated, password: &str) -> Result<Session, Error> {
    let password = Password::parse_presented(password).unwrap();
    flow::elevate_password(&client.ctx(Some(who)), ElevatePasswordInput { password }).await
}

async fn signed(auth: &Auth) -> Session {
    session(Client::of(auth).sign_up(EMAIL).await)
}

#[tokio::test]
async fn a_change_needs_the_current_password_ends_other_sessions_and_tells_the_owner() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    let client = Client::of(&auth);
    let here = signed(&auth).await;
    let there = session(client.sign_in(EMAIL, PASSWORD).await);
    let who = &here.authenticated();
    let next = "another long password";
    assert_eq!(
        code(change(&client, who, Some("wrong"), next).await),
        "invalid-password"
    );
    assert_eq!(
        code(change(&client, who, None, next).await),
        "elevated-claim-required"
    );
    assert!(client.refresh(there.refresh_token().reveal()).await.is_ok());
    change(&client, who, Some(PASSWORD), next).await.unwrap();
    assert_eq!(
        code(client.sign_in(EMAIL, PASSWORD).await),
        "invalid-email-password"
    );
    session(client.sign_in(EMAIL, next).await);
    assert!(auth.authenticate(here.access_token.reveal()).await.is_ok());
    assert_eq!(
        code(auth.authenticate(there.access_token.reveal()).await),
        "invalid-jwt"
    );
    assert!(client.refresh(here.refresh_token().reveal()).await.is_ok());
    let mails = outbox::Entity::find()
        .all(&world.database.connection)
        .await
        .unwrap();
    assert_eq!(mails.len(), 1);
    assert_eq!(
        (mails[0].recipient.as_str(), mails[0].template.as_str()),
        (EMAIL, "password-changed")
    );
    let audit = world.audit().await;
    let changes = audit.iter().filter(|event| event.starts_with("changePassword"));
    let expected = [
        "changePassword refused invalid-password",
        "changePassword refused elevated-claim-required",
        "changePassword success",
    ];
    let mut changes: Vec<_> = changes.cloned().collect();
    changes.sort();
    let mut expected = expected.map(str::to_owned).to_vec();
    expected.sort();
    assert_eq!(changes, expected);
}

#[tokio::test]
async fn the_latest_passwords_are_not_set_again() {
    let world = World::new().await;
    let mut policy = Policy {
        password_history: 3,
        ..Policy::default()
    };
    policy.limits.sign_ins = 1000;
    let auth = world.node(policy).await;
    let client = Client::of(&auth);
    let who = signed(&auth).await.authenticated();
    let passwords = [
        PASSWORD,
        "the second password",
        "the third password",
        "the fourth password",
    ];
    for pair in passwords.windows(2) {
        world.advance(TimeDelta::seconds(1));
        change(&client, &who, Some(pair[0]), pair[1]).await.unwrap();
    }
    for used in &passwords[1..] {
        let answer = change(&client, &who, Some(passwords[3]), used).await;
        assert_eq!(code(answer), "password-used-before", "{used}");
    }
    let kept = password_history::Entity::find()
        .all(&world.database.connection)
        .await;
    assert_eq!(kept.unwrap().len(), 2);
    change(&client, &who, Some(passwords[3]), PASSWORD).await.unwrap();
    for common in ["Password1", "ada-1234567"] {
        let answer = change(&client, &who, Some(PASSWORD), common).await;
        assert!(code(answer).starts_with("password-too-"), "{common}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_changes_at_once_one_succeeds() {
    let world = World::new().await;
    let mut policy = Policy {
        password_history: 1,
        ..Policy::default()
    };
    policy.limits.sign_ins = 1000;
    policy.limits.failures = 1000;
    policy.hashing_queue = 1000;
    let auth = Arc::new(world.node(policy).await);
    let who = signed(&auth).await.authenticated();
    let changes: Vec<_> = (0..50)
        .map(|number| {
            let (auth, who) = (Arc::clone(&auth), who.clone());
            tokio::spawn(async move {
                let next = format!("the password with number {number}");
                let changed = change(&Client::of(&auth), &who, Some(PASSWORD), &next).await;
                changed.map(|()| next).map_err(|error| error.code().as_str())
            })
        })
        .collect();
    let mut winners = Vec::new();
    for change in changes {
        match change.await.unwrap() {
            Ok(next) => winners.push(next),
            Err(code) => assert_eq!(code, "invalid-password"),
        }
    }
    assert_eq!(winners.len(), 1);
    session(Client::of(&auth).sign_in(EMAIL, &winners[0]).await);
}

#[tokio::test]
async fn guesses_of_the_current_password_count_like_sign_ins() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    let client = Client::of(&auth);
    let who = signed(&auth).await.authenticated();
    for number in 0..10 {
        let guess = match number % 3 {
            0 => code(client.sign_in(EMAIL, "wrong").await),
            1 => code(change(&client, &who, Some("wrong"), "another long password").await),
            _ => code(elevate(&client, &who, "wrong").await),
        };
        assert!(
            ["invalid-password", "invalid-email-password"].contains(&guess),
            "{guess}"
        );
    }
    let calls = auth.hash_calls();
    let late = change(&client, &who, Some(PASSWORD), "another long password").await;
    assert_eq!(code(late), "too-many-requests");
    assert_eq!(code(elevate(&client, &who, PASSWORD).await), "too-many-requests");
    assert_eq!(auth.hash_calls(), calls);
}

#[tokio::test]
async fn an_elevation_has_a_clock_of_its_own() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    let client = Client::of(&auth);
    let first = signed(&auth).await;
    assert!(!first.authenticated().elevated);
    assert_eq!(
        code(elevate(&client, &first.authenticated(), "wrong").await),
        "invalid-password"
    );
    let elevated = elevate(&client, &first.authenticated(), PASSWORD)
        .await
        .ok()
        .unwrap();
    assert!(elevated.refresh_token.is_none());
    assert_eq!(elevated.refresh_token_id, first.refresh_token_id);
    assert_eq!(elevated.access_token_expires_in, 600);
    let who = auth
        .authenticate(elevated.access_token.reveal())
        .await
        .ok()
        .unwrap();
    assert!(who.elevated);
    assert_eq!(who.variables["x-hasura-auth-elevated"], who.user_id.to_string());
    // A refresh goes on with it, and adds nothing.
    world.advance(TimeDelta::minutes(4));
    let next = client.refresh(first.refresh_token().reveal()).await.ok().unwrap();
    assert!(next.authenticated().elevated);
    assert_eq!(next.access_token_expires_in, 360);
    let beside = client.refresh(first.refresh_token().reveal()).await.ok().unwrap();
    assert!(beside.authenticated().elevated, "also for the other tab");
    world.advance(TimeDelta::minutes(6));
    assert_eq!(
        code(auth.authenticate(elevated.access_token.reveal()).await),
        "invalid-jwt"
    );
    let later = client.refresh(next.refresh_token().reveal()).await.ok().unwrap();
    assert!(!later.authenticated().elevated);
    assert_eq!(later.access_token_expires_in, 900);
    let other = session(client.sign_in(EMAIL, PASSWORD).await);
    assert!(
        !other.authenticated().elevated,
        "it is the session that is elevated"
    );
}

#[tokio::test]
async fn an_elevated_session_sets_a_password_without_the_current_one() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    let client = Client::of(&auth);
    let first = signed(&auth).await;
    let who = elevate(&client, &first.authenticated(), PASSWORD)
        .await
        .ok()
        .unwrap()
        .authenticated();
    let next = "another long password";
    assert_eq!(
        code(change(&client, &who, Some("wrong"), next).await),
        "invalid-password"
    );
    change(&client, &who, None, next).await.unwrap();
    session(client.sign_in(EMAIL, next).await);
}

#[tokio::test]
async fn a_session_that_ended_is_not_elevated() {
    let world = World::new().await;
    let auth = world.node(Policy::default()).await;
    let client = Client::of(&auth);
    let first = signed(&auth).await;
    world
        .execute("UPDATE refresh_tokens SET revoked_at = created_at")
        .await;
    assert_eq!(
        code(elevate(&client, &first.authenticated(), PASSWORD).await),
        "unauthenticated"
    );
    world.execute("UPDATE users SET disabled = TRUE").await;
    assert_eq!(
        code(elevate(&client, &first.authenticated(), PASSWORD).await),
        "disabled-user"
    );
}
