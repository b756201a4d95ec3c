//! `signInEmailPassword`

use std::sync::Arc;

use portico_entity::users;
use sea_orm::ActiveModelTrait;
use sea_orm::ActiveValue::Set;
use serde_json::json;
use uuid::Uuid;

use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    the_email_is_found_without_regard_to_case,
    each_sign_in_opens_a_session_of_its_own,
    whoever_lacks_the_password_learns_nothing,
    whoever_has_the_password_learns_the_state_of_the_account,
    signing_in_is_noted_as_activity,
    failures_delay_further_attempts_on_the_account,
);

async fn the_email_is_found_without_regard_to_case(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let answer = app.public().sign_in("JANE@Example.ORG", &jane.password).await;
    assert_eq!(
        answer.string("/signInEmailPassword/session/user/id"),
        jane.id.to_string()
    );
}

async fn each_sign_in_opens_a_session_of_its_own(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let elsewhere = jane.sign_in_again().await;
    assert_ne!(jane.session.id, elsewhere.session.id);
    let answer = jane.graphql("{ authRefreshTokens { id } }").await;
    assert_eq!(answer.values("id").len(), 2);
}

/// Unknown, wrong, disabled, locked and deleted: one answer, and one hash each.
async fn whoever_lacks_the_password_learns_nothing(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let unknown = app
        .public()
        .sign_in("nobody@example.org", "a wrong password")
        .await;
    assert_eq!(unknown.error_code(), "invalid-email-password");
    for (name, change) in changes() {
        let user = app.user(name).await;
        set(&database, user.id, change).await;
        let before = app.auth.hash_calls();
        let answer = app.public().sign_in(&user.email, "a wrong password").await;
        assert_eq!(app.auth.hash_calls() - before, 1, "{name}");
        assert_eq!(
            (answer.status, &answer.text),
            (unknown.status, &unknown.text),
            "{name}"
        );
    }
    let before = app.auth.hash_calls();
    app.public()
        .sign_in("nobody@example.org", "a wrong password")
        .await;
    assert_eq!(app.auth.hash_calls() - before, 1);
}

type Change = (&'static str, fn(&mut users::ActiveModel));

/// What an administrator or time makes of an account.
fn changes() -> [Change; 4] {
    [
        ("wrong", |_| {}),
        ("disabled", |user| user.disabled = Set(true)),
        ("locked", |user| user.is_locked = Set(true)),
        ("deleted", |user| {
            user.deleted_at = Set(Some("2026-01-01T00:00:00Z".parse().unwrap()))
        }),
    ]
}

async fn set(database: &TestDatabase, id: Uuid, change: fn(&mut users::ActiveModel)) {
    let mut user = users::ActiveModel {
        id: Set(id),
        display_name: Set("changed".into()),
        ..Default::default()
    };
    change(&mut user);
    user.update(&database.connect().await).await.unwrap();
}

async fn whoever_has_the_password_learns_the_state_of_the_account(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    for ((name, change), code) in
        changes()
            .into_iter()
            .skip(1)
            .zip(["disabled-user", "locked-user", "invalid-email-password"])
    {
        let user = app.user(name).await;
        set(&database, user.id, change).await;
        let answer = app.public().sign_in(&user.email, &user.password).await;
        let told = answer.error_code();
        // Who deleted an account may be told like someone who never had one, or that it is off.
        assert!(
            told == code || (name == "deleted" && told == "disabled-user"),
            "{name}: {told}"
        );
        // The session from before has ended with the account.
        assert_eq!(
            user.graphql("{ users { id } }").await.error_code(),
            "invalid-jwt",
            "{name}"
        );
        let refresh = app.public().refresh(&user.session.refresh_token).await;
        assert!(refresh.body.get("errors").is_some(), "{name}");
    }
}

async fn signing_in_is_noted_as_activity(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    app.clock.advance(3600);
    let jane = jane.sign_in_again().await;
    // Activity is collected, so that reading costs no write.
    app.auth.flush_last_seen().await.unwrap();
    let answer = jane.graphql("{ users { lastSeen } }").await;
    assert_eq!(answer.values("lastSeen"), [json!("2026-03-01T10:00:00+00:00")]);
}

async fn failures_delay_further_attempts_on_the_account(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    for _ in 0..10 {
        let answer = app.public().sign_in(&jane.email, "a wrong password").await;
        assert_eq!(answer.error_code(), "invalid-email-password");
    }
    let answer = app.public().sign_in(&jane.email, &jane.password).await;
    assert_eq!(answer.error_code(), "too-many-requests");
    // An unknown address is delayed alike: otherwise the delay would tell who exists.
    for _ in 0..10 {
        app.public()
            .sign_in("nobody@example.org", "a wrong password")
            .await;
    }
    let answer = app
        .public()
        .sign_in("nobody@example.org", "a wrong password")
        .await;
    assert_eq!(answer.error_code(), "too-many-requests");
    // The delay ends by itself, and other users never noticed.
    app.clock.advance(3600);
    app.public().sign_in(&jane.email, &jane.password).await.data();
}
