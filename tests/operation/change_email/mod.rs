//! `changeEmail`, `undoEmailChange`

mod asking;
mod by_data;
mod confirm;
mod unconfirmed;
mod undo;

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::caller::Caller;
use crate::support::database::TestDatabase;
use crate::support::mailbox::{confirm, mail, run, ticket};

const LIMITS: [(&str, &str); 4] = [
    ("PORTICO_LIMIT_SIGN_INS", "10000"),
    ("PORTICO_LIMIT_MAIL_REQUESTS", "10000"),
    ("PORTICO_LIMIT_MAILS", "1000"),
    ("PORTICO_CLIENT_URL", "https://app.example.org"),
];

async fn app(database: &Arc<TestDatabase>) -> TestApp {
    TestApp::with(database, &LIMITS).await
}

async fn change(app: &TestApp, caller: &Caller, email: &str) -> Answer {
    // The newest mail can be told by its time only.
    app.clock.advance(1);
    run(caller, "changeEmail", &[("newEmail", email)], "").await
}

async fn undo(app: &TestApp, ticket: &str) -> Answer {
    run(&app.public(), "undoEmailChange", &[("ticket", ticket)], "").await
}

async fn me(caller: &Caller) -> Value {
    let answer = caller.graphql("{ me { email emailVerified newEmail } }").await;
    answer.data()["me"].clone()
}

/// Changes a confirmed address and returns what was mailed to the former one.
async fn changed(app: &TestApp, caller: &Caller, from: &str, to: &str) -> Value {
    let confirmed = "mutation ($email: citext!) { updateUsers(where: { email: { _eq: $email }, \
                     emailVerified: { _eq: false } }, _set: { emailVerified: true }) { affected_rows } }";
    let email = json!({ "email": from });
    app.admin().graphql_with(confirmed, email).await.data();
    assert_eq!(change(app, caller, to).await.data()["changeEmail"], true);
    confirm(app, &ticket(&mail(app, to).await)).await.data();
    let told = mail(app, from).await;
    assert_eq!(told["template"], "email-changed");
    told
}

#[track_caller]
fn refused(answer: &Answer) {
    assert_eq!(answer.error_code(), "invalid-ticket", "{}", answer.text);
}
