//! Nothing of the audit goes away again: nobody fills it.

use std::fmt::Write;
use std::sync::Arc;

use serde_json::{Value, json};

use super::personal_access_tokens::{program, token};
use crate::support::app::TestApp;
use crate::support::caller::Caller;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    of_a_flood_no_more_is_written_than_is_counted,
    who_may_not_run_an_operation_is_written_down,
);

/// Refusals of one caller within a minute, by the default limits.
const MOST: usize = 80;

async fn refused(app: &TestApp, action: &str) -> Vec<Value> {
    let query = "query ($action: String!) { auditEvents(where: { outcome: { _eq: \"refused\" }, action: { _like: $action } }) { action code userId } }";
    let answer = app.admin().graphql_with(query, json!({ "action": action })).await;
    answer.value("/auditEvents").as_array().unwrap().clone()
}

/// The same field a hundred times, refused each time.
async fn flood(caller: &Caller, field: &str) {
    let mut query = "mutation {".to_owned();
    for number in 0..100 {
        let _ = write!(query, " a{number}: {field}");
    }
    let answer = caller.graphql(&(query + " }")).await;
    assert!(
        answer.body["errors"]
            .as_array()
            .is_some_and(|errors| !errors.is_empty()),
        "{field}: {}",
        answer.text
    );
}

async fn of_a_flood_no_more_is_written_than_is_counted(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let public = app.public();
    let nobody = "0190d1e0-0000-7000-8000-000000000000";
    let long = "1".repeat(129);
    let counted = [
        "signInAnonymous { session { accessToken } }".to_owned(),
        "confirmTicket(ticket: \"no\") { session { accessToken } }".to_owned(),
        "activateAccount(email: \"ada@example.org\", code: \"1\")".to_owned(),
        "resetPassword(ticket: \"no\", newPassword: \"an entirely new one\")".to_owned(),
        "undoEmailChange(ticket: \"no\")".to_owned(),
        format!(
            "exchangeCode(code: \"no\", codeVerifier: \"{}\") {{ session {{ accessToken }} }}",
            "a".repeat(43)
        ),
        "verifySignInMfaTotp(ticket: \"no\", code: \"123456\") { session { accessToken } }".to_owned(),
        format!("revokeSession(id: \"{nobody}\")"),
    ];
    for field in &counted {
        for _ in 0..2 {
            flood(&jane, field).await;
        }
    }
    for _ in 0..40 {
        let _ = public
            .request(reqwest::Method::POST, "/v1/verify")
            .body("ticket=no")
            .send()
            .await
            .unwrap();
    }
    let written = refused(&app, "%").await;
    // Twenty sign-ups less that of jane, and thirty of everything else.
    assert_eq!(written.len(), 49, "{written:?}");
    assert!(written.iter().all(|event| event["code"] != "too-many-requests"));
    // What is not counted either is written as long as it is seldom.
    for _ in 0..2 {
        flood(&public, &format!("undoEmailChange(ticket: \"{long}\")")).await;
    }
    assert_eq!(refused(&app, "%").await.len(), MOST);
    app.clock.advance(61);
    let last = public
        .graphql("mutation { undoEmailChange(ticket: \"no\") }")
        .await;
    assert_eq!(last.error_code(), "invalid-ticket");
    assert_eq!(refused(&app, "%").await.len(), MOST + 1);
}

async fn who_may_not_run_an_operation_is_written_down(database: Arc<TestDatabase>) {
    let listed = [("PORTICO_ELEVATED_OPERATIONS", "revokeSession,signOutOthers")];
    let app = TestApp::with(&database, &listed).await;
    let jane = app.user("jane").await;
    let (secret, _) = token(&jane, &app.public(), json!({})).await;
    let program = program(&app.public(), &secret).await;
    jane.graphql("mutation { signOutOthers }").await;
    program.graphql("mutation { signOutOthers }").await;
    let mut written = refused(&app, "signOutOthers").await;
    written.sort_by_key(|event| event["code"].to_string());
    let told = |code| json!({ "action": "signOutOthers", "code": code, "userId": jane.id });
    assert_eq!(written, [told("elevated-claim-required"), told("forbidden-pat")]);
    flood(&program, "signOutOthers").await;
    assert_eq!(refused(&app, "%").await.len(), MOST);
}
