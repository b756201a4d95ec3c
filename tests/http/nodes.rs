//! Several nodes on one database, and one that starts again.

use std::sync::Arc;

use serde_json::json;

use crate::support::app::TestApp;
use crate::support::clock::TestClock;
use crate::support::database::{Kind, TestDatabase, on_both_databases};
use crate::support::postgres;
use crate::support::requirement::Requirement;

on_both_databases!(
    nodes_that_start_together_share_their_keys,
    a_node_that_starts_again_knows_its_users,
    a_database_sealed_under_another_key_is_refused,
);

async fn nodes_that_start_together_share_their_keys(database: Arc<TestDatabase>) {
    let clock = Arc::new(TestClock::new());
    let (one, two) = tokio::join!(
        TestApp::node(&database, Arc::clone(&clock), &[]),
        TestApp::node(&database, Arc::clone(&clock), &[]),
    );
    let jane = one.user("jane").await;
    let answer = two
        .public()
        .bearer(&jane.session.access_token)
        .graphql("{ me { id } }")
        .await;
    assert_eq!(answer.data()["me"], json!({ "id": jane.id }));
    let keys = one.public().get("/.well-known/jwks.json").await.body;
    assert_eq!(keys, two.public().get("/.well-known/jwks.json").await.body);
    assert_eq!(keys["keys"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_start_together_migrate_an_empty_database_once() {
    let Some(cluster) = postgres::shared().await else {
        return Requirement::Postgres.absent();
    };
    let folder = tempfile::tempdir().unwrap();
    let database = TestDatabase::at(Kind::Postgres, cluster.empty_database().await, folder);
    nodes_that_start_together_share_their_keys(Arc::clone(&database)).await;
    database.finish().await;
}

async fn a_node_that_starts_again_knows_its_users(database: Arc<TestDatabase>) {
    let before = TestApp::new(&database).await;
    let jane = before.user("jane").await;
    database.finish().await;
    let after = TestApp::new(&database).await;
    let answer = after
        .public()
        .bearer(&jane.session.access_token)
        .graphql("{ me { id } }")
        .await;
    assert_eq!(answer.data()["me"], json!({ "id": jane.id }));
    after.public().refresh(&jane.session.refresh_token).await.data();
}

async fn a_database_sealed_under_another_key_is_refused(database: Arc<TestDatabase>) {
    TestApp::new(&database).await;
    database.finish().await;
    let file = database.folder().join("another.key");
    std::fs::write(&file, "ab".repeat(32)).unwrap();
    let refused = TestApp::refused(&database, &[("PORTICO_MASTER_KEY_FILE", file.to_str().unwrap())]).await;
    assert!(refused.to_lowercase().contains("master key"), "{refused}");
}
