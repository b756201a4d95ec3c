//! `signInUsernamePassword`

use std::sync::Arc;

use serde_json::json;

use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    the_username_is_found_without_regard_to_case,
    wrong_and_unknown_look_alike
);

const SIGN_IN: &str = "mutation ($username: String!, $password: String!) {
  signInUsernamePassword(username: $username, password: $password) { session { accessToken user { username } } }
}";

async fn with_jane(database: &Arc<TestDatabase>) -> TestApp {
    let app = TestApp::new(database).await;
    let sign_up = "mutation { signUpUsernamePassword(username: \"Jane\", password: \"correct horse battery\") { session { accessToken } } }";
    app.public().graphql(sign_up).await.data();
    app
}

async fn the_username_is_found_without_regard_to_case(database: Arc<TestDatabase>) {
    let app = with_jane(&database).await;
    let variables = json!({ "username": "jAnE", "password": "correct horse battery" });
    let answer = app.public().graphql_with(SIGN_IN, variables).await;
    assert_eq!(
        answer.string("/signInUsernamePassword/session/user/username"),
        "jane"
    );
}

async fn wrong_and_unknown_look_alike(database: Arc<TestDatabase>) {
    let app = with_jane(&database).await;
    let before = app.auth.hash_calls();
    let wrong = json!({ "username": "jane", "password": "a wrong password" });
    let wrong = app.public().graphql_with(SIGN_IN, wrong).await;
    let between = app.auth.hash_calls();
    let unknown = json!({ "username": "nobody", "password": "a wrong password" });
    let unknown = app.public().graphql_with(SIGN_IN, unknown).await;
    assert_eq!(wrong.error_code(), "invalid-username-password");
    assert_eq!(wrong.text, unknown.text);
    assert_eq!((between - before, app.auth.hash_calls() - between), (1, 1));
}
