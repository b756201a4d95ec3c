//! What tests of second factors share: to enrol, to sign in with two proofs, and what a session says of itself.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::token::claims;
use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::caller::{Caller, User};
use crate::support::mailbox::run;
use crate::support::telephone::Telephone;

/// What a sign-in may come to.
pub(super) const PAYLOAD: &str =
    "{ session { accessToken refreshToken refreshTokenId } mfa { ticket factors } }";

/// More sign-ins and guesses than a person needs.
pub(super) const MANY: [(&str, &str); 2] = [
    ("PORTICO_LIMIT_SIGN_INS", "10000"),
    ("PORTICO_LIMIT_FAILURES", "1000"),
];

/// A user with an authenticator application, and the recovery codes that came with it.
pub(super) struct Enrolled {
    pub(super) user: User,
    pub(super) authenticator: Telephone,
    pub(super) recovery_codes: Vec<String>,
}

/// A new secret.
pub(super) async fn generate(caller: &Caller) -> Telephone {
    let answer = caller.graphql("mutation { generateTotp { totpSecret } }").await;
    Telephone::new(&answer.string("/generateTotp/totpSecret"))
}

pub(super) async fn enable(caller: &Caller, code: &str) -> Answer {
    run(caller, "enableTotp", &[("code", code)], "").await
}

/// Enrols a user in the session that is at hand. The time step is over then.
pub(super) async fn enrol(app: &TestApp, name: &str) -> Enrolled {
    let user = app.user(name).await;
    let authenticator = generate(&user).await;
    let answer = enable(&user, &authenticator.code(app)).await;
    let codes = answer.value("/enableTotp").as_array().unwrap();
    let recovery_codes = codes
        .iter()
        .map(|code| code.as_str().unwrap().to_owned())
        .collect();
    app.clock.advance(30);
    Enrolled {
        user,
        authenticator,
        recovery_codes,
    }
}

/// Signs in with the password alone.
pub(super) async fn password(caller: &Caller, user: &User) -> Answer {
    let arguments = [("email", user.email.as_str()), ("password", &user.password)];
    run(caller, "signInEmailPassword", &arguments, PAYLOAD).await
}

/// The ticket of the challenge that a password leads to.
pub(super) async fn ticket(caller: &Caller, user: &User) -> String {
    password(caller, user)
        .await
        .string("/signInEmailPassword/mfa/ticket")
}

pub(super) async fn verify_totp(caller: &Caller, ticket: &str, code: &str) -> Answer {
    run(
        caller,
        "verifySignInMfaTotp",
        &[("ticket", ticket), ("code", code)],
        PAYLOAD,
    )
    .await
}

pub(super) async fn verify_recovery(caller: &Caller, ticket: &str, code: &str) -> Answer {
    let arguments = [("ticket", ticket), ("code", code)];
    run(caller, "verifySignInMfaRecoveryCode", &arguments, PAYLOAD).await
}

/// Signs in with both proofs; the time step is over then.
pub(super) async fn sign_in(app: &TestApp, enrolled: &Enrolled) -> Caller {
    let ticket = ticket(&app.public(), &enrolled.user).await;
    let answer = verify_totp(&app.public(), &ticket, &enrolled.authenticator.code(app)).await;
    app.clock.advance(30);
    app.public()
        .bearer(&answer.string("/verifySignInMfaTotp/session/accessToken"))
}

/// The same caller in a session that a code elevated; the time step is over then.
pub(super) async fn elevated(app: &TestApp, caller: &Caller, authenticator: &Telephone) -> Caller {
    let code = authenticator.code(app);
    let answer = run(caller, "elevateTotp", &[("code", &code)], "{ accessToken }").await;
    app.clock.advance(30);
    app.public().bearer(&answer.string("/elevateTotp/accessToken"))
}

/// What the token of a caller says.
pub(super) fn claims_of(caller: &Caller) -> Value {
    let (_, value) = caller
        .headers
        .iter()
        .find(|(name, _)| name == "authorization")
        .unwrap();
    claims(value.strip_prefix("Bearer ").unwrap())
}

/// What proved each session of a user that goes on.
pub(super) async fn methods(app: &TestApp, user: &User) -> Vec<Value> {
    let query = "query ($user: uuid!) { authRefreshTokens(where: { userId: { _eq: $user }, revokedAt: { _is_null: true } }, order_by: { createdAt: asc }) { authenticationMethods } }";
    let answer = app.admin().graphql_with(query, json!({ "user": user.id })).await;
    answer.values("authenticationMethods")
}

/// How often an event with this outcome was written down.
pub(super) async fn events(app: &TestApp, action: &str, outcome: &str) -> u64 {
    let query = "query ($action: String!, $outcome: String!) { auditEventsAggregate(where: { action: { _eq: $action }, outcome: { _eq: $outcome } }) { aggregate { count } } }";
    let variables = json!({ "action": action, "outcome": outcome });
    let answer = app.admin().graphql_with(query, variables).await;
    answer
        .value("/auditEventsAggregate/aggregate/count")
        .as_u64()
        .unwrap()
}

/// How many answers hold a session.
#[track_caller]
pub(super) fn sessions(answers: &[Answer]) -> usize {
    let opened = |answer: &&Answer| answer.text.contains("accessToken");
    answers.iter().filter(opened).count()
}

/// As late as clocks go.
pub(super) fn steps(count: i32) -> TimeDelta {
    TimeDelta::seconds(30) * count
}
