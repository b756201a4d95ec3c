//! The media type of an answer is the one that the client would rather have.

use std::sync::Arc;

use serde_json::json;

use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(the_media_type_is_what_the_client_would_rather_have);

async fn the_media_type_is_what_the_client_would_rather_have(database: Arc<TestDatabase>) {
    const JSON: &str = "application/json; charset=utf-8";
    const RESPONSE: &str = "application/graphql-response+json; charset=utf-8";
    let app = TestApp::new(&database).await;
    for (accept, media) in [
        ("*/*", Some(JSON)),
        ("application/*", Some(JSON)),
        ("application/json, */*", Some(JSON)),
        ("application/json", Some(JSON)),
        ("application/graphql-response+json", Some(RESPONSE)),
        (
            "application/graphql-response+json, application/json;q=0.9",
            Some(RESPONSE),
        ),
        ("application/graphql-response+json, */*", Some(RESPONSE)),
        ("application/json, application/graphql-response+json", Some(JSON)),
        (
            "application/graphql-response+json;q=0, application/json",
            Some(JSON),
        ),
        (
            "application/graphql-response+json;q=0.1, application/json;q=0.9",
            Some(JSON),
        ),
        (
            "application/json;q=0.1, application/graphql-response+json;q=0.9",
            Some(RESPONSE),
        ),
        ("application/json;q=0, */*;q=0.5", Some(RESPONSE)),
        ("application/graphql-response+json;q=0, */*;q=0.5", Some(JSON)),
        ("text/html, application/json;charset=utf-8;q=0.5", Some(JSON)),
        ("application/json;q=0", None),
        ("*/*;q=0", None),
        ("text/html", None),
    ] {
        let caller = app.public().with("accept", accept);
        let answer = caller.graphql("{ authConfig { __typename } }").await;
        match media {
            Some(media) => {
                assert_eq!(answer.header("content-type"), Some(media), "{accept}");
                assert_eq!(answer.data()["authConfig"], json!({ "__typename": "AuthConfig" }));
            }
            None => assert_eq!(
                (answer.status, answer.error_code()),
                (406, "invalid-headers"),
                "{accept}"
            ),
        }
    }
}
