//! Large answers are compressed for those who can read them so.

use std::sync::Arc;

use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(a_large_answer_is_compressed_on_request);

const LARGE: &str = "{\"query\":\"{ __schema { types { name description fields { name } } } }\"}";

async fn a_large_answer_is_compressed_on_request(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let plain = reqwest::Client::builder().no_proxy().no_gzip().build().unwrap();
    let post = |encoding: &'static str| {
        let request = plain
            .post(format!("{}/v1/graphql", app.public().base))
            .header("content-type", "application/json");
        request
            .header("x-hasura-admin-secret", crate::support::settings::ADMIN_SECRET)
            .header("accept-encoding", encoding)
            .body(LARGE)
    };
    let response = post("gzip").send().await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert!(response.bytes().await.unwrap().starts_with(&[0x1f, 0x8b]));
    let response = post("identity").send().await.unwrap();
    assert!(response.headers().get("content-encoding").is_none());
    // And a client that asks for it reads the same answer.
    app.admin()
        .graphql("{ __schema { types { name } } }")
        .await
        .data();
}
