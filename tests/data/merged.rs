//! Fields under one name are one if they ask for the same, and are refused if not.

use std::sync::Arc;

use serde_json::json;

use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::seed;

on_both_databases!(
    fields_that_ask_for_the_same_are_one,
    fields_that_ask_for_different_things_are_refused,
    a_mutation_whose_fields_conflict_writes_nothing,
);

async fn seeded(database: &Arc<TestDatabase>) -> TestApp {
    let app = TestApp::new(database).await;
    seed::insert(&database.connect().await).await;
    app
}

/// Fields in a document of data alone, and in one that asks for an operation, too.
fn beside(fields: &str) -> [String; 2] {
    [
        format!("query ($a: Boolean = true, $n: Int = 1) {{ {fields} }}"),
        format!("query ($a: Boolean = true, $n: Int = 1) {{ {fields} authConfig {{ __typename }} }}"),
    ]
}

/// The variables are used, so that nothing else is wrong.
const USED: &str = "authRoles(limit: $n) { role @include(if: $a) }";

async fn fields_that_ask_for_the_same_are_one(database: Arc<TestDatabase>) {
    let app = seeded(&database).await;
    for fields in [
        "users(limit: $n, order_by: { id: asc }) { username } users(order_by: { id: asc }, limit: $n) { locale }",
        "users(limit: 1, order_by: [{ id: asc }]) { username ... on users { locale } }
         ... on query_root { users(order_by: [{ id: asc }], limit: 1) { username } }",
        "users(where: { _and: [{ id: { _is_null: false } }] }, limit: $n, order_by: { id: asc }) { username }
         users(where: { _and: [{ id: { _is_null: false } }] }, limit: $n, order_by: { id: asc }) { locale username }",
    ] {
        for query in beside(&format!("{fields} {USED}")) {
            for _ in 0..2 {
                let answer = app.admin().graphql(&query).await;
                let names = answer.value("/users/0").as_object().unwrap().keys();
                assert_eq!(names.collect::<Vec<_>>(), ["username", "locale"], "{query}");
            }
        }
    }
}

async fn fields_that_ask_for_different_things_are_refused(database: Arc<TestDatabase>) {
    let app = seeded(&database).await;
    for (fields, key) in [
        ("users { x: id } users { x: email }", "x"),
        ("users { ... on users { x: id } x: email }", "x"),
        (
            "users { ... on users { x: email } ... on users { x: __typename @include(if: $a) } }",
            "x",
        ),
        ("users { x: __typename @include(if: $a) x: id }", "x"),
        (
            "users(limit: 0) { id } ... on query_root { users(limit: 1) { id } }",
            "users",
        ),
        (
            "users(limit: 1) { id } ... on query_root { users(limit: $n) { id } }",
            "users",
        ),
        (
            "users { id } ... on query_root { users(limit: 1) { id } }",
            "users",
        ),
        (
            "users(order_by: { id: asc }) { id } ... on query_root { users(order_by: { id: desc }) { id } }",
            "users",
        ),
        (
            "usersAggregate { aggregate { x: count } } usersAggregate { aggregate { x: count(distinct: true) } }",
            "x",
        ),
        (
            "users { roles(limit: 1) { role } } users { roles(limit: 2) { role } }",
            "roles",
        ),
    ] {
        for query in beside(&format!("{fields} {USED}")) {
            for _ in 0..2 {
                let answer = app.admin().graphql(&query).await;
                let error = &answer.body["errors"][0];
                assert_eq!(error["extensions"]["code"], "validation-failed", "{query}");
                let message = error["message"].as_str().unwrap();
                assert!(
                    message.starts_with(&format!("Fields \"{key}\" conflict")),
                    "{message}"
                );
                let path = error["extensions"]["path"].as_str().unwrap();
                assert!(path.ends_with(&format!(".selectionSet.{key}")), "{query}: {path}");
                assert_eq!(answer.body.get("data"), None, "{query}");
            }
        }
    }
}

async fn a_mutation_whose_fields_conflict_writes_nothing(database: Arc<TestDatabase>) {
    let app = seeded(&database).await;
    let admin = app.admin();
    for fields in [
        "updateUsers(where: {}, _set: { displayName: \"one\" }) { affected_rows }
         ... on mutation_root { updateUsers(where: {}, _set: { displayName: \"other\" }) { affected_rows } }",
        "updateUsers(where: {}, _set: { displayName: \"one\" }) { returning { x: id } }
         updateUsers(where: {}, _set: { displayName: \"one\" }) { returning { x: email } }",
        "signUpEmailPassword(email: \"new@example.org\", password: \"correct horse battery\") {
           session { user { x: id ... on users { x: email } } }
         }",
    ] {
        let answer = admin.graphql(&format!("mutation {{ {fields} }}")).await;
        assert_eq!(answer.error_code(), "validation-failed", "{fields}");
        assert!(answer.text.contains("conflict"), "{}", answer.text);
    }
    let written = "{ usersAggregate(where: { _or: [
      { displayName: { _in: [\"one\", \"other\"] } }, { email: { _eq: \"new@example.org\" } }
    ] }) { aggregate { count } } }";
    let answer = admin.graphql(written).await;
    assert_eq!(answer.value("/usersAggregate/aggregate/count"), &json!(0));
    let one = "updateUsers(where: { username: { _eq: \"john\" } }, _set: { displayName: \"J\" })";
    let merged = format!("mutation {{ {one} {{ affected_rows }} {one} {{ returning {{ username }} }} }}");
    let answer = admin.graphql(&merged).await;
    assert_eq!(
        answer.value("/updateUsers"),
        &json!({ "affected_rows": 1, "returning": [{ "username": "john" }] })
    );
}
