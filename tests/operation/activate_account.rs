//! `activateAccount`, `resendActivationCode`, and new users whom an administrator lets in

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::mailbox::{VERIFIER, ask, confirm, enter, exchange, mail, press, run, ticket};

on_both_databases!(
    a_new_account_is_activated_by_a_code,
    a_new_account_is_activated_by_a_link,
    a_code_has_as_many_digits_as_are_configured,
    a_code_ends_by_guesses_by_a_newer_one_and_in_time,
    of_fifty_who_activate_one_does,
    new_and_taken_addresses_look_alike,
    whoever_proved_the_address_needs_no_code,
    an_administrator_lets_new_users_in,
);

const REQUIRED: [(&str, &str); 5] = [
    ("PORTICO_ACTIVATION_REQUIRED", "true"),
    ("PORTICO_LIMIT_SIGN_INS", "10000"),
    ("PORTICO_LIMIT_MAIL_REQUESTS", "10000"),
    ("PORTICO_LIMIT_FAILURES", "10000"),
    ("PORTICO_CLIENT_URL", "https://app.example.org"),
];
const EMAIL: &str = "jane@example.org";
const PASSWORD: &str = "jane likes long passwords";

async fn app(database: &Arc<TestDatabase>) -> TestApp {
    TestApp::with(database, &REQUIRED).await
}

async fn sign_up(app: &TestApp, email: &str) {
    let answer = app.public().sign_up(email, PASSWORD).await;
    assert_eq!(answer.data()["signUpEmailPassword"], json!({ "session": null }));
}

async fn activate(app: &TestApp, email: &str, code: &str) -> Answer {
    let arguments = [("email", email), ("code", code)];
    run(&app.public(), "activateAccount", &arguments, "").await
}

/// The code at the head of the subject.
fn code(mail: &Value) -> String {
    assert_eq!(mail["template"], "account-activate");
    let subject = mail["subject"].as_str().unwrap();
    subject.split(' ').next().unwrap().to_owned()
}

fn other(code: &str) -> String {
    let (other, width) = (code.parse::<u32>().unwrap() + 1, code.len());
    format!("{:0width$}", other % 10_u32.pow(width as u32))
}

async fn row(app: &TestApp) -> Value {
    let query = "{ users { email emailVerified active activatedAt activationCodeExpiresAt \
                 passcodeResendLastAttempt passcodeResendAttemptNumber } }";
    app.admin().graphql(query).await.data()["users"][0].clone()
}

#[track_caller]
fn refused(answer: &Answer) {
    assert_eq!(answer.error_code(), "invalid-ticket", "{}", answer.text);
}

async fn a_new_account_is_activated_by_a_code(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    sign_up(&app, "Jane@Example.org").await;
    let waiting = row(&app).await;
    assert_eq!(
        (
            &waiting["active"],
            &waiting["activatedAt"],
            &waiting["emailVerified"]
        ),
        (&json!(false), &Value::Null, &json!(false))
    );
    assert!(waiting["activationCodeExpiresAt"].is_string());
    let answer = app.public().sign_in(EMAIL, PASSWORD).await;
    assert_eq!(answer.error_code(), "inactive-user");
    let wrong = app.public().sign_in(EMAIL, "not the password").await;
    assert_eq!(wrong.error_code(), "invalid-email-password");

    ask(&app, "resendActivationCode", EMAIL).await;
    let counted = row(&app).await;
    assert_eq!(counted["passcodeResendAttemptNumber"], 1);
    assert!(counted["passcodeResendLastAttempt"].is_string());
    let code = code(&mail(&app, EMAIL).await);
    refused(&activate(&app, "john@example.org", &code).await);
    assert_eq!(
        activate(&app, " JANE@example.org", &code).await.data()["activateAccount"],
        true
    );
    refused(&activate(&app, EMAIL, &code).await);
    let usable = row(&app).await;
    assert_eq!(
        (
            &usable["active"],
            &usable["emailVerified"],
            &usable["passcodeResendAttemptNumber"]
        ),
        (&json!(true), &json!(true), &json!(0))
    );
    assert!(usable["activatedAt"].is_string() && usable["activationCodeExpiresAt"].is_null());
    app.public().sign_in(EMAIL, PASSWORD).await.data();
    // Whoever is active is sent nothing more.
    let latest = mail(&app, EMAIL).await["id"].clone();
    ask(&app, "resendActivationCode", EMAIL).await;
    assert_eq!(mail(&app, EMAIL).await["id"], latest);
}

async fn a_new_account_is_activated_by_a_link(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    sign_up(&app, EMAIL).await;
    let mailed = mail(&app, EMAIL).await;
    let link = mailed["link"].as_str().unwrap();
    let page = app.public().get(&link[link.find("/v1/verify").unwrap()..]).await;
    assert!(page.text.contains("Activate your account"), "{}", page.text);
    assert_eq!(row(&app).await["active"], false);
    assert_eq!(press(&app, &mailed, "").await.status, 303);
    app.public().sign_in(EMAIL, PASSWORD).await.data();
}

async fn a_code_has_as_many_digits_as_are_configured(database: Arc<TestDatabase>) {
    for digits in ["4", "8"] {
        let variables = [REQUIRED.as_slice(), &[("PORTICO_ACTIVATION_DIGITS", digits)]].concat();
        let app = TestApp::with(&database, &variables).await;
        let email = format!("jane{digits}@example.org");
        sign_up(&app, &email).await;
        let code = code(&mail(&app, &email).await);
        assert_eq!(code.len().to_string(), digits);
        activate(&app, &email, &code).await.data();
        database.finish().await;
    }
}

async fn a_code_ends_by_guesses_by_a_newer_one_and_in_time(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    sign_up(&app, EMAIL).await;
    let first = mail(&app, EMAIL).await;
    let number = code(&first);
    // What it is not for.
    refused(&enter(&app, EMAIL, &number).await);
    refused(&exchange(&app, &ticket(&first), VERIFIER).await);
    let reset = [
        ("ticket", ticket(&first)),
        ("newPassword", "a wholly new phrase".to_owned()),
    ];
    let reset = reset.each_ref().map(|(name, value)| (*name, value.as_str()));
    refused(&run(&app.public(), "resetPassword", &reset, "").await);
    for text in ["", "x", &"9".repeat(4_000)] {
        refused(&activate(&app, EMAIL, text).await);
    }
    // Too long a text is no guess.
    for _ in 0..3 {
        refused(&activate(&app, EMAIL, &other(&number)).await);
    }
    refused(&activate(&app, EMAIL, &number).await);
    // Guesses end the code, not the link, and a newer mail ends both.
    ask(&app, "resendActivationCode", EMAIL).await;
    let second = mail(&app, EMAIL).await;
    refused(&confirm(&app, &ticket(&first)).await);
    app.clock.advance(24 * 3_600);
    refused(&activate(&app, EMAIL, &code(&second)).await);
    refused(&confirm(&app, &ticket(&second)).await);
    ask(&app, "resendActivationCode", EMAIL).await;
    let third = mail(&app, EMAIL).await;
    activate(&app, EMAIL, &code(&third)).await.data();
    refused(&confirm(&app, &ticket(&third)).await);
}

async fn of_fifty_who_activate_one_does(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    sign_up(&app, EMAIL).await;
    let mailed = mail(&app, EMAIL).await;
    let (code, ticket) = (code(&mailed), ticket(&mailed));
    let (by_code, by_link) = tokio::join!(
        join_all((0..4).map(|_| activate(&app, EMAIL, &code))),
        join_all((0..46).map(|_| confirm(&app, &ticket))),
    );
    let answers = by_code.iter().chain(&by_link);
    let (won, lost): (Vec<_>, Vec<_>) = answers.partition(|answer| answer.body.get("errors").is_none());
    assert_eq!(won.len(), 1);
    lost.into_iter().for_each(refused);
}

async fn new_and_taken_addresses_look_alike(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    sign_up(&app, EMAIL).await;
    sign_up(&app, EMAIL).await;
    let list = app.public().get("/dev/outbox.json").await;
    let templates: Vec<_> = list
        .body
        .as_array()
        .unwrap()
        .iter()
        .map(|mail| &mail["template"])
        .collect();
    assert!(templates.contains(&&json!("email-taken")), "{templates:?}");
    let mut seen = Vec::new();
    for email in [EMAIL, "nobody@example.org"] {
        let asked = run(&app.public(), "resendActivationCode", &[("email", email)], "").await;
        let tried = activate(&app, email, "000000").await;
        seen.push((asked.status, asked.text, tried.status, tried.text));
    }
    assert_eq!(seen[0], seen[1]);
    let config = app
        .public()
        .graphql("{ authConfig { activationRequired } }")
        .await;
    assert_eq!(config.data()["authConfig"]["activationRequired"], true);
}

async fn whoever_proved_the_address_needs_no_code(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    ask(&app, "signInPasswordlessEmail", EMAIL).await;
    confirm(&app, &ticket(&mail(&app, EMAIL).await)).await.data();
    assert_eq!(row(&app).await["active"], true);
    let query = "mutation { signUpUsernamePassword(username: \"joe\", password: \"a long password\") { session { accessToken } } }";
    // Nobody can be mailed: an administrator activates the account.
    let answer = app.public().graphql(query).await;
    assert_eq!(
        answer.data()["signUpUsernamePassword"],
        json!({ "session": null })
    );
    let activate = "mutation { updateUsers(where: { username: { _eq: \"joe\" } }, _set: { activatedAt: \"2026-03-01T09:00:00Z\" }) { affected_rows } }";
    app.admin().graphql(activate).await.data();
    let sign_in = "mutation { signInUsernamePassword(username: \"joe\", password: \"a long password\") { session { accessToken } } }";
    let answer = app.public().graphql(sign_in).await;
    assert!(answer.data()["signInUsernamePassword"]["session"].is_object());
}

async fn an_administrator_lets_new_users_in(database: Arc<TestDatabase>) {
    let variables = [
        ("PORTICO_NEW_USERS_DISABLED", "true"),
        ("PORTICO_ANONYMOUS_USERS", "true"),
    ];
    let app = TestApp::with(&database, &variables).await;
    sign_up(&app, EMAIL).await;
    ask(&app, "signInPasswordlessEmail", "john@example.org").await;
    let mailed = confirm(&app, &ticket(&mail(&app, "john@example.org").await)).await;
    assert_eq!(mailed.data()["confirmTicket"], json!({ "session": null }));
    let visitor = app
        .public()
        .graphql("mutation { signInAnonymous { session { accessToken } } }")
        .await;
    let visitor = app
        .public()
        .bearer(&visitor.string("/signInAnonymous/session/accessToken"));
    let arguments = [
        ("email", "ada@example.org"),
        ("signInMethod", "email-password"),
        ("password", PASSWORD),
    ];
    let answer = run(&visitor, "deanonymize", &arguments, "{ session { accessToken } }").await;
    assert_eq!(answer.data()["deanonymize"], json!({ "session": null }));
    assert_eq!(visitor.graphql("{ me { id } }").await.error_code(), "invalid-jwt");
    let users = app
        .admin()
        .graphql("{ users(order_by: { email: asc }) { id email disabled } }")
        .await;
    let users = users.data()["users"].as_array().unwrap().clone();
    assert_eq!(users.len(), 3);
    assert!(users.iter().all(|user| user["disabled"] == true), "{users:?}");
    for email in [EMAIL, "ada@example.org"] {
        let answer = app.public().sign_in(email, PASSWORD).await;
        assert_eq!(answer.error_code(), "disabled-user");
    }
    for user in users {
        let enable = "mutation ($id: uuid!) { enableUser(id: $id) }";
        app.admin()
            .graphql_with(enable, json!({ "id": user["id"] }))
            .await
            .data();
    }
    for email in [EMAIL, "ada@example.org"] {
        app.public().sign_in(email, PASSWORD).await.data();
    }
}
