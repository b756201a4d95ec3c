//! What is mailed, read on the page of the outbox, and used.

use reqwest::Method;
use serde_json::{Value, json};

use super::answer::Answer;
use super::app::TestApp;
use super::caller::Caller;

/// RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Runs a mutation with variables that are all strings.
pub(crate) async fn run(caller: &Caller, field: &str, arguments: &[(&str, &str)], selection: &str) -> Answer {
    let declared: Vec<_> = arguments
        .iter()
        .map(|(name, _)| {
            format!(
                "${name}: {}!",
                if ["email", "newEmail"].contains(name) {
                    "citext"
                } else {
                    "String"
                }
            )
        })
        .collect();
    let given: Vec<_> = arguments
        .iter()
        .map(|(name, _)| format!("{name}: ${name}"))
        .collect();
    let query = format!(
        "mutation ({}) {{ {field}({}) {selection} }}",
        declared.join(", "),
        given.join(", ")
    );
    let variables: serde_json::Map<String, Value> = arguments
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect();
    caller.graphql_with(&query, variables.into()).await
}

/// What is asked of a session.
pub(crate) const SESSION: &str =
    "{ session { accessToken refreshToken refreshTokenId user { id email emailVerified } } }";

pub(crate) async fn ask(app: &TestApp, field: &str, email: &str) {
    // The newest mail can be told by its time only.
    app.clock.advance(1);
    let answer = run(&app.public(), field, &[("email", email)], "").await;
    assert_eq!(answer.data()[field], true, "{}", answer.text);
}

pub(crate) async fn ask_with_challenge(app: &TestApp, field: &str, email: &str) {
    app.clock.advance(1);
    let query = format!(
        "mutation ($email: citext!) {{ {field}(email: $email, options: {{ codeChallenge: \"{CHALLENGE}\", \
         redirectTo: \"https://app.example.org/in?a=b\" }}) }}"
    );
    app.public()
        .graphql_with(&query, json!({ "email": email }))
        .await
        .data();
}

/// The newest mail to an address, as the outbox shows it.
pub(crate) async fn mail(app: &TestApp, email: &str) -> Value {
    let list = app.public().get("/dev/outbox.json").await;
    let found = list
        .body
        .as_array()
        .unwrap()
        .iter()
        .find(|mail| mail["to"] == email);
    found
        .unwrap_or_else(|| panic!("no mail to {email}: {}", list.text))
        .clone()
}

pub(crate) fn code(mail: &Value) -> String {
    let text = mail["text"].as_str().unwrap();
    let mut words = text.split_whitespace();
    words
        .find(|word| word.len() == 6 && word.parse::<u32>().is_ok())
        .unwrap()
        .to_owned()
}

pub(crate) fn ticket(mail: &Value) -> String {
    let link = mail["link"].as_str().unwrap();
    link.split(['=', '&']).nth(1).unwrap().to_owned()
}

pub(crate) async fn enter(app: &TestApp, email: &str, otp: &str) -> Answer {
    run(
        &app.public(),
        "verifySignInOtpEmail",
        &[("email", email), ("otp", otp)],
        SESSION,
    )
    .await
}

pub(crate) async fn confirm(app: &TestApp, ticket: &str) -> Answer {
    run(&app.public(), "confirmTicket", &[("ticket", ticket)], SESSION).await
}

pub(crate) async fn exchange(app: &TestApp, code: &str, verifier: &str) -> Answer {
    let arguments = [("code", code), ("codeVerifier", verifier)];
    run(&app.public(), "exchangeCode", &arguments, SESSION).await
}

/// Presses the button of the page behind a link.
pub(crate) async fn press(app: &TestApp, mail: &Value, more: &str) -> Answer {
    let query = mail["link"].as_str().unwrap().split('?').nth(1).unwrap();
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let caller = Caller {
        client,
        ..app.public()
    };
    let request = caller
        .request(Method::POST, "/v1/verify")
        .body(format!("{query}{more}"));
    Answer::read(request.send().await.unwrap()).await
}

/// The code that a redirection carries.
#[track_caller]
pub(crate) fn redirected(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.text);
    let target = answer.headers["location"].to_str().unwrap();
    assert!(
        target.starts_with("https://app.example.org/in?a=b&type="),
        "{target}"
    );
    target.split("&code=").nth(1).unwrap().to_owned()
}

pub(crate) fn other(code: &str) -> String {
    let other = (code.parse::<u32>().unwrap() + 1) % 1_000_000;
    format!("{other:06}")
}
