//! Roles made of others: the rows of all, each column where one of them sees it.

use std::sync::Arc;

use serde_json::json;

use super::folder::seeded;
use super::introspection::{Schema, caller};
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::seed;

on_both_databases!(
    each_cell_is_seen_where_a_parent_sees_it,
    limits_root_fields_and_aggregates_are_the_widest,
    writes_are_what_the_parents_agree_on
);

async fn each_cell_is_seen_where_a_parent_sees_it(database: Arc<TestDatabase>) {
    let app = seeded(&database, "cells").await;
    let query = "{ users(order_by: { id: asc }) { id displayName email locale } }";
    let answer = caller(&app, "clerk_and_self").graphql(query).await;
    assert_eq!(
        answer.data()["users"],
        json!([
            { "id": seed::JANE, "displayName": "Jane Doe", "email": "Jane@Example.org", "locale": "en" },
            { "id": "10000000-0000-0000-0000-000000000002", "displayName": "john", "email": null, "locale": null },
        ])
    );
    // An inherited role is a parent like any other: the auditor adds the addresses of disabled users.
    let query = r#"{ users(where: { disabled: { _eq: true } }) { displayName email disabled } }"#;
    let answer = caller(&app, "everything").graphql(query).await;
    assert_eq!(
        answer.data()["users"],
        json!([{ "displayName": "Ána 100%_done", "email": null, "disabled": true }])
    );
    let query = r#"{ users(where: { disabled: { _eq: false } }) { id } }"#;
    assert_eq!(
        caller(&app, "everything").graphql(query).await.data()["users"],
        json!([])
    );
    // What only one parent sees is found on its rows alone.
    let query = r#"{ users(where: { email: { _like: "%" } }) { displayName } }"#;
    let answer = caller(&app, "clerk_and_self").graphql(query).await;
    assert_eq!(answer.values("displayName"), ["Jane Doe"]);
}

async fn limits_root_fields_and_aggregates_are_the_widest(database: Arc<TestDatabase>) {
    let app = seeded(&database, "cells").await;
    let listed = async |role: &str| {
        let answer = caller(&app, role).graphql("{ users { id } }").await;
        answer.values("id").len()
    };
    assert_eq!((listed("clerk").await, listed("clerk_and_self").await), (1, 2));
    assert_eq!(listed("everything").await, 3);
    let query = "{ usersAggregate { aggregate { count } nodes { id } } }";
    let answer = caller(&app, "clerk_and_self").graphql(query).await;
    assert_eq!(answer.values("count"), [3]);
    assert_eq!(answer.values("id").len(), 2);
    let schema = Schema::read(&app, "clerk_and_self").await;
    assert!(schema.has("query_root", "users") && schema.has("query_root", "user"));
    assert!(!Schema::read(&app, "self").await.has("query_root", "users"));
    assert!(
        !Schema::read(&app, "self")
            .await
            .has("query_root", "usersAggregate")
    );
}

async fn writes_are_what_the_parents_agree_on(database: Arc<TestDatabase>) {
    let app = seeded(&database, "cells").await;
    let update = |id: &str| {
        format!(
            r#"mutation {{ updateUser(pk_columns: {{ id: "{id}" }}, _set: {{ locale: "de" }}) {{ locale }} }}"#
        )
    };
    let role = caller(&app, "clerk_and_self");
    let answer = role.graphql(&update(&seed::JANE.to_string())).await;
    assert_eq!(answer.data()["updateUser"], json!({ "locale": "de" }));
    let answer = role
        .graphql(&update("10000000-0000-0000-0000-000000000002"))
        .await;
    assert_eq!(answer.data()["updateUser"], json!(null));
    let quarrel = Schema::read(&app, "quarrel").await;
    assert!(quarrel.has("users", "locale") && !quarrel.has("mutation_root", "updateUser"));
}
