//! Quick reads share connections on PostgreSQL; one that is held up there gets one to itself.

use std::time::Duration;

use serde_json::json;
use sqlx::{Connection, PgConnection};

use crate::support::app::TestApp;
use crate::support::database::{Kind, TestDatabase};
use crate::support::requirement::Requirement;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_quick_read_waits_for_does_not_refuse_it() {
    let Some(database) = TestDatabase::new(Kind::Postgres).await else {
        return Requirement::Postgres.absent();
    };
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let query = "query ($id: uuid!) { user(id: $id) { id roles(order_by: { role: asc }) { role } } }";
    let expected = json!({ "id": jane.id, "roles": [{ "role": "me" }, { "role": "user" }] });
    let admin = app.admin();
    let ask = async || admin.graphql_with(query, json!({ "id": jane.id })).await;
    assert_eq!(ask().await.data()["user"], expected);

    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    let mut locking = connection.begin().await.unwrap();
    sqlx::raw_sql("LOCK TABLE auth.user_roles IN ACCESS EXCLUSIVE MODE")
        .execute(&mut *locking)
        .await
        .unwrap();
    let release = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        locking.rollback().await.unwrap();
    };
    let (answer, ()) = tokio::join!(ask(), release);
    assert_eq!(answer.data()["user"], expected);
    database.finish().await;
}
