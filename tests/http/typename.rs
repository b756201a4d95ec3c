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
        for (declared, field, named) in [
            ("", "__typename @include(if: $a)", "\"$a\""),
            ("($a: Boolean!)", "__typename", "\"$a\""),
            (
                "($a: Boolean)",
                "__typename @include(if: $a)",
                "'a' is declared as 'Boolean'",
            ),
            ("($a: String!)", "__typename @skip(if: $a)", "Boolean"),
            ("", "__typename @nosuch(a: 1)", "\"nosuch\""),
            ("", "__typename @include", "\"@include\" argument \"if\""),
            ("", "__typename @include(if: \"yes\")", "\"if\""),
            ("", "__typename @include(if: true, unless: false)", "\"unless\""),
            (
                "",
                "__typename @include(if: true) @include(if: true)",
                "\"include\"",
            ),
            ("", "__typename(x: 1)", "\"x\""),
            ("", "__typename { id }", "\"__typename\""),
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
                let message = answer.body["errors"][0]["message"].as_str().unwrap();
                assert!(message.contains(named), "{query}: {message}");
            }
        }
    }
}
