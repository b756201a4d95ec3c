//! Data mutations of sessions and personal access tokens: they end some, and make none another's or more than it was.

use std::sync::Arc;

use serde_json::{Value, json};

use super::personal_access_tokens::{program, token};
use super::set_user_roles::set_roles;
use crate::support::app::TestApp;
use crate::support::caller::{Caller, User};
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    no_session_makes_a_session_what_it_is_not,
    what_the_service_alone_knows_of_a_session_is_in_no_input,
    the_holder_of_the_admin_secret_may_say_when_a_session_ends,
    a_personal_access_token_ends_no_session,
    a_session_is_deleted_as_it_is_revoked,
);

const KEPT: &str = "{ authRefreshTokens(order_by: { id: asc }) { id userId type expiresAt sessionExpiresAt revokedAt elevatedUntil authenticationMethods allowedRoles } }";
const DELETE: &str = "mutation { deleteAuthRefreshTokens(where: {}) { affected_rows } }";

async fn administrator(app: &TestApp, name: &str) -> User {
    let user = app.user(name).await;
    set_roles(&app.admin(), user.id, &["user", "admin"], None)
        .await
        .data();
    user.sign_in_again().await
}

async fn kept(app: &TestApp) -> Value {
    app.admin().graphql(KEPT).await.data()["authRefreshTokens"].clone()
}

async fn no_session_makes_a_session_what_it_is_not(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let (jane, joe) = (administrator(&app, "jane").await, app.user("joe").await);
    let elevated = jane.elevated().await;
    let before = kept(&app).await;
    let (own, victim) = (jane.session.id, joe.id);
    for set in [
        format!("userId: \"{victim}\""),
        "type: pat".to_owned(),
        "expiresAt: \"2040-01-01\"".to_owned(),
        format!("id: \"{victim}\""),
    ] {
        let column: String = set.chars().take_while(char::is_ascii_alphanumeric).collect();
        let new = format!("id: \"{own}\", expiresAt: \"2040-01-01\"");
        let conflict =
            format!("on_conflict: {{ constraint: refresh_tokens_pkey, update_columns: [{column}] }}");
        for query in [
            format!("updateAuthRefreshToken(pk_columns: {{ id: \"{own}\" }}, _set: {{ {set} }}) {{ id }}"),
            format!(
                "updateAuthRefreshTokens(where: {{ id: {{ _eq: \"{own}\" }} }}, _set: {{ {set} }}) {{ affected_rows }}"
            ),
            format!(
                "update_authRefreshTokens_many(updates: [{{ where: {{}}, _set: {{ name: \"a\" }} }}, {{ where: {{}}, _set: {{ {set} }} }}]) {{ affected_rows }}"
            ),
            format!("insertAuthRefreshToken(object: {{ {new}, userId: \"{victim}\" }}, {conflict}) {{ id }}"),
            format!(
                "insertUser(object: {{ locale: \"en\", refreshTokens: {{ data: [{{ {new} }}], {conflict} }} }}) {{ id }}"
            ),
            format!(
                "deleteAuthRefreshToken(id: \"{victim}\") {{ id }} b: updateAuthRefreshToken(pk_columns: {{ id: \"{own}\" }}, _set: {{ {set} }}) {{ id }}"
            ),
        ] {
            for caller in [&jane, &elevated] {
                let admin = caller.with("x-hasura-role", "admin");
                let answer = admin.graphql(&format!("mutation {{ {query} }}")).await;
                assert_eq!(
                    answer.error_code(),
                    "permission-error",
                    "{query}: {}",
                    answer.text
                );
            }
        }
    }
    let admin = jane.with("x-hasura-role", "admin");
    let named = admin.graphql_with(
        "mutation ($id: uuid!) { updateAuthRefreshToken(pk_columns: { id: $id }, _set: { expiresAt: \"2040-01-01\" }) { id } }",
        json!({ "id": own }),
    );
    let named = named.await;
    let error = &named.body["errors"][0];
    assert_eq!(
        error["message"],
        "'expiresAt' of a session is written with the admin secret alone"
    );
    assert_eq!(
        error["extensions"]["path"],
        "$.selectionSet.updateAuthRefreshToken"
    );
    assert_eq!(kept(&app).await, before);
}

async fn what_the_service_alone_knows_of_a_session_is_in_no_input(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = administrator(&app, "jane").await;
    let before = kept(&app).await;
    for set in [
        "elevatedUntil: \"2040-01-01\"",
        "elevatedBy: \"totp\"",
        "elevatedAt: \"2026-01-01\"",
        "authenticationMethods: [\"mfa\"]",
        "allowedRoles: null",
        "sessionExpiresAt: \"2040-01-01\"",
        "ip: \"192.0.2.7\"",
        "lastUsedAt: \"2040-01-01\"",
        "rotatedAt: \"2040-01-01\"",
    ] {
        let query = format!(
            "mutation {{ updateAuthRefreshTokens(where: {{ id: {{ _eq: \"{}\" }} }}, _set: {{ {set} }}) {{ affected_rows }} }}",
            jane.session.id
        );
        for caller in [jane.with("x-hasura-role", "admin"), app.admin()] {
            let answer = caller.graphql(&query).await;
            assert_eq!(answer.error_code(), "validation-failed", "{set}: {}", answer.text);
        }
    }
    assert_eq!(kept(&app).await, before);
}

async fn the_holder_of_the_admin_secret_may_say_when_a_session_ends(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let query = "mutation ($id: uuid!) { updateAuthRefreshToken(pk_columns: { id: $id }, _set: { expiresAt: \"2026-03-01T08:00:00Z\" }) { expiresAt } }";
    let variables = json!({ "id": jane.session.id });
    app.admin().graphql_with(query, variables).await.data();
    let late = app.public().refresh(&jane.session.refresh_token).await;
    assert_eq!(late.error_code(), "invalid-refresh-token");
}

async fn a_personal_access_token_ends_no_session(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = administrator(&app, "jane").await;
    let (secret, id) = token(&jane, &app.public(), json!({})).await;
    let program: Caller = program(&app.public(), &secret).await;
    let before = kept(&app).await;
    let one = format!("mutation {{ deleteAuthRefreshToken(id: \"{id}\") {{ id }} }}");
    let update = format!(
        "mutation {{ updateAuthRefreshToken(pk_columns: {{ id: \"{id}\" }}, _set: {{ revokedAt: null }}) {{ id }} }}"
    );
    for (role, query) in [
        ("user", DELETE),
        ("admin", DELETE),
        ("user", &one),
        ("admin", &update),
    ] {
        let answer = program.with("x-hasura-role", role).graphql(query).await;
        assert_eq!(answer.error_code(), "forbidden-pat", "{role}: {}", answer.text);
    }
    assert_eq!(kept(&app).await, before);
    jane.graphql(DELETE).await.data();
}

async fn a_session_is_deleted_as_it_is_revoked(database: Arc<TestDatabase>) {
    let listed = [("PORTICO_ELEVATED_OPERATIONS", "revokeSession")];
    let app = TestApp::with(&database, &listed).await;
    let jane = administrator(&app, "jane").await;
    let before = kept(&app).await;
    let ended = "mutation { updateAuthRefreshTokens(where: {}, _set: { revokedAt: \"2026-03-01T09:00:00Z\" }) { affected_rows } }";
    for (role, query) in [("user", DELETE), ("admin", DELETE), ("admin", ended)] {
        let answer = jane.with("x-hasura-role", role).graphql(query).await;
        assert_eq!(
            answer.error_code(),
            "elevated-claim-required",
            "{role}: {}",
            answer.text
        );
    }
    assert_eq!(kept(&app).await, before);
    let answer = jane.elevated().await.graphql(DELETE).await;
    assert_eq!(answer.value("/deleteAuthRefreshTokens/affected_rows"), &json!(2));
}
