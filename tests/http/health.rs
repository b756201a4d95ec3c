//! Health, readiness, version, and what is not there.

use std::sync::Arc;

use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(a_running_service_says_so, an_unknown_path_is_not_found);

async fn a_running_service_says_so(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    assert_eq!(app.public().get("/healthz").await.status, 200);
    assert_eq!(app.public().get("/readyz").await.status, 200);
    let answer = app.public().get("/v1/version").await;
    assert_eq!(
        answer.body["version"],
        env!("CARGO_PKG_VERSION"),
        "{}",
        answer.text
    );
}

async fn an_unknown_path_is_not_found(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    for path in ["/v1/nothing", "/", "/.env", "/v1/graphql/nothing"] {
        let answer = app.public().get(path).await;
        assert!(
            answer.status == 404 || (path == "/" && answer.status < 400),
            "{path}: {}",
            answer.status
        );
    }
}
