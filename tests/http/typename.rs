//! `__typename` is held to the rules of every field, wherever it stands.

use std::sync::Arc;

use serde_json::json;

use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(its_directives_decide, its_directives_are_validated);

/// Data, an operation, introspection, data beside an operation, and a fragment; each with a place to fill.
const DOCUMENTS: [&str; 5] = [
    "query # { users(limit: 1) { id @ } }",
    "query # { authConfig { defaultRole @ } }",
    "query # { __schema { queryType { name @ } } }",
    "query # { users(limit: 1) { id @ } authConfig { defaultRole } }",
    "query # { users(limit: 1) { id ...F } } fragment F on users { email @ }",
];

fn document(template: &str, declared: &str, field: &str) -> String {
    template.replacen('#', declared, 1).replacen('@', field, 1)
}

async fn its_directives_decide(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    for template in DOCUMENTS {
        let query = document(template, "($a: Boolean!)", "__typename @include(if: $a)");
        for a in [true, false, true] {
            let answer = jane.graphql_with(&query, json!({ "a": a })).await;
            assert_eq!(answer.values("__typename").len(), usize::from(a), "{query}");
        }
        let query = document(
            template,
            "",
            "of: __typename @skip(if: true) __typename @skip(if: false)",
        );
        let answer = jane.graphql(&query).await;
        assert_eq!(
            (answer.values("of").len(), answer.values("__typename").len()),
            (0, 1)
        );
    }
}

async fn its_directives_are_validated(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    for template in DOCUMENTS {
        for (declared, field) in [
            ("", "__typename @include(if: $a)"),
            ("($a: Boolean!)", "__typename"),
            ("($a: Boolean)", "__typename @include(if: $a)"),
            ("($a: String!)", "__typename @skip(if: $a)"),
            ("", "__typename @nosuch(a: 1)"),
            ("", "__typename @include"),
            ("", "__typename @include(if: \"yes\")"),
            ("", "__typename @include(if: true, unless: false)"),
            ("", "__typename @include(if: true) @include(if: true)"),
            ("", "__typename(x: 1)"),
            ("", "__typename { id }"),
        ] {
            let query = document(template, declared, field);
            let variables = match declared {
                "" => json!({}),
                "($a: String!)" => json!({ "a": "yes" }),
                _ => json!({ "a": true }),
            };
            for _ in 0..2 {
                let answer = jane.graphql_with(&query, variables.clone()).await;
                assert_eq!(answer.error_code(), "validation-failed", "{query}");
            }
        }
    }
}
