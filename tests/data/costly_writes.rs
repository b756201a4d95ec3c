//! Inserts that could cost much are refused in no time and leave nothing behind.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(inserts_that_could_cost_much_are_refused);

/// Far more than it takes on a machine that does other work.
const MOST: Duration = Duration::from_secs(8);

const USERS: &str =
    "mutation ($objects: [users_insert_input!]!) { insertUsers(objects: $objects) { affected_rows } }";
const ROLES: &str = "mutation ($objects: [authRoles_insert_input!]!) { insertAuthRoles(objects: $objects) { affected_rows } }";

/// A user with a role whose user has a role, and so on.
fn in_a_loop(levels: usize) -> Value {
    (0..levels).fold(json!({ "displayName": "x" }), |inner, level| match level % 2 {
        0 => json!({ "role": "user", "user": { "data": inner } }),
        _ => json!({ "displayName": "x", "roles": { "data": [inner] } }),
    })
}

/// The same within a document.
fn as_text(levels: usize) -> String {
    let object = "{ displayName: \"x\", roles: { data: [{ role: \"user\", user: { data: ".repeat(levels);
    let end = "} }] } }".repeat(levels);
    format!("mutation {{ insertUser(object: {object}{{ displayName: \"x\" }}{end}) {{ id }} }}")
}

async fn inserts_that_could_cost_much_are_refused(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let admin = app.admin();
    let roles: Vec<Value> = (0..10_001)
        .map(|number| json!({ "role": format!("role {number}") }))
        .collect();
    let within: Vec<Value> = (0..101)
        .map(|_| json!({ "displayName": "x", "roles": { "data": vec![json!({ "role": "user" }); 100] } }))
        .collect();
    let text = as_text(60);
    for (about, query, objects, code) in [
        ("more rows than allowed", ROLES, json!(roles), "validation-failed"),
        (
            "more of them inside others",
            USERS,
            json!(within),
            "validation-failed",
        ),
        ("a loop", USERS, json!([in_a_loop(21)]), "validation-failed"),
        (
            "a loop without end",
            USERS,
            json!([in_a_loop(201)]),
            "invalid-json",
        ),
        (
            "a loop in the document",
            text.as_str(),
            Value::Null,
            "validation-failed",
        ),
    ] {
        let before = Instant::now();
        let answer = admin.graphql_with(query, json!({ "objects": objects })).await;
        assert!(before.elapsed() < MOST, "{about}");
        assert_eq!(answer.error_code(), code, "{about}: {}", answer.text);
        let path = answer.body.pointer("/errors/0/extensions/path");
        assert!(path.is_some_and(Value::is_string), "{about}: {}", answer.text);
        assert!(answer.text.len() < 10_000, "{about}");
    }
    let stored = admin
        .graphql("{ users { id } authRoles(where: { role: { _like: \"role %\" } }) { role } }")
        .await;
    assert_eq!(stored.data(), &json!({ "users": [], "authRoles": [] }));
}
