//! A session in the hands of somebody else: no network is the user's because it was refreshed from there.

use std::sync::Arc;

use serde_json::json;

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::caller::{Caller, User};
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    one_that_moves_brings_no_new_guesses_at_the_password,
    one_that_moves_leaves_the_networks_of_its_user_alone,
    a_journey_leaves_the_networks_of_a_user_alone,
);

/// Requests may come from elsewhere.
const PROXY: [(&str, &str); 2] = [
    ("PORTICO_LIMIT_SIGN_INS", "10000"),
    ("PORTICO_TRUSTED_PROXIES", "127.0.0.1/32"),
];

/// Not the network that users of tests sign up from.
fn elsewhere(app: &TestApp, network: usize) -> Caller {
    app.public()
        .with("x-forwarded-for", &format!("2001:db8:0:{network:x}::1"))
}

/// The session goes on elsewhere: whoever has it there, and its next refresh token.
async fn moved(app: &TestApp, network: usize, token: &str) -> (Caller, String) {
    let caller = elsewhere(app, network);
    let refreshed = caller.refresh(token).await;
    let session = caller.bearer(&refreshed.string("/refreshToken/accessToken"));
    (session, refreshed.string("/refreshToken/refreshToken"))
}

async fn elevate(caller: &Caller, password: &str) -> Answer {
    let query = "mutation ($password: String!) { elevatePassword(password: $password) { accessToken } }";
    caller.graphql_with(query, json!({ "password": password })).await
}

async fn change(caller: &Caller, current: &str) -> Answer {
    let query = "mutation ($current: String) { changePassword(currentPassword: $current, newPassword: \"an entirely new password\") }";
    caller.graphql_with(query, json!({ "current": current })).await
}

/// Uses up what anybody may guess who comes from where the user is not known.
async fn use_up(app: &TestApp, user: &User, network: usize) {
    let caller = elsewhere(app, network);
    for _ in 0..10 {
        let answer = caller.sign_in(&user.email, "a wrong password").await;
        assert_eq!(answer.error_code(), "invalid-email-password");
    }
    let answer = caller.sign_in(&user.email, &user.password).await;
    assert_eq!(answer.error_code(), "too-many-requests");
}

async fn one_that_moves_brings_no_new_guesses_at_the_password(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &PROXY).await;
    let jane = app.user("jane").await;
    let (mut token, mut judged) = (jane.session.refresh_token.clone(), 0);
    for network in 1..=4 {
        let (thief, next) = moved(&app, network, &token).await;
        token = next;
        for _ in 0..5 {
            for answer in [
                elevate(&thief, "a wrong password").await,
                change(&thief, "a wrong password").await,
            ] {
                judged += usize::from(answer.error_code() == "invalid-password");
            }
        }
    }
    assert_eq!(judged, 10, "as many as of anybody else");
    jane.sign_in_again().await;
}

async fn one_that_moves_leaves_the_networks_of_its_user_alone(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &PROXY).await;
    let jane = app.user("jane").await;
    let (thief, _) = moved(&app, 1, &jane.session.refresh_token).await;
    for _ in 0..10 {
        let answer = elevate(&thief, "a wrong password").await;
        assert_eq!(answer.error_code(), "invalid-password");
    }
    let answer = elevate(&thief, &jane.password).await;
    assert_eq!(answer.error_code(), "too-many-requests");
    jane.sign_in_again().await.elevated().await;
}

async fn a_journey_leaves_the_networks_of_a_user_alone(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &PROXY).await;
    let jane = app.user("jane").await;
    moved(&app, 1, &jane.session.refresh_token).await;
    use_up(&app, &jane, 2).await;
    jane.sign_in_again().await;
}
