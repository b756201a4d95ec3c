//! `elevatePassword`, `changePassword`, and what needs the one

use std::sync::Arc;

use serde_json::json;

use crate::support::app::TestApp;
use crate::support::caller::{Caller, User};
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    a_changed_password_ends_the_other_sessions,
    a_listed_operation_needs_an_elevated_session,
    what_proves_a_user_is_written_in_an_elevated_session_only,
    whoever_is_not_signed_in_has_neither,
);

/// The same user with the token of an elevation.
async fn elevated(user: &User, caller: &Caller) -> Caller {
    let query = "mutation ($password: String!) { elevatePassword(password: $password) { accessToken refreshToken refreshTokenId user { id } } }";
    let answer = user
        .graphql_with(query, json!({ "password": user.password }))
        .await;
    let session = answer.value("/elevatePassword");
    assert_eq!(session["refreshToken"], json!(null));
    assert_eq!(session["refreshTokenId"], json!(user.session.id));
    assert_eq!(session["user"]["id"], json!(user.id));
    caller.bearer(session["accessToken"].as_str().unwrap())
}

async fn a_changed_password_ends_the_other_sessions(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let elsewhere = jane.sign_in_again().await;
    let query = "mutation ($current: String, $new: String!) { changePassword(currentPassword: $current, newPassword: $new) }";
    let change = async |current: Option<&str>, new: &str| {
        jane.graphql_with(query, json!({ "current": current, "new": new }))
            .await
    };
    let next = "an entirely new password";
    for (current, new, code) in [
        (Some("a wrong password"), next, "invalid-password"),
        (None, next, "elevated-claim-required"),
        (Some(jane.password.as_str()), "short", "password-too-short"),
        (Some(jane.password.as_str()), "Password1", "password-too-common"),
        (
            Some(jane.password.as_str()),
            "jane1234567",
            "password-too-similar",
        ),
        (
            Some(jane.password.as_str()),
            jane.password.as_str(),
            "password-used-before",
        ),
    ] {
        assert_eq!(change(current, new).await.error_code(), code, "{new}");
    }
    // Who knows the password guesses nothing, however often the new one is refused.
    for _ in 0..12 {
        let refused = change(Some(&jane.password), "Password1").await;
        assert_eq!(refused.error_code(), "password-too-common");
    }
    elsewhere.graphql("{ me { id } }").await.data();
    assert_eq!(
        change(Some(&jane.password), next).await.data()["changePassword"],
        json!(true)
    );
    jane.graphql("{ me { id } }").await.data();
    let ended = elsewhere.graphql("{ me { id } }").await;
    assert_eq!(ended.error_code(), "invalid-jwt");
    app.public().sign_in(&jane.email, next).await.data();
}

async fn a_listed_operation_needs_an_elevated_session(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &[("PORTICO_ELEVATED_OPERATIONS", "revokeSession")]).await;
    let jane = app.user("jane").await;
    let elsewhere = jane.sign_in_again().await;
    let query = "mutation ($id: uuid!) { revokeSession(id: $id) }";
    let id = json!({ "id": elsewhere.session.id });
    let answer = jane.graphql_with(query, id.clone()).await;
    assert_eq!(answer.error_code(), "elevated-claim-required");
    elsewhere.graphql("{ me { id } }").await.data();
    let proved = elevated(&jane, &app.public()).await;
    proved.graphql_with(query, id).await.data();
    assert_eq!(
        elsewhere.graphql("{ me { id } }").await.error_code(),
        "invalid-jwt"
    );
}

async fn what_proves_a_user_is_written_in_an_elevated_session_only(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let (jane, joe) = (app.user("jane").await, app.user("joe").await);
    let grant =
        "mutation ($id: uuid!) { insertAuthUserRole(object: { userId: $id, role: \"admin\" }) { id } }";
    app.admin()
        .graphql_with(grant, json!({ "id": jane.id }))
        .await
        .data();
    let jane = jane.sign_in_again().await;
    let plain = (*jane).with("x-hasura-role", "admin");
    let proved = elevated(&jane, &app.public())
        .await
        .with("x-hasura-role", "admin");
    let email = "mutation ($id: uuid!, $email: citext!) { updateUser(pk_columns: { id: $id }, _set: { email: $email }) { email } }";
    let roles = "mutation ($id: uuid!) { deleteAuthUserRoles(where: { userId: { _eq: $id }, role: { _eq: \"me\" } }) { affected_rows } }";
    let email = (email, json!({ "id": joe.id, "email": "joe@example.com" }));
    // Twice: the second time the plan is at hand.
    for (query, variables) in [&email, &email, &(roles, json!({ "id": joe.id }))] {
        let answer = plain.graphql_with(query, variables.clone()).await;
        assert_eq!(answer.error_code(), "elevated-claim-required", "{query}");
    }
    let name = "mutation ($id: uuid!) { updateUser(pk_columns: { id: $id }, _set: { displayName: \"Joe\" }) { displayName email } }";
    let answer = plain.graphql_with(name, json!({ "id": joe.id })).await;
    assert_eq!(
        answer.data()["updateUser"],
        json!({ "displayName": "Joe", "email": joe.email })
    );
    for caller in [proved, app.admin()] {
        let answer = caller.graphql_with(email.0, email.1.clone()).await;
        assert_eq!(answer.data()["updateUser"]["email"], json!("joe@example.com"));
    }
}

async fn whoever_is_not_signed_in_has_neither(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    for query in [
        "mutation { elevatePassword(password: \"a long password\") { accessToken } }",
        "mutation { changePassword(newPassword: \"a long password\") }",
    ] {
        assert_eq!(
            app.public().graphql(query).await.error_code(),
            "validation-failed"
        );
        assert_eq!(app.admin().graphql(query).await.error_code(), "unauthenticated");
    }
}
