//! `signUpUsernamePassword`

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    a_user_without_an_email_gets_a_session,
    a_taken_username_is_told_without_regard_to_case,
    usernames_are_checked,
    verification_concerns_those_who_have_an_email,
);

const SIGN_UP: &str = "mutation ($username: String!, $password: String!) {
  signUpUsernamePassword(username: $username, password: $password) {
    session { accessToken refreshToken user { email username } }
  }
}";

fn variables(username: &str) -> Value {
    json!({ "username": username, "password": "correct horse battery" })
}

async fn a_user_without_an_email_gets_a_session(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let answer = app.public().graphql_with(SIGN_UP, variables("jane")).await;
    assert_eq!(
        answer.data()["signUpUsernamePassword"]["session"]["user"],
        json!({ "email": null, "username": "jane" })
    );
}

async fn a_taken_username_is_told_without_regard_to_case(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    app.public().graphql_with(SIGN_UP, variables("jane")).await.data();
    let answer = app.public().graphql_with(SIGN_UP, variables("JANE")).await;
    assert_eq!(answer.error_code(), "username-already-in-use");
}

async fn usernames_are_checked(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    // A name in the form of an address could be taken for somebody's email.
    for username in ["", "  ", "jane@example.org", &"x".repeat(400), "ja\nne"] {
        let answer = app.public().graphql_with(SIGN_UP, variables(username)).await;
        assert_eq!(answer.error_code(), "invalid-request", "{username:?}");
    }
}

async fn verification_concerns_those_who_have_an_email(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &[("PORTICO_EMAIL_VERIFICATION", "required")]).await;
    let answer = app.public().graphql_with(SIGN_UP, variables("jane")).await;
    assert!(answer.data()["signUpUsernamePassword"]["session"].is_object());
}
