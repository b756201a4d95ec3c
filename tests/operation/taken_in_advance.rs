//! An address that somebody signed up with whose it is not: its owner comes later, and is not kept out by what they left.

use std::sync::Arc;

use serde_json::json;

use super::second_factor::enrol;
use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::mailbox::{ask, code, enter, mail, run, ticket};

on_both_databases!(
    whoever_reads_the_mail_is_not_asked_for_the_factor_of_another,
    whoever_reads_the_mail_is_told_that_the_password_is_gone,
);

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

/// Whoever set it may be the owner, too, who never confirmed the address.
async fn whoever_reads_the_mail_is_told_that_the_password_is_gone(database: Arc<TestDatabase>) {
    // Of all passwords the present one alone may not be set again.
    let app = TestApp::with(&database, &[("PORTICO_PASSWORD_HISTORY", "1")]).await;
    let notices = async || {
        let outbox = app.public().get("/dev/outbox.json").await;
        let mails = outbox.body.as_array().unwrap().iter();
        let told = mails.filter(|mail| mail["template"] == "password-removed");
        told.map(|mail| mail["to"].clone()).collect::<Vec<_>>()
    };
    let enter_by_mail = async |email: &str| {
        ask(&app, "signInOtpEmail", email).await;
        let code = code(&mail(&app, email).await);
        app.clock.advance(1);
        enter(&app, email, &code).await.data();
    };
    let bob = app.user("bob").await;
    enter_by_mail(&bob.email).await;
    assert_eq!(notices().await, [json!(bob.email)]);
    let with_password = app.public().sign_in(&bob.email, &bob.password).await;
    assert_eq!(with_password.error_code(), "invalid-email-password");
    ask(&app, "sendPasswordResetEmail", &bob.email).await;
    let reset = ticket(&mail(&app, &bob.email).await);
    for (password, refusal) in [
        (bob.password.as_str(), Some("password-used-before")),
        ("a wholly new phrase", None),
    ] {
        let arguments = [("ticket", reset.as_str()), ("newPassword", password)];
        let answer = run(&app.public(), "resetPassword", &arguments, "").await;
        let told = answer.body.pointer("/errors/0/extensions/code");
        assert_eq!(told.and_then(|code| code.as_str()), refusal, "{}", answer.text);
    }
    // The address is confirmed by now: the password stays. Who never had one is told nothing either.
    enter_by_mail(&bob.email).await;
    app.public()
        .sign_in(&bob.email, "a wholly new phrase")
        .await
        .data();
    let create = "mutation { createUser(email: \"ada@example.org\") { id } }";
    app.admin().graphql(create).await.data();
    enter_by_mail("ada@example.org").await;
    assert_eq!(notices().await, [json!(bob.email)]);
}
