//! What was answered is there after `kill -9`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::support::caller::{Caller, Session, User};
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::process::Process;
use crate::support::settings::ADMIN_SECRET;

on_both_databases!(nothing_that_was_answered_is_lost);

async fn nothing_that_was_answered_is_lost(database: Arc<TestDatabase>) {
    let mut process = Process::start(&database).await;
    let over = Arc::new(AtomicBool::new(false));
    let signing_up =
        (0..3).map(|lane| tokio::spawn(sign_up(process.caller.clone(), Arc::clone(&over), lane)));
    let signing_up: Vec<_> = signing_up.collect();
    let mut refreshing = Vec::new();
    for lane in 0..3 {
        let user = User::sign_up_as(&process.caller, &format!("refresher{lane}")).await;
        refreshing.push(tokio::spawn(refresh(
            process.caller.clone(),
            Arc::clone(&over),
            user.session,
        )));
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    process.kill();
    over.store(true, Ordering::Relaxed);

    let process = Process::start(&database).await;
    let admin = process.caller.with("x-hasura-admin-secret", ADMIN_SECRET);
    let present = admin.graphql("{ users { email } }").await.values("email");
    let mut answered = 0;
    for task in signing_up {
        for email in task.await.unwrap() {
            answered += 1;
            assert!(
                present.iter().any(|found| *found == email),
                "{email} was signed up and is gone"
            );
        }
    }
    assert!(answered > 0, "nothing was signed up before the end");
    for task in refreshing {
        let (last, count) = task.await.unwrap();
        assert!(count > 0, "nothing was refreshed before the end");
        process.caller.refresh(&last.refresh_token).await.data();
    }
}

async fn sign_up(caller: Caller, over: Arc<AtomicBool>, lane: usize) -> Vec<String> {
    let mut answered = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let email = format!("user{lane}.{}@example.org", answered.len());
        let variables = serde_json::json!({ "email": email, "password": "correct horse battery" });
        let Some(answer) = call(&caller, SIGN_UP, variables).await else {
            break;
        };
        assert!(
            answer["data"]["signUpEmailPassword"]["session"].is_object(),
            "{answer}"
        );
        answered.push(email);
    }
    answered
}

async fn refresh(caller: Caller, over: Arc<AtomicBool>, mut session: Session) -> (Session, usize) {
    let mut count = 0;
    while !over.load(Ordering::Relaxed) {
        let variables = serde_json::json!({ "token": session.refresh_token });
        let Some(answer) = call(&caller, REFRESH, variables).await else {
            break;
        };
        let token = answer["data"]["refreshToken"]["refreshToken"].as_str();
        session.refresh_token = token.unwrap_or_else(|| panic!("{answer}")).to_owned();
        count += 1;
    }
    (session, count)
}

const SIGN_UP: &str = "mutation ($email: citext!, $password: String!) {
  signUpEmailPassword(email: $email, password: $password) { session { refreshTokenId } }
}";

const REFRESH: &str = "mutation ($token: String) { refreshToken(refreshToken: $token) { refreshToken } }";

/// An answer, or nothing once the service is gone: then the request may have taken effect or not.
async fn call(caller: &Caller, query: &str, variables: serde_json::Value) -> Option<serde_json::Value> {
    let body = serde_json::json!({ "query": query, "variables": variables });
    let request = caller.request(reqwest::Method::POST, "/v1/graphql").json(&body);
    request.send().await.ok()?.json().await.ok()
}
