//! Limits are counted before the work, for each alias and each element of a batch.

use std::fmt::Write;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    each_alias_of_a_sign_in_counts,
    each_element_of_a_batch_counts,
    sign_ups_are_limited_per_address_of_the_caller,
    nodes_agree_about_what_guards_a_secret,
    wrong_admin_secrets_are_limited,
    a_refusal_says_when_to_come_back,
);

fn aliases(count: usize) -> String {
    let mut query = "mutation {".to_owned();
    for number in 0..count {
        let _ = write!(
            query,
            " a{number}: signInEmailPassword(email: \"jane@example.org\", password: \"guess number {number}\") {{ session {{ accessToken }} }}"
        );
    }
    query + " }"
}

fn codes(answer: &Value) -> Vec<&str> {
    let errors = answer["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    errors
        .iter()
        .filter_map(|error| error["extensions"]["code"].as_str())
        .collect()
}

async fn each_alias_of_a_sign_in_counts(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let before = app.auth.hash_calls();
    let answer = app.public().graphql(&aliases(1000)).await;
    assert!(!codes(&answer.body).is_empty(), "{}", answer.text);
    assert!(
        app.auth.hash_calls() - before <= 10,
        "a thousand guesses in one request were answered"
    );
    // Below the limit on aliases every guess counts: ten failures, then the delay.
    let answer = app.public().graphql(&aliases(20)).await;
    assert!(answer.body.get("errors").is_some(), "{}", answer.text);
    assert!(app.auth.hash_calls() - before <= 10, "{}", answer.text);
    jane.graphql("{ users { id } }").await.data();
}

async fn each_element_of_a_batch_counts(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    app.user("jane").await;
    let before = app.auth.hash_calls();
    let batch: Vec<Value> = (0..10).map(|_| json!({ "query": aliases(2) })).collect();
    let answer = app.public().post_json(&json!(batch)).await;
    let answers = answer.body.as_array().unwrap();
    assert_eq!(answers.len(), 10);
    assert!(
        answers
            .iter()
            .flat_map(codes)
            .any(|code| code == "too-many-requests")
    );
    assert!(app.auth.hash_calls() - before <= 10, "{}", answer.text);
}

async fn sign_ups_are_limited_per_address_of_the_caller(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &[("PORTICO_LIMIT_SIGN_UPS", "3")]).await;
    for name in ["one", "two", "three"] {
        app.user(name).await;
    }
    let answer = app
        .public()
        .sign_up("four@example.org", "correct horse battery")
        .await;
    assert_eq!(answer.error_code(), "too-many-requests");
    // A header that anybody can send is no other address.
    let forwarded = app.public().with("x-forwarded-for", "203.0.113.7");
    let answer = forwarded
        .sign_up("four@example.org", "correct horse battery")
        .await;
    assert_eq!(answer.error_code(), "too-many-requests");
    app.clock.advance(61);
    app.user("four").await;
}

async fn nodes_agree_about_what_guards_a_secret(database: Arc<TestDatabase>) {
    let one = TestApp::with(&database, &[("PORTICO_LIMIT_SIGN_UPS", "2")]).await;
    let clock = Arc::clone(&one.clock);
    let two = TestApp::node(&database, clock, &[("PORTICO_LIMIT_SIGN_UPS", "2")]).await;
    one.user("one").await;
    two.user("two").await;
    for node in [&one, &two] {
        let answer = node
            .public()
            .sign_up("three@example.org", "correct horse battery")
            .await;
        assert_eq!(answer.error_code(), "too-many-requests");
    }
}

async fn wrong_admin_secrets_are_limited(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let mut told = Vec::new();
    for number in 0..60 {
        let guess = format!("a wrong secret of sufficient length {number}");
        let answer = app
            .public()
            .with("x-hasura-admin-secret", &guess)
            .graphql("{ __typename }")
            .await;
        told.push(answer.error_code().to_owned());
    }
    assert_eq!(told[0], "access-denied");
    assert_eq!(told[59], "too-many-requests");
}

async fn a_refusal_says_when_to_come_back(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &[("PORTICO_LIMIT_SIGN_UPS", "1")]).await;
    app.user("one").await;
    let answer = app
        .public()
        .sign_up("two@example.org", "correct horse battery")
        .await;
    let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds));
}
