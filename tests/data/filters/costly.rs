//! Conditions that could cost much: answered or refused within a second or so each, alike on both databases.

use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::rows;
use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    conditions_cost_no_more_than_allowed,
    conditions_of_related_rows_have_as_many_parts,
);

/// Far more than any takes on a machine that does other work, far less than those that are refused would.
const MOST: Duration = Duration::from_secs(8);

const QUERY: &str =
    "query ($where: users_bool_exp!) { users(where: $where, order_by: { username: asc }) { username } }";

/// A condition with the names of the rows it finds, or the code and the place of its error.
fn conditions() -> Vec<(Value, &'static str)> {
    let many = |value: Value| Value::from(vec![value; 10_000]);
    let ids: Vec<String> = (0..10_000_u128)
        .map(|number| uuid::Uuid::from_u128(number + 3).to_string())
        .collect();
    let numbers: Vec<Value> = (0..10_000).map(Value::from).collect();
    let objects: Vec<Value> = (0..10_000).map(|number| json!({ "b": number })).collect();
    let texts: Vec<String> = (0..10_000).map(|number| format!("alpha {number}")).collect();
    let parts = |count: usize| Value::from(vec![json!({ "locale": { "_eq": "en" } }); count]);
    let not = |levels: usize| {
        (0..levels).fold(
            json!({ "disabled": { "_eq": true } }),
            |inner, _| json!({ "_not": inner }),
        )
    };
    let pattern = |text: String| json!({ "displayName": { "_regex": text } });
    vec![
        (json!({ "id": { "_in": ids } }), "c d e f g"),
        (json!({ "id": { "_nin": ids } }), "a b"),
        (json!({ "attemptNumber": { "_in": numbers } }), "a b e f"),
        (json!({ "displayName": { "_in": texts } }), "none"),
        (json!({ "email": { "_in": many(json!("BOB@example.org")) } }), "b"),
        (json!({ "importedFrom": { "_in": objects } }), "f"),
        (json!({ "importedFrom": { "_nin": objects } }), "b c d e g"),
        (
            json!({ "metadata": { "_contains": many(json!(1)) } }),
            "validation-failed metadata._contains",
        ),
        (json!({ "metadata": { "_contains": vec![1; 999] } }), "c"),
        (
            json!({ "metadata": { "_contained_in": many(json!([1])) } }),
            "validation-failed metadata._contained_in",
        ),
        (
            json!({ "metadata": { "_has_keys_any": texts } }),
            "validation-failed metadata._has_keys_any",
        ),
        (json!({ "_or": parts(900) }), "a b c d e f g"),
        (json!({ "_or": parts(901) }), "validation-failed "),
        (json!({ "_and": parts(901) }), "validation-failed "),
        (not(18), "e f"),
        (not(50), "validation-failed $.variables"),
        (pattern("(a+)+$z".into()), "none"),
        (pattern("(a|a)*(a|a)*(a|a)*z$".into()), "none"),
        (pattern("(.*)*".repeat(20)), "a b c d e f g"),
        (pattern(format!("{}z", "a?".repeat(150))), "e"),
        (pattern(format!("{}z", "a?".repeat(151))), "data-exception $"),
        (pattern("(((x{250}){250}){250}){250}".into()), "data-exception $"),
        (pattern("x{0,255}".repeat(20)), "data-exception $"),
        (
            pattern(format!("{}{}", "(".repeat(50), ")".repeat(50))),
            "a b c d e f g",
        ),
        (
            pattern(format!("{}{}", "(".repeat(51), ")".repeat(51))),
            "validation-failed displayName._regex",
        ),
        (pattern("(".repeat(1_000)), "validation-failed displayName._regex"),
        (pattern("a".repeat(1_001)), "validation-failed displayName._regex"),
        (pattern("[[:alpha:]]{200}".into()), "data-exception $"),
        (
            json!({ "displayName": { "_iregex": "[\u{1}-\u{10ffff}]".repeat(60) } }),
            "none",
        ),
        (json!({ "displayName": { "_like": "%a".repeat(500) } }), "none"),
        (json!({ "displayName": { "_ilike": "%_".repeat(500) } }), "none"),
        (
            json!({ "displayName": { "_like": "_".repeat(1_001) } }),
            "validation-failed displayName._like",
        ),
        (
            json!({ "displayName": { "_similar": "(%a%)*".repeat(51) } }),
            "data-exception $",
        ),
        (
            json!({ "metadata": { "_cast": { "String": { "_regex": "(a*)*b" } } } }),
            "none",
        ),
    ]
}

async fn conditions_cost_no_more_than_allowed(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    rows::insert(&database.connect().await).await;
    let mut differences = String::new();
    for (condition, expected) in conditions() {
        let before = Instant::now();
        let answer = app
            .admin()
            .graphql_with(QUERY, json!({ "where": condition }))
            .await;
        let (took, found) = (before.elapsed(), super::told(&answer, "username"));
        let found = found.replace("users.", "").replace(" users", " ");
        if found != expected || took > MOST {
            let mut shown = condition.to_string();
            shown.truncate(80);
            let _ = writeln!(
                differences,
                "{shown}\n  expected {expected}\n  found    {found} in {took:?}"
            );
        }
    }
    assert!(differences.is_empty(), "{differences}");
}

async fn conditions_of_related_rows_have_as_many_parts(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let query = "query ($where: authUserRoles_bool_exp!) { users { roles(where: $where) { role } } }";
    let other: Vec<Value> = (0..899)
        .map(|number| json!({ "role": { "_eq": format!("other {number}") } }))
        .chain([json!({ "role": { "_eq": "user" } })])
        .collect();
    let last = json!({ "where": { "_or": other } });
    let answer = app.admin().graphql_with(query, last).await;
    assert_eq!(
        answer.value("/users/0/roles/0/role"),
        &json!("user"),
        "{}",
        jane.id
    );
}
