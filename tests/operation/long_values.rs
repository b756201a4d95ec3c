//! Users keep no more than 65,536 bytes of JSON about themselves, and 4,096 of any other text; administrators may keep
//! more about them.

use std::sync::Arc;

use serde_json::json;

use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    sign_ups_are_held_to_it,
    data_mutations_of_users_are_held_to_it,
    texts_of_users_have_an_end,
    what_rows_are_compared_with_may_be_longer,
);

async fn sign_ups_are_held_to_it(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let sign_up = "mutation ($email: citext!, $metadata: jsonb) { signUpEmailPassword(email: $email, \
                   password: \"a long enough password\", options: { metadata: $metadata }) { session { user { id } } } }";
    for (email, length, fits) in [
        ("jane@example.org", 60_000, true),
        ("june@example.org", 66_000, false),
    ] {
        let metadata = json!({ "note": "x".repeat(length) });
        let variables = json!({ "email": email, "metadata": metadata });
        let answer = app.public().graphql_with(sign_up, variables).await;
        match fits {
            true => assert!(answer.value("/signUpEmailPassword/session").is_object()),
            false => {
                assert_eq!(answer.error_code(), "invalid-request");
                assert!(
                    answer.text.contains("metadata must have 65536 bytes"),
                    "{}",
                    answer.text
                );
            }
        }
    }
    let by_admin = "mutation ($metadata: jsonb) { createUser(email: \"joan@example.org\", options: { metadata: $metadata }) { id } }";
    let variables = json!({ "metadata": { "note": "x".repeat(66_000) } });
    app.admin().graphql_with(by_admin, variables).await.data();
}

async fn data_mutations_of_users_are_held_to_it(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let by_key = |operator: &str| {
        format!(
            "mutation ($metadata: jsonb) {{ updateUser(pk_columns: {{ id: \"{}\" }}, {operator}: {{ metadata: $metadata }}) {{ id }} }}",
            jane.id
        )
    };
    let many = "mutation ($metadata: jsonb) { updateUsers(where: {}, _append: { metadata: $metadata }) { affected_rows } }";
    let half = |key: &str| json!({ "metadata": { key: "x".repeat(40_000) } });
    let long = json!({ "metadata": { "note": "x".repeat(66_000) } });
    jane.graphql_with(&by_key("_set"), half("a")).await.data();
    // Again takes the place of the same.
    jane.graphql_with(&by_key("_append"), half("a")).await.data();
    for (document, variables) in [
        (by_key("_set"), &long),
        (by_key("_append"), &half("b")),
        (by_key("_prepend"), &half("b")),
        (many.to_owned(), &half("b")),
    ] {
        let answer = jane.graphql_with(&document, variables.clone()).await;
        assert_eq!(answer.error_code(), "data-exception", "{document}");
        assert!(answer.text.contains("65536"), "{}", answer.text);
    }
    let kept = jane.graphql("{ users { metadata(path: \"b\") } }").await;
    assert_eq!(kept.values("metadata"), [json!(null)]);
    app.admin().graphql_with(&by_key("_set"), long).await.data();
    // What is longer already keeps nobody from other changes.
    let rename = format!(
        "mutation {{ updateUser(pk_columns: {{ id: \"{}\" }}, _set: {{ displayName: \"J\" }}, _delete_key: {{ metadata: \"a\" }}) {{ id }} }}",
        jane.id
    );
    jane.graphql(&rename).await.data();
}

async fn texts_of_users_have_an_end(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let by_key = format!(
        "mutation ($name: String!) {{ updateUser(pk_columns: {{ id: \"{}\" }}, _set: {{ displayName: $name }}) {{ id }} }}",
        jane.id
    );
    let many = "mutation ($name: String!) { updateUsers(where: {}, _set: { displayName: $name }) { affected_rows } }";
    let contact = "mutation ($name: String!) { updateContacts(where: {}, _set: { firstName: $name }) { affected_rows } }";
    let (short, long) = (
        json!({ "name": "x".repeat(4_096) }),
        json!({ "name": "x".repeat(4_097) }),
    );
    for document in [&by_key, many, contact] {
        jane.graphql_with(document, short.clone()).await.data();
        let answer = jane.graphql_with(document, long.clone()).await;
        assert_eq!(answer.error_code(), "data-exception", "{document}");
        assert!(answer.text.contains("4096 bytes at most"), "{}", answer.text);
    }
    app.admin().graphql_with(&by_key, long).await.data();
}

async fn what_rows_are_compared_with_may_be_longer(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let (text, json) = ("x".repeat(5_000), json!({ "note": "x".repeat(66_000) }));
    for (condition, kind, value) in [
        ("displayName: { _neq: $value }", "String!", json!(text)),
        ("displayName: { _nin: [$value] }", "String!", json!(text)),
        ("_not: { metadata: { _contains: $value } }", "jsonb!", json),
    ] {
        let change = format!(
            "mutation ($value: {kind}) {{ updateUsers(where: {{ {condition} }}, _set: {{ locale: \"de\" }}) {{ affected_rows }} }}"
        );
        let answer = jane.graphql_with(&change, json!({ "value": value })).await;
        assert_eq!(
            answer.value("/updateUsers/affected_rows"),
            &json!(1),
            "{condition}"
        );
    }
    let kept = "mutation ($value: String!) { updateUsers(where: { displayName: { _neq: $value } }, \
                _set: { displayName: $value }) { affected_rows } }";
    let answer = jane.graphql_with(kept, json!({ "value": text })).await;
    assert_eq!(answer.error_code(), "data-exception");
}
