//! What waits for others on PostgreSQL. Quick reads share connections; one that is held up gets one to itself.

use std::time::Duration;

use serde_json::json;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_that_wait_for_each_other_one_is_told_to_try_again() {
    let Some(database) = TestDatabase::new(Kind::Postgres).await else {
        return Requirement::Postgres.absent();
    };
    let app = TestApp::new(&database).await;
    let (jane, john) = (app.user("jane").await, app.user("john").await);
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    let update = async |connection: &mut PgConnection, id: Uuid| {
        let sql = "UPDATE auth.users SET locale = 'de' WHERE id = $1";
        sqlx::query(sql).bind(id).execute(connection).await.unwrap();
    };
    // It is the other one that looks for a circle.
    let sql = "SET deadlock_timeout = '1min'";
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    let mut locking = connection.begin().await.unwrap();
    update(&mut locking, jane.id).await;

    let change = |id: Uuid| {
        format!("updateUser(pk_columns: {{ id: \"{id}\" }}, _set: {{ gender: \"other\" }}) {{ id }}")
    };
    let query = format!(
        "mutation {{ one: {} other: {} }}",
        change(john.id),
        change(jane.id)
    );
    let admin = app.admin();
    let waits = async {
        // Other databases of the same server have others who wait.
        let sql = "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) \
             WHERE NOT granted AND datname = current_database()";
        while sqlx::query_scalar::<_, i64>(sql)
            .fetch_one(&mut *locking)
            .await
            .unwrap()
            == 0
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        update(&mut locking, john.id).await;
        locking.commit().await.unwrap();
    };
    let (answer, ()) = tokio::join!(admin.graphql(&query), waits);
    assert_eq!(answer.error_code(), "unavailable", "{}", answer.text);
    admin.graphql(&query).await.data();
    database.finish().await;
}
