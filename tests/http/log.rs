//! One line per request.

use std::sync::Arc;

use serde_json::Value;

use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(a_request_is_one_line_with_role_operation_time_and_status);

async fn a_request_is_one_line_with_role_operation_time_and_status(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let id = format!("log-{}", jane.id);
    jane.with("x-request-id", &id)
        .graphql("query Profile { users { displayName } }")
        .await
        .data();
    // The line is written when the answer is done, which the client may see a moment earlier.
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    let log = database.log();
    let lines: Vec<Value> = log
        .lines()
        .filter(|line| line.contains(&id))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let requests: Vec<&Value> = lines
        .iter()
        .filter(|line| line["level"] == "INFO" && line.get("status").is_some())
        .collect();
    assert_eq!(requests.len(), 1, "{lines:#?}");
    let text = requests[0].to_string();
    for part in ["\"user\"", "Profile", "200"] {
        assert!(text.contains(part), "{part} is missing: {text}");
    }
}
