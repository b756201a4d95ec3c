//! What a query asks of the database, told to administrators.

use std::sync::Arc;

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use sea_orm::{ConnectionTrait, DbBackend};
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::caller::Caller;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::seed;

on_both_databases!(
    an_administrator_sees_statement_and_plan,
    nobody_else_does,
    what_cannot_be_explained_is_refused,
    no_time_goes_into_machine_code
);

async fn explain(caller: &Caller, body: &Value) -> Answer {
    let request = caller
        .request(Method::POST, "/v1/graphql/explain")
        .header(CONTENT_TYPE, "application/json")
        .body(body.to_string());
    Answer::read(request.send().await.unwrap()).await
}

async fn an_administrator_sees_statement_and_plan(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let query = "query ($n: Int) { __typename mine: users(limit: $n) { id roles { role } } langs { code } }";
    let body = json!({
        "query": { "query": query, "variables": { "n": 3 } },
        "user": { "X-Hasura-Role": "user", "x-hasura-user-id": seed::JANE },
    });
    let answer = explain(&app.admin(), &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let fields = answer.body.as_array().unwrap();
    let names: Vec<_> = fields
        .iter()
        .map(|field| field["field"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["__typename", "mine", "langs"]);
    assert_eq!(
        (&fields[0]["sql"], &fields[0]["plan"]),
        (&Value::Null, &Value::Null)
    );
    let sql = fields[1]["sql"].as_str().unwrap();
    assert!(
        sql.contains("users") && !sql.contains(&seed::JANE.to_string()),
        "{sql}"
    );
    let plan = fields[1]["plan"].as_array().unwrap();
    assert!(
        plan.iter()
            .any(|line| line.as_str().unwrap().contains("users_pkey")
                || line.as_str().unwrap().contains("SEARCH")),
        "{plan:?}"
    );
    // Without a user it is the administrator's own.
    let answer = explain(
        &app.admin(),
        &json!({ "query": { "query": "{ users { deletedAt } }" } }),
    )
    .await;
    assert!(
        answer.body[0]["sql"].as_str().unwrap().contains("deleted_at"),
        "{}",
        answer.text
    );
}

async fn nobody_else_does(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let body = json!({ "query": { "query": "{ users { id } }" } });
    for caller in [
        app.public(),
        Caller::clone(&jane),
        app.admin().with("x-hasura-role", "user"),
    ] {
        let answer = explain(&caller, &body).await;
        assert_eq!(answer.status, 403);
        assert_eq!(
            answer.body,
            json!({ "path": "$", "error": "You have to be an admin to access this endpoint", "code": "access-denied" })
        );
    }
}

async fn what_cannot_be_explained_is_refused(database: Arc<TestDatabase>) {
    let admin = TestApp::new(&database).await.admin();
    for (body, code) in [
        (
            json!({ "query": { "query": "{ users { nothing } }" } }),
            "validation-failed",
        ),
        (
            json!({ "query": { "query": "{ users { id }" } }),
            "validation-failed",
        ),
        (
            json!({ "query": { "query": "{ authConfig { defaultRole } }" } }),
            "not-supported",
        ),
        (
            json!({ "query": { "query": "mutation { signOut }" } }),
            "not-supported",
        ),
        (
            json!({ "query": { "query": "{ users { id } }" }, "user": { "x-hasura-role": "user" } }),
            "not-found",
        ),
        (json!({ "query": "{ users { id } }" }), "parse-failed"),
        (json!([]), "parse-failed"),
    ] {
        let answer = explain(&admin, &body).await;
        assert_eq!(answer.body["code"], code, "{body}: {}", answer.text);
    }
}

async fn no_time_goes_into_machine_code(database: Arc<TestDatabase>) {
    TestApp::new(&database).await;
    let connection = database.connect().await;
    if connection.get_database_backend() == DbBackend::Postgres {
        // It would be made for every statement.
        let eager = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET jit_above_cost = 0', current_database()); END $$";
        connection.execute_unprepared(eager).await.unwrap();
    }
    let app = TestApp::new(&database).await;
    let body = json!({ "query": { "query": "{ users { id roles { role } } }" } });
    let answer = explain(&app.admin(), &body).await;
    let plan = answer.body[0]["plan"].as_array().unwrap();
    assert!(!plan.is_empty());
    assert!(
        plan.iter().all(|line| !line.as_str().unwrap().contains("JIT")),
        "{plan:?}"
    );
}
