//! Every answer bears the id under which the request is logged.

use std::sync::Arc;

use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    an_id_is_made_or_taken_over,
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
