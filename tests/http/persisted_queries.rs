//! Documents named by their hash.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    a_document_is_sent_once,
    a_wrong_hash_is_refused,
    none_are_kept_where_none_are_wanted
);

const QUERY: &str = "query Languages { langs(limit: 0) { code } }";

fn hash(text: &str) -> String {
    let hash = digest(&SHA256, text.as_bytes());
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn named(query: Option<&str>, hash: &str) -> Value {
    let mut body = json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": hash } } });
    if let Some(query) = query {
        body["query"] = query.into();
    }
    body
}

async fn a_document_is_sent_once(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let admin = app.admin();
    let hash = hash(QUERY);
    let answer = admin.post_json(&named(None, &hash)).await;
    assert_eq!(
        answer.body["errors"][0]["message"], "PersistedQueryNotFound",
        "{}",
        answer.text
    );
    let expected = json!({ "langs": [] });
    assert_eq!(
        admin.post_json(&named(Some(QUERY), &hash)).await.data(),
        &expected
    );
    for _ in 0..2 {
        assert_eq!(
            admin.post_json(&named(None, &hash.to_uppercase())).await.data(),
            &expected
        );
        let batch = admin
            .post_json(&json!([named(None, &hash), { "query": QUERY }]))
            .await;
        assert_eq!(batch.body, json!([{ "data": expected }, { "data": expected }]));
    }
    let address = format!(
        "/v1/graphql?extensions=%7B%22persistedQuery%22%3A%7B%22version%22%3A1%2C%22sha256Hash%22%3A%22{hash}%22%7D%7D"
    );
    let answer = admin.get(&address).await;
    assert_eq!(answer.data(), &expected);
    // What one role brought is judged by the schema of each.
    let answer = app.public().post_json(&named(None, &hash)).await;
    assert_eq!(answer.error_code(), "validation-failed");
}

async fn a_wrong_hash_is_refused(database: Arc<TestDatabase>) {
    let admin = TestApp::new(&database).await.admin();
    let other = hash("{ orgs { id } }");
    let answer = admin.post_json(&named(Some(QUERY), &other)).await;
    assert_eq!(answer.error_code(), "validation-failed");
    let answer = admin.post_json(&named(None, &other)).await;
    assert_eq!(answer.error_code(), "not-found");
    let digits = hash(QUERY);
    for (extension, path) in [
        (
            json!({ "version": 2, "sha256Hash": digits }),
            "$.extensions.persistedQuery.version",
        ),
        (json!({ "version": 1 }), "$.extensions.persistedQuery.sha256Hash"),
        (
            json!({ "version": 1, "sha256Hash": 7 }),
            "$.extensions.persistedQuery.sha256Hash",
        ),
        (
            json!({ "version": 1, "sha256Hash": "é".repeat(32) }),
            "$.extensions.persistedQuery.sha256Hash",
        ),
        (json!("7"), "$.extensions.persistedQuery.version"),
    ] {
        let body = json!({ "query": QUERY, "extensions": { "persistedQuery": extension } });
        let answer = admin.post_json(&body).await;
        assert_eq!(answer.error_code(), "parse-failed", "{}", answer.text);
        assert_eq!(answer.body["errors"][0]["extensions"]["path"], path);
    }
    let answer = admin.post_json(&json!({ "extensions": {} })).await;
    assert_eq!((answer.status, answer.error_code()), (400, "parse-failed"));
}

async fn none_are_kept_where_none_are_wanted(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &[("PORTICO_PERSISTED_QUERIES", "0")]).await;
    let answer = app.admin().post_json(&named(Some(QUERY), &hash(QUERY))).await;
    assert_eq!(answer.error_code(), "not-supported");
    assert_eq!(answer.body["errors"][0]["message"], "PersistedQueryNotSupported");
}
