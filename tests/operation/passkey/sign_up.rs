//! A new user with a passkey and no password.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{ORIGIN, app, app_with, sign_in, sign_in_options};
use crate::support::answer::Answer;
use crate::support::authenticator::Authenticator;
use crate::support::caller::Caller;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::mailbox::{code, mail, run};

on_both_databases!(
    a_new_user_has_a_passkey_and_a_session,
    where_addresses_are_verified_new_and_taken_ones_are_answered_alike,
    of_fifty_who_present_one_passkey_one_signs_up,
    an_address_taken_in_advance_loses_its_passkeys,
    whoever_activates_the_account_keeps_the_passkey_of_its_sign_up,
);

async fn sign_up_options(caller: &Caller, email: &str, options: Value) -> Answer {
    let query = "mutation ($email: citext!, $options: SignUpOptions) {
      signUpWebauthn(email: $email, options: $options) }";
    let variables = json!({ "email": email, "options": options });
    caller.graphql_with(query, variables).await
}

async fn sign_up(caller: &Caller, credential: &Value, nickname: Option<&str>) -> Answer {
    let query = "mutation ($credential: jsonb!, $nickname: String) {
      verifySignUpWebauthn(credential: $credential, nickname: $nickname) {
        session { accessToken refreshToken refreshTokenId user { id email displayName metadata
          securityKeys { nickname } } } } }";
    let variables = json!({ "credential": credential, "nickname": nickname });
    caller.graphql_with(query, variables).await
}

async fn ask(caller: &Caller, email: &str) -> Value {
    sign_up_options(caller, email, json!({})).await.data()["signUpWebauthn"].clone()
}

async fn a_new_user_has_a_passkey_and_a_session(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let options = json!({ "displayName": "Ada", "metadata": { "a": 1 } });
    let asked = sign_up_options(&app.public(), "Ada@example.org", options).await;
    let asked = &asked.data()["signUpWebauthn"];
    assert_eq!(asked["user"]["name"], "ada@example.org");
    assert_eq!(asked["user"]["displayName"], "Ada");
    let mut phone = Authenticator::new(ORIGIN);
    let made = phone.create(asked);
    let answer = sign_up(&app.public(), &made, Some(" my phone ")).await;
    let mut user = answer.value("/verifySignUpWebauthn/session/user").clone();
    let id = user["id"].take();
    assert_eq!(
        user,
        json!({ "id": null, "email": "ada@example.org", "displayName": "Ada", "metadata": { "a": 1 },
                "securityKeys": [{ "nickname": "my phone" }] })
    );
    let asked = sign_in_options(&app.public(), None).await;
    let answer = sign_in(&app.public(), &phone.get(&asked)).await;
    assert_eq!(answer.value("/verifySignInWebauthn/session/user/id"), &id);
    // The same once more, and a taken address.
    assert_eq!(
        sign_up(&app.public(), &made, None).await.error_code(),
        "invalid-passkey"
    );
    let asked = ask(&app.public(), "ada@example.org").await;
    let made = Authenticator::new(ORIGIN).create(&asked);
    let answer = sign_up(&app.public(), &made, None).await;
    assert_eq!(answer.error_code(), "email-already-in-use");
    for (options, code) in [
        (json!({ "locale": "english" }), "invalid-request"),
        (json!({ "allowedRoles": ["admin"] }), "role-not-allowed"),
    ] {
        let answer = sign_up_options(&app.public(), "grace@example.org", options).await;
        assert_eq!(answer.error_code(), code);
    }
}

async fn where_addresses_are_verified_new_and_taken_ones_are_answered_alike(database: Arc<TestDatabase>) {
    let app = app_with(&database, &[("PORTICO_EMAIL_VERIFICATION", "required")]).await;
    let mut phone = Authenticator::new(ORIGIN);
    let made = phone.create(&ask(&app.public(), "ada@example.org").await);
    let new = sign_up(&app.public(), &made, None).await;
    assert_eq!(
        new.data(),
        &json!({ "verifySignUpWebauthn": { "session": null } })
    );
    let other = Authenticator::new(ORIGIN).create(&ask(&app.public(), "ada@example.org").await);
    let taken = sign_up(&app.public(), &other, None).await;
    assert_eq!((taken.status, &taken.text), (new.status, &new.text));
    // A passkey that somebody has tells nothing of the address.
    for email in ["ada@example.org", "grace@example.org"] {
        let again = phone.clone().create(&ask(&app.public(), email).await);
        let answer = sign_up(&app.public(), &again, None).await;
        assert_eq!(answer.error_code(), "invalid-passkey", "{email}");
    }
    let outbox = app.public().get("/dev/outbox.json").await;
    let mails = outbox.body.as_array().unwrap();
    let mut subjects: Vec<&str> = mails.iter().filter_map(|mail| mail["subject"].as_str()).collect();
    subjects.sort_unstable();
    assert_eq!(
        subjects,
        ["Confirm your email address", "You already have an account"]
    );
    let asked = sign_in_options(&app.public(), None).await;
    let early = sign_in(&app.public(), &phone.get(&asked)).await;
    assert_eq!(early.error_code(), "unverified-user");
    let query = "mutation { updateUsers(where: {}, _set: { emailVerified: true }) { affected_rows } }";
    app.admin().graphql(query).await.data();
    let asked = sign_in_options(&app.public(), None).await;
    sign_in(&app.public(), &phone.get(&asked)).await.data();
}

async fn of_fifty_who_present_one_passkey_one_signs_up(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let asked = ask(&app.public(), "ada@example.org").await;
    let (made, nobody) = (Authenticator::new(ORIGIN).create(&asked), app.public());
    let answers = join_all((0..50).map(|_| sign_up(&nobody, &made, None))).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers
        .iter()
        .partition(|answer| answer.body.get("errors").is_none());
    assert_eq!(won.len(), 1);
    assert!(lost.iter().all(|answer| answer.error_code() == "invalid-passkey"));
}

async fn an_address_taken_in_advance_loses_its_passkeys(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let mut phone = Authenticator::new(ORIGIN);
    let made = phone.create(&ask(&app.public(), "ada@example.org").await);
    sign_up(&app.public(), &made, None).await.data();
    let query = "mutation { signInOtpEmail(email: \"ada@example.org\") }";
    app.public().graphql(query).await.data();
    let outbox = app.public().get("/dev/outbox.json").await;
    let mail = outbox.body[0]["text"].as_str().unwrap_or_default();
    let mut words = mail.split_whitespace();
    let code = words.find(|word| word.len() == 6 && word.parse::<u32>().is_ok());
    let query = "mutation ($otp: String!) { verifySignInOtpEmail(email: \"ada@example.org\", otp: $otp) {
      session { user { securityKeys { id } } } } }";
    let answer = app.public().graphql_with(query, json!({ "otp": code })).await;
    let keys = answer.value("/verifySignInOtpEmail/session/user/securityKeys");
    assert_eq!(keys, &json!([]));
    let asked = sign_in_options(&app.public(), None).await;
    let answer = sign_in(&app.public(), &phone.get(&asked)).await;
    assert_eq!(answer.error_code(), "invalid-passkey");
}

async fn whoever_activates_the_account_keeps_the_passkey_of_its_sign_up(database: Arc<TestDatabase>) {
    let app = app_with(&database, &[("PORTICO_ACTIVATION_REQUIRED", "true")]).await;
    let mut phone = Authenticator::new(ORIGIN);
    let made = phone.create(&ask(&app.public(), "ada@example.org").await);
    let answer = sign_up(&app.public(), &made, None).await;
    assert_eq!(answer.data()["verifySignUpWebauthn"]["session"], json!(null));
    let code = code(&mail(&app, "ada@example.org").await);
    let arguments = [("email", "ada@example.org"), ("code", code.as_str())];
    run(&app.public(), "activateAccount", &arguments, "").await.data();
    let asked = sign_in_options(&app.public(), None).await;
    let answer = sign_in(&app.public(), &phone.get(&asked)).await;
    assert_eq!(
        answer.value("/verifySignInWebauthn/session/user/email"),
        "ada@example.org"
    );
}
