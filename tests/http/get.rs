//! Queries by GET; a GET changes nothing.

use std::sync::Arc;

use serde_json::json;

use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(a_query_is_answered, a_mutation_is_refused, a_bad_query_is_told);

async fn a_query_is_answered(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let answer = jane.get("/v1/graphql?query=%7Busers%7Bemail%7D%7D").await;
    assert_eq!(answer.data()["users"], json!([{ "email": jane.email }]));
    let path = format!(
        "/v1/graphql?query=query%20Q(%24id%3Auuid!)%7Buser(id%3A%24id)%7Bid%7D%7D&operationName=Q&variables=%7B%22id%22%3A%22{}%22%7D",
        jane.id
    );
    assert_eq!(jane.get(&path).await.data()["user"], json!({ "id": jane.id }));
}

async fn a_mutation_is_refused(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let answer = jane.get("/v1/graphql?query=mutation%7BsignOut%7D").await;
    assert_eq!(answer.status, 405, "{}", answer.text);
    assert!(!answer.error_code().is_empty());
    // The session lives on.
    jane.graphql("{ users { id } }").await.data();
}

async fn a_bad_query_is_told(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    for path in [
        "/v1/graphql?query=%7Bbogus%7D",
        "/v1/graphql?query=%7B",
        "/v1/graphql?query=%7B__typename%7D&variables=x",
        "/v1/graphql?query=%ff",
    ] {
        let answer = app.public().get(path).await;
        assert!(
            answer.status < 500 && !answer.error_code().is_empty(),
            "{path}: {}",
            answer.text
        );
    }
}
