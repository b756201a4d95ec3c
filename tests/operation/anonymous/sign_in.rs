//! `signInAnonymous`

use std::sync::Arc;

use serde_json::json;

use super::{REQUIRED, app, nobody, sign_in};
use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    nobody_is_anonymous_unless_the_operator_allows_it,
    an_anonymous_user_has_the_role_and_little_else,
);

async fn nobody_is_anonymous_unless_the_operator_allows_it(database: Arc<TestDatabase>) {
    let closed = TestApp::new(&database).await;
    assert_eq!(sign_in(&closed, "").await.error_code(), "disabled-endpoint");
    let closed = app(&database, &[("PORTICO_SIGN_UP_DISABLED", "true")]).await;
    assert_eq!(sign_in(&closed, "").await.error_code(), "signup-disabled");
    let few = app(&database, &[("PORTICO_LIMIT_SIGN_UPS", "4")]).await;
    for code in [None, None, Some("too-many-requests")] {
        let answer = sign_in(&few, "").await;
        match code {
            Some(code) => assert_eq!(answer.error_code(), code),
            None => drop(answer.data()),
        }
    }
    for (argument, field) in [
        ("(displayName: \"\")", "displayName"),
        ("(locale: \"english\")", "locale"),
        ("(metadata: [1])", "metadata"),
    ] {
        let open = app(&database, &[]).await;
        let answer = sign_in(&open, argument).await;
        assert_eq!(answer.error_code(), "invalid-request");
        let message = answer.body["errors"][0]["message"].as_str().unwrap();
        assert!(message.starts_with(field), "{message}");
    }
}

async fn an_anonymous_user_has_the_role_and_little_else(database: Arc<TestDatabase>) {
    let app = app(&database, &[REQUIRED]).await;
    let arguments = "(displayName: \"Visitor\", locale: \"fr\", metadata: { a: 1 })";
    let answer = sign_in(&app, arguments).await;
    let user = &answer.data()["signInAnonymous"]["session"]["user"];
    assert_eq!(
        user,
        &json!({ "id": user["id"], "displayName": "Visitor", "locale": "fr", "metadata": { "a": 1 },
                 "isAnonymous": true, "defaultRole": "anonymous" })
    );
    let visitor = nobody(&app).await;
    let me = visitor.caller.graphql("{ me { displayName isAnonymous } }").await;
    assert_eq!(
        me.data()["me"],
        json!({ "displayName": "Anonymous User", "isAnonymous": true })
    );
    let update = "mutation ($id: uuid!) { updateUser(pk_columns: { id: $id }, _set: { metadata: { cart: 3 } }) { metadata } }";
    let updated = visitor
        .caller
        .graphql_with(update, json!({ "id": visitor.id }))
        .await;
    assert_eq!(updated.data()["updateUser"]["metadata"], json!({ "cart": 3 }));
    for query in [
        "{ me { email } }",
        "mutation { changeEmail(newEmail: \"a@example.org\") }",
        "mutation { changePassword(newPassword: \"a long password\") }",
    ] {
        let answer = visitor.caller.graphql(query).await;
        assert_eq!(answer.error_code(), "validation-failed", "{query}");
    }
    let as_user = visitor.caller.with("x-hasura-role", "user");
    assert!(
        as_user
            .graphql("{ me { id } }")
            .await
            .body
            .get("errors")
            .is_some()
    );
    // The session goes on like any other.
    app.public().refresh(&visitor.session.refresh_token).await.data();
}
