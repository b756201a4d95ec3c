//! `me`

use std::sync::Arc;

use serde_json::json;

use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    a_user_reads_themselves_without_knowing_their_id,
    without_a_session_there_is_nobody
);

const ME: &str = "{ me { id email roles(order_by: { role: asc }) { role } } }";

async fn a_user_reads_themselves_without_knowing_their_id(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let (jane, _john) = (app.user("jane").await, app.user("john").await);
    let answer = jane.graphql(ME).await;
    assert_eq!(
        answer.data()["me"],
        json!({ "id": jane.id, "email": jane.email, "roles": [{ "role": "me" }, { "role": "user" }] })
    );
}

async fn without_a_session_there_is_nobody(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let answer = app.public().graphql(ME).await;
    assert!(answer.body.get("errors").is_some(), "{}", answer.text);
    let answer = app.admin().graphql(ME).await;
    assert_eq!(answer.error_code(), "not-found");
}
