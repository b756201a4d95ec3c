//! What the owner of an account is told: enough of each kind, and never without end.

use std::sync::Arc;

use chrono::TimeDelta;
use portico_auth::Clock;
use serde_json::json;

use super::second_factor::{elevated, enrol};
use crate::support::app::TestApp;
use crate::support::caller::Caller;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::mailbox::ask;

on_both_databases!(
    an_address_gets_so_many_notices_of_a_kind,
    nobody_uses_up_what_the_owner_is_told_by,
);

/// How many mails with these words in their subject went to an address.
async fn mails(app: &TestApp, email: &str, subject: &str) -> usize {
    let list = app.public().get("/dev/outbox.json").await;
    let mails = list.body.as_array().unwrap().iter();
    mails
        .filter(|mail| mail["to"] == email && mail["subject"].as_str().unwrap().contains(subject))
        .count()
}

async fn renew(caller: &Caller) {
    let answer = caller.graphql("mutation { regenerateRecoveryCodes }").await;
    assert_eq!(
        answer.value("/regenerateRecoveryCodes").as_array().unwrap().len(),
        10
    );
}

async fn an_address_gets_so_many_notices_of_a_kind(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &[("PORTICO_LIMIT_MAILS", "3")]).await;
    let jane = enrol(&app, "jane").await;
    let proved = elevated(&app, &jane.user, &jane.authenticator).await;
    for _ in 0..6 {
        renew(&proved).await;
    }
    let factors = async || mails(&app, &jane.user.email, "second factors").await;
    assert_eq!(factors().await, 3);
    // One of another kind is told of, and one of another user.
    let expires_at = (app.clock.now() + TimeDelta::days(1)).to_rfc3339();
    let create = "mutation ($at: timestamptz!) { createPat(expiresAt: $at) { id } }";
    proved
        .graphql_with(create, json!({ "at": expires_at }))
        .await
        .data();
    assert_eq!(mails(&app, &jane.user.email, "access token").await, 1);
    let john = enrol(&app, "john").await;
    assert_eq!(mails(&app, &john.user.email, "second factors").await, 1);
    app.clock.advance(3_600);
    let refreshed = app.public().refresh(&jane.user.session.refresh_token).await;
    let session = app
        .public()
        .bearer(&refreshed.string("/refreshToken/accessToken"));
    renew(&elevated(&app, &session, &jane.authenticator).await).await;
    assert_eq!(factors().await, 4);
}

async fn nobody_uses_up_what_the_owner_is_told_by(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &[("PORTICO_LIMIT_MAILS", "3")]).await;
    let jane = app.user("jane").await;
    for _ in 0..3 {
        ask(&app, "signInOtpEmail", &jane.email).await;
    }
    let query = "mutation ($password: String!) { changePassword(currentPassword: $password, newPassword: \"an entirely new password\") }";
    jane.graphql_with(query, json!({ "password": jane.password }))
        .await
        .data();
    assert_eq!(mails(&app, &jane.email, "password was changed").await, 1);
}
