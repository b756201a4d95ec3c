//! The database goes away and comes back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use super::overload::RENAME;
use crate::support::app::TestApp;
use crate::support::database::TestDatabase;
use crate::support::requirement::Requirement;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_do_not_answer_any_more_are_given_up() {
    let Some((cluster, database)) = TestDatabase::with_server().await else {
        return Requirement::Postgres.absent();
    };
    let app = TestApp::with(&database, &[("PORTICO_DATABASE_STATEMENT_TIMEOUT", "1s")]).await;
    let jane = app.user("jane").await;
    let admin = app.admin();
    admin.graphql("{ users { id } }").await.data();

    cluster.freeze_connections();
    let begin = Instant::now();
    let (mut reads, mut writes) = (false, false);
    while !(reads && writes) {
        assert!(
            begin.elapsed() < Duration::from_secs(40),
            "reads {reads}, writes {writes}"
        );
        let (rows, written) = tokio::join!(
            admin.graphql("{ users { id } }"),
            admin.graphql_with(RENAME, json!({ "id": jane.id }))
        );
        for (answer, answered) in [(rows, &mut reads), (written, &mut writes)] {
            *answered = answer.body.get("errors").is_none();
            let code = if *answered { 200 } else { 503 };
            assert_eq!(answer.status, code, "{}", answer.text);
        }
    }
    cluster.thaw();
    database.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quick_read_does_not_wait_as_long_as_a_slow_one_might() {
    let Some((cluster, database)) = TestDatabase::with_server().await else {
        return Requirement::Postgres.absent();
    };
    let app = TestApp::with(&database, &[("PORTICO_DATABASE_READ_CONNECTIONS", "1")]).await;
    let jane = app.user("jane").await;
    let me = || jane.graphql("{ me { id } }");
    me().await.data();

    cluster.freeze_connections();
    let begin = Instant::now();
    let answer = me().await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    // A slow one has ten seconds, and five to tell of it.
    assert!(begin.elapsed() < Duration::from_secs(12), "{:?}", begin.elapsed());
    me().await.data();
    cluster.thaw();
    database.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_outlives_its_database() {
    let Some((cluster, database)) = TestDatabase::with_server().await else {
        return Requirement::Postgres.absent();
    };
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;

    cluster.stop();
    let answer = tokio::time::timeout(Duration::from_secs(30), jane.graphql("{ users { id } }"))
        .await
        .unwrap();
    assert_eq!(
        (answer.status, answer.error_code()),
        (503, "unavailable"),
        "{}",
        answer.text
    );
    assert!(
        !answer.text.contains("127.0.0.1"),
        "an error of the database reached the client: {}",
        answer.text
    );
    let public = app.public();
    let answer = tokio::time::timeout(
        Duration::from_secs(30),
        public.sign_in(&jane.email, &jane.password),
    );
    let answer = answer.await.unwrap();
    assert_eq!((answer.status, answer.error_code()), (503, "unavailable"));
    assert_eq!(app.public().get("/healthz").await.status, 200);
    assert_eq!(app.public().get("/readyz").await.status, 503);

    cluster.start();
    let mut answered = false;
    for _ in 0..100 {
        let answer = jane.graphql("{ users { id } }").await;
        if answer.body.get("errors").is_none() && app.public().get("/readyz").await.status == 200 {
            answered = true;
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(answered, "the service did not find its database again");
    app.public().sign_in(&jane.email, &jane.password).await.data();
    Arc::clone(&database).finish().await;
}
