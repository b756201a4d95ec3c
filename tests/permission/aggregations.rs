//! Who may ask rows as a whole, and of which rows and columns.

use std::sync::Arc;

use serde_json::json;

use super::folder::seeded;
use super::introspection::{Schema, caller};
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    a_role_without_them_knows_of_none,
    they_hold_the_rows_and_columns_of_the_role,
    a_limit_of_the_role_is_one_of_rows,
    relationships_keep_what_the_root_lacks,
    an_order_by_them_needs_no_right_of_them,
);

async fn a_role_without_them_knows_of_none(database: Arc<TestDatabase>) {
    let app = seeded(&database, "aggregations").await;
    let schema = Schema::read(&app, "plain").await;
    let told: Vec<&str> = [
        "Aggregate",
        "GroupBy",
        "users_aggregate_fields",
        "users_max_fields",
        "members_aggregate_bool_exp",
    ]
    .into_iter()
    .filter(|word| schema.text.contains(word))
    .collect();
    assert_eq!(told, [""; 0]);
    assert!(!schema.has("users", "members_aggregate") && !schema.has("users_bool_exp", "members_aggregate"));
    assert!(schema.has("users_order_by", "members_aggregate"));
    for document in [
        "{ usersAggregate { aggregate { count } } }",
        "{ usersGroupBy(by: [id]) { aggregate { count } } }",
        "{ users { members_aggregate { aggregate { count } } } }",
        "{ users(where: { members_aggregate: { count: { predicate: { _gt: 0 } } } }) { id } }",
    ] {
        let answer = caller(&app, "plain").graphql(document).await;
        assert_eq!(answer.error_code(), "validation-failed", "{document}");
    }
}

async fn they_hold_the_rows_and_columns_of_the_role(database: Arc<TestDatabase>) {
    let app = seeded(&database, "aggregations").await;
    let counter = caller(&app, "counter");
    let schema = Schema::read(&app, "counter").await;
    assert_eq!(
        schema.members("users_select_column"),
        ["attemptNumber", "id", "locale", "username"]
    );
    assert_eq!(
        schema.members("users_max_fields"),
        ["attemptNumber", "id", "locale", "username"]
    );
    assert!(!schema.has("users_aggregate_bool_exp", "bool_and"));
    let query = "{ usersAggregate(order_by: { username: asc }) { aggregate { count sum { attemptNumber } min { username } } }
      usersGroupBy(by: [locale]) { key { locale } aggregate { count } }
      users(where: { username: { _eq: \"ana\" } }) { members_aggregate { aggregate { count } nodes { name } } }
      withMembers: users(where: { members_aggregate: { count: { predicate: { _gt: 0 } } } }) { id } }";
    for _ in 0..2 {
        let answer = counter.graphql(query).await;
        assert_eq!(
            answer.data(),
            &json!({
                "usersAggregate": { "aggregate": { "count": 2, "sum": { "attemptNumber": 3 }, "min": { "username": "ana" } } },
                "usersGroupBy": [{ "key": { "locale": "fr" }, "aggregate": { "count": 2 } }],
                "users": [{ "members_aggregate": { "aggregate": { "count": 0 }, "nodes": [] } }],
                "withMembers": [],
            })
        );
    }
    for document in [
        "{ usersAggregate { aggregate { max { email } } } }",
        "{ usersAggregate { aggregate { count(columns: [email]) } } }",
        "{ usersAggregate(distinct_on: email) { aggregate { count } } }",
        "{ usersGroupBy(by: [email]) { aggregate { count } } }",
        "{ usersGroupBy(by: [id], order_by: { aggregate: { max: { email: asc } } }) { aggregate { count } } }",
        "{ users(where: { members_aggregate: { count: { arguments: [role], predicate: { _gt: 0 } } } }) { id } }",
    ] {
        let answer = counter.graphql(document).await;
        assert_eq!(answer.error_code(), "validation-failed", "{document}");
    }
}

async fn a_limit_of_the_role_is_one_of_rows(database: Arc<TestDatabase>) {
    let app = seeded(&database, "aggregations").await;
    let query = "{ usersAggregate(order_by: { username: desc }, limit: 5) { aggregate { count max { attemptNumber } } nodes { username } }
      only: usersAggregate(order_by: { username: desc }) { nodes { username } }
      groups: usersGroupBy(by: [username], order_by: { key: { username: asc } }) { key { username } }
      users(order_by: { username: asc }) { username } }";
    let answer = caller(&app, "counter").graphql(query).await;
    assert_eq!(
        answer.data(),
        &json!({
            "usersAggregate": { "aggregate": { "count": 2, "max": { "attemptNumber": 3 } }, "nodes": [{ "username": "john" }] },
            "only": { "nodes": [{ "username": "john" }] },
            "groups": [{ "key": { "username": "ana" } }],
            "users": [{ "username": "ana" }],
        })
    );
}

async fn relationships_keep_what_the_root_lacks(database: Arc<TestDatabase>) {
    let app = seeded(&database, "aggregations").await;
    let schema = Schema::read(&app, "linked").await;
    assert!(schema.has("query_root", "users"));
    assert!(!schema.has("query_root", "usersAggregate") && !schema.has("query_root", "usersGroupBy"));
    let answer = caller(&app, "linked")
        .graphql("{ usersGroupBy(by: [id]) { key { id } } }")
        .await;
    assert_eq!(answer.error_code(), "validation-failed");
}

async fn an_order_by_them_needs_no_right_of_them(database: Arc<TestDatabase>) {
    let app = seeded(&database, "aggregations").await;
    let query =
        "{ users(order_by: [{ members_aggregate: { count: desc } }, { username: desc }]) { username } }";
    let answer = caller(&app, "plain").graphql(query).await;
    // The one member called Ana is hidden from the role, so Ana comes after Jane.
    assert_eq!(answer.values("username"), ["john", "Jane"]);
}
