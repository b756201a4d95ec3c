//! Every answer bears the id under which the request is logged.

use std::sync::Arc;

use serde_json::Value;

use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    an_id_is_made_or_taken_over,
    whatever_a_request_leads_to_is_logged_with_its_id,
    an_id_that_could_forge_a_log_line_is_replaced
);

async fn an_id_is_made_or_taken_over(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let one = app.public().graphql("{ __typename }").await;
    let two = app.public().graphql("{ bogus }").await;
    assert_ne!(
        one.header("x-request-id").unwrap(),
        two.header("x-request-id").unwrap()
    );
    let answer = app
        .public()
        .with("x-request-id", "from-the-proxy-1")
        .graphql("{ __typename }")
        .await;
    assert_eq!(answer.header("x-request-id"), Some("from-the-proxy-1"));
    assert!(database.log().contains("from-the-proxy-1"));
}

async fn whatever_a_request_leads_to_is_logged_with_its_id(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let wrong = "mutation { signInEmailPassword(email: \"nobody@example.org\", password: \"wrong\") \
                 { session { accessToken } } }";
    let answer = app
        .public()
        .with("x-request-id", "one-of-many")
        .graphql(wrong)
        .await;
    assert_eq!(answer.error_code(), "invalid-email-password");
    let log = database.log();
    let lines = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let targets: Vec<String> = lines
        .filter(|line| line["request_id"] == "one-of-many")
        .map(|line| line["target"].as_str().unwrap().to_owned())
        .collect();
    let (last, before) = targets.split_last().unwrap();
    assert_eq!(last, "portico_gateway::http::log");
    // The finer reason, of which the answer says nothing.
    assert!(
        before.contains(&"portico_gateway::error".to_owned()),
        "{before:?}"
    );
}

async fn an_id_that_could_forge_a_log_line_is_replaced(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    for id in [
        "x".repeat(5_000),
        "a b {\"level\":\"error\"}".to_owned(),
        String::new(),
    ] {
        let answer = app
            .public()
            .with("x-request-id", &id)
            .graphql("{ __typename }")
            .await;
        let used = answer.header("x-request-id").unwrap();
        assert!(used != id && !used.is_empty() && used.len() < 200, "{used}");
    }
}
