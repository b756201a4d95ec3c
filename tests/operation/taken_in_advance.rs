//! An address that somebody signed up with whose it is not: its owner comes later, and is not kept out by what they left.

use std::sync::Arc;

use serde_json::json;

use super::second_factor::enrol;
use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::mailbox::{ask, code, enter, mail};

on_both_databases!(whoever_reads_the_mail_is_not_asked_for_the_factor_of_another);

async fn whoever_reads_the_mail_is_not_asked_for_the_factor_of_another(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &[]).await;
    let mallory = enrol(&app, "jane").await;
    ask(&app, "signInOtpEmail", "jane@example.org").await;
    let code = code(&mail(&app, "jane@example.org").await);
    let entered = enter(&app, "jane@example.org", &code).await;
    let token = entered.string("/verifySignInOtpEmail/session/accessToken");
    let factors = app
        .public()
        .bearer(&token)
        .graphql("{ myFactors { totp recoveryCodesLeft } }")
        .await;
    assert_eq!(
        factors.data()["myFactors"],
        json!({ "totp": false, "recoveryCodesLeft": 0 })
    );
    let subjects = app.public().get("/dev/outbox.json").await.text;
    assert!(subjects.contains("second factors were changed"), "{subjects}");
    assert_eq!(
        mallory.user.graphql("{ me { id } }").await.error_code(),
        "invalid-jwt"
    );
}
