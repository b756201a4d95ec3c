//! Single writes that share a transaction on PostgreSQL: nobody notices, but for the time.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::caller::Caller;
use crate::support::database::{Kind, TestDatabase, run};

const UPSERT: &str = "mutation ($id: uuid!, $name: String!) {
  insertContact(object: { userId: $id, firstName: $name },
    on_conflict: { constraint: contacts_pkey, update_columns: [firstName] }) { userId firstName }
}";
const BOTH: &str = "mutation ($one: uuid!, $other: uuid!) {
  one: updateUser(pk_columns: { id: $one }, _set: { displayName: \"both\" }) { id }
  other: updateUser(pk_columns: { id: $other }, _set: { displayName: \"both\" }) { id }
}";
const RENAME: &str = "mutation ($id: uuid!) {
  updateUser(pk_columns: { id: $id }, _set: { displayName: \"alone\" }) { id }
}";
const MANY: usize = 50;

macro_rules! on_postgres {
    ($($test:ident),+ $(,)?) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            run(Kind::Postgres, self::facts::$test).await;
        })+
    };
}

on_postgres!(
    those_that_come_together_share_a_commit,
    one_that_fails_is_told_and_the_others_are_written,
    whoever_changes_several_rows_is_not_undone_for_them,
    one_that_has_to_wait_is_written_when_it_can_be,
);

fn spawn(caller: &Caller, query: &'static str, variables: Value) -> JoinHandle<Answer> {
    let caller = caller.clone();
    tokio::spawn(async move { caller.graphql_with(query, variables).await })
}

/// Makes users, and tells their ids.
async fn users(admin: &Caller, count: usize) -> Vec<Uuid> {
    let objects: Vec<Value> = (0..count)
        .map(|number| json!({ "displayName": format!("{number}") }))
        .collect();
    let insert =
        "mutation ($objects: [users_insert_input!]!) { insertUsers(objects: $objects) { returning { id } } }";
    let made = admin.graphql_with(insert, json!({ "objects": objects })).await;
    let id = |id: Value| id.as_str().unwrap().parse().unwrap();
    made.values("id").into_iter().map(id).collect()
}

mod facts {
    use super::*;

    pub(super) async fn those_that_come_together_share_a_commit(database: Arc<TestDatabase>) {
        let app = TestApp::new(&database).await;
        let ids = users(&app.admin(), MANY).await;
        // In three rounds: others may be slow to come.
        for round in 0..3 {
            let writing = ids.iter().map(|id| {
                let name = format!("{round} {id}");
                (
                    *id,
                    name.clone(),
                    spawn(&app.admin(), UPSERT, json!({ "id": id, "name": name })),
                )
            });
            for (id, name, writing) in writing.collect::<Vec<_>>() {
                let expected = json!({ "userId": id, "firstName": name });
                assert_eq!(writing.await.unwrap().value("/insertContact"), &expected);
            }
        }
        let mut connection = PgConnection::connect(&database.url).await.unwrap();
        let sql =
            "SELECT count(*), count(DISTINCT xmin::text) FROM auth.contacts WHERE first_name LIKE '2 %'";
        let (rows, transactions): (i64, i64) = sqlx::query_as(sql).fetch_one(&mut connection).await.unwrap();
        assert_eq!(rows, i64::try_from(MANY).unwrap());
        assert!(transactions < rows, "each of {rows} has a transaction of its own");
    }

    pub(super) async fn one_that_fails_is_told_and_the_others_are_written(database: Arc<TestDatabase>) {
        let app = TestApp::new(&database).await;
        let ids = users(&app.admin(), MANY).await;
        let fails = |number: usize| number % 7 == 3;
        let writing = ids.iter().enumerate().map(|(number, id)| {
            let id = if fails(number) { Uuid::from_u128(7) } else { *id };
            spawn(
                &app.admin(),
                UPSERT,
                json!({ "id": id, "name": format!("{number}") }),
            )
        });
        for (number, writing) in writing.collect::<Vec<_>>().into_iter().enumerate() {
            let answer = writing.await.unwrap();
            if fails(number) {
                assert_eq!(answer.error_code(), "constraint-violation", "{}", answer.text);
                assert!(answer.text.contains("Foreign key violation"), "{}", answer.text);
            } else {
                let expected = json!({ "userId": ids[number], "firstName": format!("{number}") });
                assert_eq!(answer.value("/insertContact"), &expected);
            }
        }
        let found = app.admin().graphql("{ contacts { userId } }").await;
        let written = (0..MANY).filter(|number| !fails(*number)).count();
        assert_eq!(found.values("userId").len(), written);
    }

    pub(super) async fn whoever_changes_several_rows_is_not_undone_for_them(database: Arc<TestDatabase>) {
        let app = TestApp::new(&database).await;
        let ids = users(&app.admin(), 2).await;
        for _ in 0..4 {
            let writing = (0..MANY).map(|number| match number % 5 {
                0 => spawn(&app.admin(), BOTH, json!({ "one": ids[0], "other": ids[1] })),
                _ => spawn(&app.admin(), RENAME, json!({ "id": ids[number % 2] })),
            });
            for writing in writing.collect::<Vec<_>>() {
                writing.await.unwrap().data();
            }
        }
    }

    pub(super) async fn one_that_has_to_wait_is_written_when_it_can_be(database: Arc<TestDatabase>) {
        let app = TestApp::new(&database).await;
        let ids = users(&app.admin(), MANY).await;
        let mut connection = PgConnection::connect(&database.url).await.unwrap();
        let mut holding = connection.begin().await.unwrap();
        sqlx::query("SELECT 1 FROM auth.users WHERE id = $1 FOR UPDATE")
            .bind(ids[0])
            .execute(&mut *holding)
            .await
            .unwrap();
        let mut writing = ids
            .iter()
            .map(|id| spawn(&app.admin(), RENAME, json!({ "id": id })));
        let waiting = writing.next().unwrap();
        for writing in writing.collect::<Vec<_>>() {
            writing.await.unwrap().data();
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(!waiting.is_finished());
        holding.rollback().await.unwrap();
        assert_eq!(waiting.await.unwrap().value("/updateUser/id"), &json!(ids[0]));
    }
}
