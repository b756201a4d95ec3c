//! `createPat`, `signInPat`, and what a personal access token may not do

mod by_data;
mod create;
mod rights;
mod sign_in;

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::caller::{Caller, User};
use crate::support::database::TestDatabase;

const EXPIRY: &str = "2026-04-01T00:00:00Z";

const CREATE: &str = "mutation ($name: String, $expiresAt: timestamptz!, $metadata: jsonb, $roles: [String!]) {
  createPat(name: $name, expiresAt: $expiresAt, metadata: $metadata, allowedRoles: $roles) { id personalAccessToken }
}";

const SIGN_IN: &str = "mutation ($token: String!) {
  signInPat(personalAccessToken: $token) {
    session { accessToken accessTokenExpiresIn refreshToken refreshTokenId user { id } } mfa { ticket }
  }
}";

async fn create(caller: &Caller, mut variables: Value) -> Answer {
    if variables.get("expiresAt").is_none() {
        variables["expiresAt"] = json!(EXPIRY);
    }
    let answer = caller.graphql_with(CREATE, variables).await;
    if let Some(token) = answer.body.pointer("/data/createPat/personalAccessToken") {
        caller.database.secrets.add(token.as_str().unwrap());
    }
    answer
}

async fn sign_in(caller: &Caller, token: &str) -> Answer {
    caller.graphql_with(SIGN_IN, json!({ "token": token })).await
}

/// The user, proved anew.
async fn elevated(user: &User, public: &Caller) -> Caller {
    let query = "mutation ($password: String!) { elevatePassword(password: $password) { accessToken } }";
    let answer = user
        .graphql_with(query, json!({ "password": user.password }))
        .await;
    public.bearer(&answer.string("/elevatePassword/accessToken"))
}

/// A token of the user.
pub(super) async fn token(user: &User, public: &Caller, variables: Value) -> (String, String) {
    let answer = create(&elevated(user, public).await, variables).await;
    (
        answer.string("/createPat/personalAccessToken"),
        answer.string("/createPat/id"),
    )
}

/// A program that has the token.
pub(super) async fn program(public: &Caller, token: &str) -> Caller {
    let answer = sign_in(public, token).await;
    public.bearer(&answer.string("/signInPat/session/accessToken"))
}

async fn execute(database: &TestDatabase, sql: &str) {
    database.connect().await.execute_unprepared(sql).await.unwrap();
}

fn call(field: &Value) -> String {
    let arguments: Vec<String> = field["args"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|argument| argument["type"]["kind"] == "NON_NULL")
        .map(|argument| {
            let value = match argument["type"]["ofType"]["name"].as_str().unwrap_or_default() {
                "uuid" => json!("0190d1e0-0000-7000-8000-000000000000").to_string(),
                "timestamptz" => json!(EXPIRY).to_string(),
                "Boolean" => "true".to_owned(),
                "jsonb" => "{}".to_owned(),
                "citext" => json!("other@example.org").to_string(),
                _ => json!("a text").to_string(),
            };
            format!("{}: {value}", argument["name"].as_str().unwrap())
        })
        .collect();
    let name = field["name"].as_str().unwrap();
    let arguments = match arguments.is_empty() {
        true => String::new(),
        false => format!("({})", arguments.join(", ")),
    };
    match field["type"]["ofType"]["kind"].as_str() {
        Some("OBJECT") => format!("{name}{arguments} {{ __typename }}"),
        _ => format!("{name}{arguments}"),
    }
}
