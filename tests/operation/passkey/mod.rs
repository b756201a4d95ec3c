//! Passkeys: `signUpWebauthn`, `signInWebauthn`, `addSecurityKey`, `elevateWebauthn` and what goes with them.

mod adopted;
mod browser;
mod keys;
mod malformed;
mod refused;
mod second_factor;
mod sign_in;
mod sign_up;

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::authenticator::Authenticator;
use crate::support::caller::{Caller, User};
use crate::support::database::TestDatabase;

/// The page that asks for passkeys.
const ORIGIN: &str = "https://app.example.org";

/// The application, and limits that no test meets by accident.
const SETTINGS: [(&str, &str); 3] = [
    ("PORTICO_CLIENT_URL", ORIGIN),
    ("PORTICO_LIMIT_SIGN_INS", "10000"),
    ("PORTICO_LIMIT_SIGN_UPS", "10000"),
];

async fn app(database: &Arc<TestDatabase>) -> TestApp {
    app_with(database, &[]).await
}

async fn app_with(database: &Arc<TestDatabase>, variables: &[(&str, &str)]) -> TestApp {
    TestApp::with(database, &[SETTINGS.as_slice(), variables].concat()).await
}

/// A user whom the password proved anew, as it takes to get the first passkey.
async fn user(app: &TestApp, name: &str) -> User {
    app.user(name).await.elevated().await
}

/// Options to ask an authenticator with, from an operation without arguments.
async fn options(caller: &Caller, operation: &str) -> Value {
    let answer = caller.graphql(&format!("mutation {{ {operation} }}")).await;
    answer.data()[operation].clone()
}

/// Options to sign in, for an address or for whoever has a passkey.
async fn sign_in_options(caller: &Caller, email: Option<&str>) -> Value {
    let query = "mutation ($email: citext) { signInWebauthn(email: $email) }";
    let answer = caller.graphql_with(query, json!({ "email": email })).await;
    answer.data()["signInWebauthn"].clone()
}

/// Presents what an authenticator signed.
async fn sign_in(caller: &Caller, credential: &Value) -> Answer {
    let query = "mutation ($credential: jsonb!) { verifySignInWebauthn(credential: $credential) {
      session { accessToken refreshToken refreshTokenId user { id email } } mfa { ticket } } }";
    caller
        .graphql_with(query, json!({ "credential": credential }))
        .await
}

/// Presents what an authenticator made.
async fn present_new(caller: &Caller, credential: &Value, nickname: Option<&str>) -> Answer {
    let query = "mutation ($credential: jsonb!, $nickname: String) {
      verifyAddSecurityKey(credential: $credential, nickname: $nickname) }";
    let variables = json!({ "credential": credential, "nickname": nickname });
    caller.graphql_with(query, variables).await
}

/// Adds a passkey and returns the id of its row.
async fn add(caller: &Caller, authenticator: &mut Authenticator) -> String {
    let options = options(caller, "addSecurityKey").await;
    let made = authenticator.create(&options);
    present_new(caller, &made, None)
        .await
        .string("/verifyAddSecurityKey")
}

/// The same user in an elevated session.
async fn elevate(app: &TestApp, caller: &Caller, authenticator: &mut Authenticator) -> Caller {
    let asked = options(caller, "elevateWebauthn").await;
    let answer = present_elevation(caller, &authenticator.get(&asked)).await;
    let token = answer.string("/verifyElevateWebauthn/accessToken");
    app.public().bearer(&token)
}

async fn present_elevation(caller: &Caller, credential: &Value) -> Answer {
    let query = "mutation ($credential: jsonb!) {
      verifyElevateWebauthn(credential: $credential) { accessToken refreshToken refreshTokenId } }";
    caller
        .graphql_with(query, json!({ "credential": credential }))
        .await
}
