//! Other origins: those on the list may ask, nobody else.

use std::sync::Arc;

use reqwest::Method;

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(a_listed_origin_may_ask, an_origin_that_is_not_listed_may_not);

async fn preflight(app: &TestApp, origin: &str) -> Answer {
    let request = app.public().request(Method::OPTIONS, "/v1/graphql");
    let request = request
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "authorization,content-type,x-hasura-role",
        );
    Answer::read(request.send().await.unwrap()).await
}

async fn a_listed_origin_may_ask(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &[("PORTICO_CORS_ORIGINS", "https://app.example.org")]).await;
    let answer = preflight(&app, "https://app.example.org").await;
    assert_eq!(
        answer.header("access-control-allow-origin"),
        Some("https://app.example.org")
    );
    let headers = answer
        .header("access-control-allow-headers")
        .unwrap()
        .to_lowercase();
    for header in ["authorization", "content-type", "x-hasura-role"] {
        assert!(headers.contains(header), "{headers}");
    }
    let answer = app
        .public()
        .with("origin", "https://app.example.org")
        .graphql("{ __typename }")
        .await;
    assert_eq!(
        answer.header("access-control-allow-origin"),
        Some("https://app.example.org")
    );
}

async fn an_origin_that_is_not_listed_may_not(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &[("PORTICO_CORS_ORIGINS", "https://app.example.org")]).await;
    for origin in [
        "https://evil.example.org",
        "https://app.example.org.evil.example",
        "null",
        "http://app.example.org",
    ] {
        let answer = preflight(&app, origin).await;
        assert_ne!(answer.header("access-control-allow-origin"), Some(origin));
        assert_ne!(answer.header("access-control-allow-origin"), Some("*"));
    }
}
