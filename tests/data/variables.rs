//! One document with many variables: what a plan is kept for must not decide what it answers.

use std::sync::Arc;

use serde_json::json;

use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::seed;

on_both_databases!(
    each_shape_of_variables_gets_its_own_answer,
    bad_variables_are_refused_also_the_second_time,
    one_text_holds_several_operations,
    each_user_and_role_gets_their_own_answer,
);

const LIST: &str =
    "query ($where: users_bool_exp, $order: [users_order_by!], $limit: Int, $email: Boolean = false) {
  users(where: $where, order_by: $order, limit: $limit) { username email @include(if: $email) }
}";

async fn seeded(database: &Arc<TestDatabase>) -> TestApp {
    let app = TestApp::new(database).await;
    seed::insert(&database.connect().await).await;
    app
}

async fn each_shape_of_variables_gets_its_own_answer(database: Arc<TestDatabase>) {
    let app = seeded(&database).await;
    let by_name = json!({ "username": "asc" });
    let table = [
        (json!({ "order": by_name }), vec!["ana", "Jane", "john"]),
        (
            json!({ "order": { "username": "desc" } }),
            vec!["john", "Jane", "ana"],
        ),
        (json!({ "order": by_name, "limit": 1 }), vec!["ana"]),
        (json!({ "order": by_name, "limit": 2 }), vec!["ana", "Jane"]),
        (
            json!({ "order": by_name, "limit": null }),
            vec!["ana", "Jane", "john"],
        ),
        (
            json!({ "order": by_name, "where": {} }),
            vec!["ana", "Jane", "john"],
        ),
        (
            json!({ "order": by_name, "where": null }),
            vec!["ana", "Jane", "john"],
        ),
        (
            json!({ "order": by_name, "where": { "username": { "_in": [] } } }),
            vec![],
        ),
        (
            json!({ "order": by_name, "where": { "username": { "_in": ["jane"] } } }),
            vec!["Jane"],
        ),
        (
            json!({ "order": by_name, "where": { "username": { "_in": ["jane", "john", "x"] } } }),
            vec!["Jane", "john"],
        ),
        (
            json!({ "order": by_name, "where": { "username": { "_eq": "john" } } }),
            vec!["john"],
        ),
        (
            json!({ "order": by_name, "where": { "locale": { "_eq": "en" } } }),
            vec!["Jane"],
        ),
        (
            json!({ "order": by_name, "where": { "_not": { "locale": { "_eq": "en" } } } }),
            vec!["ana", "john"],
        ),
        (
            json!({ "order": by_name, "where": { "email": { "_is_null": true } } }),
            vec!["ana"],
        ),
        (
            json!({ "order": by_name, "where": { "email": { "_is_null": false } } }),
            vec!["Jane", "john"],
        ),
        (
            json!({ "order": by_name, "where": { "deleted": { "_eq": true } } }),
            vec!["gone"],
        ),
        (
            json!({ "order": [{ "locale": "asc" }, { "username": "desc" }] }),
            vec!["Jane", "john", "ana"],
        ),
    ];
    // Twice, and backwards: no order of asking may matter.
    for (variables, expected) in table.iter().chain(table.iter().rev()) {
        let answer = app.admin().graphql_with(LIST, variables.clone()).await;
        let found = answer.values("username");
        assert_eq!(&found, expected, "{variables}");
    }
    for (email, count) in [(true, 3), (false, 0), (true, 3)] {
        let answer = app.admin().graphql_with(LIST, json!({ "email": email })).await;
        assert_eq!(answer.values("email").len(), count);
    }
}

async fn bad_variables_are_refused_also_the_second_time(database: Arc<TestDatabase>) {
    let app = seeded(&database).await;
    app.admin()
        .graphql_with(
            LIST,
            json!({ "limit": 1, "where": { "username": { "_eq": "x" } } }),
        )
        .await
        .data();
    for variables in [
        json!({ "limit": -1 }),
        json!({ "limit": "1" }),
        json!({ "limit": 1.5 }),
        json!({ "limit": { "a": 1 } }),
        json!({ "where": { "username": { "_eq": null } } }),
        json!({ "where": { "username": { "_eq": 5 } } }),
        json!({ "where": { "username": { "_eq": ["x"] } } }),
        json!({ "where": { "username": { "_bogus": "x" } } }),
        json!({ "where": { "passwordHash": { "_eq": "x" } } }),
        json!({ "where": [] }),
        json!({ "where": { "id": { "_eq": "x" } } }),
        json!({ "order": [{ "username": "sideways" }] }),
        json!({ "order": [{ "passwordHash": "asc" }] }),
        json!({ "email": null }),
        json!({ "email": "yes" }),
        json!({ "bogus": 1 }),
    ] {
        let first = app.admin().graphql_with(LIST, variables.clone()).await;
        let second = app.admin().graphql_with(LIST, variables.clone()).await;
        assert!(first.body.get("errors").is_some(), "{variables}: {}", first.text);
        assert_eq!(first.text, second.text, "{variables}");
    }
}

async fn one_text_holds_several_operations(database: Arc<TestDatabase>) {
    let app = seeded(&database).await;
    let text = "query A { users { id } } query B { orgs { name } } mutation C { updateUser(pk_columns: { id: \"10000000-0000-0000-0000-000000000009\" }, _set: { locale: \"en\" }) { id } }";
    for (name, field) in [
        ("A", "users"),
        ("B", "orgs"),
        ("C", "updateUser"),
        ("A", "users"),
        ("B", "orgs"),
    ] {
        let answer = app
            .admin()
            .post_json(&json!({ "query": text, "operationName": name }))
            .await;
        assert!(answer.data().get(field).is_some(), "{name}: {}", answer.text);
    }
    for name in [json!(null), json!("D")] {
        let answer = app
            .admin()
            .post_json(&json!({ "query": text, "operationName": name }))
            .await;
        assert_eq!(answer.error_code(), "validation-failed");
    }
}

async fn each_user_and_role_gets_their_own_answer(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let (jane, john) = (app.user("jane").await, app.user("john").await);
    let query = "{ users(order_by: { createdAt: asc }) { id } me { email } }";
    for _ in 0..2 {
        for user in [&jane, &john] {
            for role in ["user", "me"] {
                let answer = user.with("x-hasura-role", role).graphql(query).await;
                assert_eq!(answer.values("id"), [json!(user.id)]);
                assert_eq!(answer.values("email"), [json!(user.email)]);
            }
        }
        let answer = app
            .admin()
            .graphql("{ users(order_by: { createdAt: asc }) { id } }")
            .await;
        assert_eq!(answer.values("id").len(), 2);
        let answer = app.public().graphql(query).await;
        assert_eq!(answer.error_code(), "validation-failed");
    }
}
