//! An array of requests gets an array of answers.

use std::sync::Arc;

use serde_json::json;

use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    answers_stand_in_the_order_of_the_requests,
    each_element_is_a_transaction_of_its_own,
    a_batch_is_limited
);

async fn answers_stand_in_the_order_of_the_requests(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let batch = json!([
        { "query": "{ users { email } }" },
        { "query": "{ bogus }" },
        { "query": "query ($id: uuid!) { user(id: $id) { id } }", "variables": { "id": jane.id } },
    ]);
    let answer = jane.post_json(&batch).await;
    let answers = answer.body.as_array().unwrap();
    assert_eq!(answers[0]["data"], json!({ "users": [{ "email": jane.email }] }));
    assert_eq!(answers[1]["errors"][0]["extensions"]["code"], "validation-failed");
    assert_eq!(answers[2]["data"], json!({ "user": { "id": jane.id } }));
    assert_eq!(jane.post_json(&json!([])).await.body, json!([]));
}

async fn each_element_is_a_transaction_of_its_own(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let update = |set: &str| json!({ "query": format!("mutation {{ updateUser(pk_columns: {{ id: \"{}\" }}, _set: {{ {set} }}) {{ id }} }}", jane.id) });
    let batch = json!([update("displayName: \"Kept\""), update("gender: \"robot\"")]);
    let answer = jane.post_json(&batch).await;
    assert!(answer.body[1]["errors"].is_array(), "{}", answer.text);
    assert_eq!(
        jane.graphql("{ users { displayName } }")
            .await
            .values("displayName"),
        [json!("Kept")]
    );
}

async fn a_batch_is_limited(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let batch: Vec<_> = (0..10_000)
        .map(|_| json!({ "query": "{ __typename }" }))
        .collect();
    let answer = app.public().post_json(&json!(batch)).await;
    assert!(!answer.error_code().is_empty());
}
