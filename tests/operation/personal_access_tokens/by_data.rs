//! A personal access token that ends by data is as one that ends by the operation.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{program, sign_in, token};
use crate::operation::consequences::is_signed_in;
use crate::support::app::TestApp;
use crate::support::caller::Caller;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(a_token_ends_alike);

/// By an administrator, and by the user.
const WAYS: [(bool, &str); 4] = [
    (
        true,
        "updateAuthRefreshToken(pk_columns: { id: $id }, _set: { revokedAt: \"2026-03-01T09:00:00Z\" }) { id }",
    ),
    (
        true,
        "updateAuthRefreshTokens(where: { id: { _eq: $id } }, _set: { revokedAt: \"2026-03-01T09:00:00Z\" }) { affected_rows }",
    ),
    (true, "deleteAuthRefreshToken(id: $id) { id }"),
    (false, "revokeSession(id: $id)"),
];

async fn a_token_ends_alike(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &[("PORTICO_LIMIT_SIGN_INS", "10000")]).await;
    for (number, (by_admin, field)) in WAYS.into_iter().enumerate() {
        let ada = app.user(&format!("ada{number}")).await;
        let (secret, id) = token(&ada, &app.public(), json!({ "name": "ci" })).await;
        let using = program(&app.public(), &secret).await;
        using.graphql("{ me { id } }").await.data();
        let caller: Caller = if by_admin { app.admin() } else { (*ada).clone() };
        let query = format!("mutation ($id: uuid!) {{ {field} }}");
        caller.graphql_with(&query, json!({ "id": id })).await.data();
        let late = sign_in(&app.public(), &secret).await;
        assert_eq!(late.error_code(), "invalid-pat", "{field}: {}", late.text);
        assert!(is_signed_in(&ada).await, "{field}");
        let audit = "query ($id: uuid!) { auditEvents(where: { userId: { _eq: $id }, action: { _nlike: \"sign%\" } }, order_by: { createdAt: desc }, limit: 1) { action outcome } }";
        let told = app.admin().graphql_with(audit, json!({ "id": ada.id })).await;
        let name: String = field.chars().take_while(char::is_ascii_alphanumeric).collect();
        let expected: Value = json!([{ "action": name, "outcome": "success" }]);
        assert_eq!(told.value("/auditEvents"), &expected);
    }
}
