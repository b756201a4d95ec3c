//! A hidden name is told exactly like one that does not exist.

use std::sync::Arc;

use super::introspection::caller;
use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    hidden_and_unknown_are_told_alike,
    the_same_document_is_judged_for_each_role
);

/// A document in which NAME stands for a hidden name, and that name.
const PLACES: [(&str, &str); 13] = [
    ("{ users { NAME } }", "passwordHash"),
    ("{ users { NAME } }", "deletedAt"),
    (
        "{ users(where: { NAME: { _eq: \"x\" } }) { id } }",
        "passwordHash",
    ),
    (
        "{ users(where: { NAME: { _like: \"x%\" } }) { id } }",
        "totpSecret",
    ),
    (
        "{ users(where: { _or: [{ _not: { NAME: { _is_null: true } } }] }) { id } }",
        "ticket",
    ),
    ("{ users(where: { NAME: { _eq: true } }) { id } }", "isLocked"),
    ("{ users(order_by: { NAME: asc }) { id } }", "passwordHash"),
    (
        "{ members(where: { user: { NAME: { _eq: \"x\" } } }) { id } }",
        "otpHash",
    ),
    (
        "{ members(order_by: { user: { NAME: asc } }) { id } }",
        "currentChallenge",
    ),
    (
        "{ refreshTokens: authRefreshTokens { NAME } }",
        "refreshTokenHash",
    ),
    ("{ NAME { id } }", "authProviderRequests"),
    (
        "mutation { updateUser(pk_columns: { id: \"10000000-0000-0000-0000-000000000001\" }, _set: { NAME: \"x\" }) { id } }",
        "passwordHash",
    ),
    (
        "mutation { updateUser(pk_columns: { id: \"10000000-0000-0000-0000-000000000001\" }, _set: { displayName: \"x\" }) { NAME } }",
        "deletedBy",
    ),
];

async fn hidden_and_unknown_are_told_alike(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    for role in ["user", "me", "anonymous", "public"] {
        let caller = caller(&app, role);
        for (document, hidden) in PLACES {
            let unknown = format!("{hidden}x");
            let told = caller.graphql(&document.replace("NAME", hidden)).await;
            let of_unknown = caller.graphql(&document.replace("NAME", &unknown)).await;
            assert!(
                told.body.get("errors").is_some(),
                "{role}: {document} with {hidden}: {}",
                told.text
            );
            assert_eq!(
                told.text,
                of_unknown.text.replace(&unknown, hidden),
                "{role}: {document}"
            );
        }
    }
}

async fn the_same_document_is_judged_for_each_role(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let document = "{ users { email deletedAt } }";
    for _ in 0..2 {
        caller(&app, "admin").graphql(document).await.data();
        let answer = caller(&app, "user").graphql(document).await;
        assert_eq!(answer.error_code(), "validation-failed");
        let answer = caller(&app, "anonymous").graphql("{ users { email } }").await;
        assert_eq!(answer.error_code(), "validation-failed");
    }
}
