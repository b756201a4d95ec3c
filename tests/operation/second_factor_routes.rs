//! The table: every route to a session × the factors of the account × what the operator asks for.

use std::sync::Arc;

use serde_json::json;

use super::second_factor::{Enrolled, MANY, PAYLOAD, enrol, verify_totp};
use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::mailbox::{
    VERIFIER, ask, ask_with_challenge, code, mail, press, redirected, run, ticket,
};

on_both_databases!(every_route_asks_for_the_factor_that_there_is);

const EMAIL: &str = "jane@example.org";

#[derive(Debug, Clone, Copy)]
enum Route {
    Password,
    Username,
    MailedCode,
    MailedLink,
    LinkOfTheApplication,
    LinkOfAReset,
}

const ROUTES: [(Route, &str, &str); 6] = [
    (Route::Password, "signInEmailPassword", "pwd"),
    (Route::Username, "signInUsernamePassword", "pwd"),
    (Route::MailedCode, "verifySignInOtpEmail", "email"),
    (Route::MailedLink, "exchangeCode", "email"),
    (Route::LinkOfTheApplication, "confirmTicket", "email"),
    (Route::LinkOfAReset, "exchangeCode", "email"),
];

/// Follows a route to its end.
async fn follow(app: &TestApp, route: Route, password: &mut String) -> Answer {
    let nobody = app.public();
    let exchange = async |code: String| {
        let arguments = [("code", code.as_str()), ("codeVerifier", VERIFIER)];
        run(&nobody, "exchangeCode", &arguments, PAYLOAD).await
    };
    match route {
        Route::Password => {
            let arguments = [("email", EMAIL), ("password", password.as_str())];
            run(&nobody, "signInEmailPassword", &arguments, PAYLOAD).await
        }
        Route::Username => {
            let arguments = [("username", "jane"), ("password", password.as_str())];
            run(&nobody, "signInUsernamePassword", &arguments, PAYLOAD).await
        }
        Route::MailedCode => {
            ask(app, "signInOtpEmail", EMAIL).await;
            let otp = code(&mail(app, EMAIL).await);
            let arguments = [("email", EMAIL), ("otp", otp.as_str())];
            run(&nobody, "verifySignInOtpEmail", &arguments, PAYLOAD).await
        }
        Route::MailedLink => {
            ask_with_challenge(app, "signInPasswordlessEmail", EMAIL).await;
            let mail = mail(app, EMAIL).await;
            exchange(redirected(&press(app, &mail, "").await)).await
        }
        Route::LinkOfTheApplication => {
            ask(app, "signInPasswordlessEmail", EMAIL).await;
            let ticket = ticket(&mail(app, EMAIL).await);
            run(&nobody, "confirmTicket", &[("ticket", &ticket)], PAYLOAD).await
        }
        Route::LinkOfAReset => {
            ask_with_challenge(app, "sendPasswordResetEmail", EMAIL).await;
            let mail = mail(app, EMAIL).await;
            password.push('!');
            let new = format!("&newPassword={password}").replace(' ', "+");
            exchange(redirected(&press(app, &mail, &new).await)).await
        }
    }
}

async fn every_route_asks_for_the_factor_that_there_is(database: Arc<TestDatabase>) {
    let more = [
        MANY[0],
        MANY[1],
        ("PORTICO_LIMIT_MAIL_REQUESTS", "10000"),
        ("PORTICO_LIMIT_MAILS", "10000"),
        ("PORTICO_CLIENT_URL", "https://app.example.org"),
    ];
    let asking = TestApp::with(&database, &more).await;
    let mut nobody_asks = more.to_vec();
    nobody_asks.push(("PORTICO_SECOND_FACTORS", "none"));
    let nobody_asks = TestApp::node(&database, Arc::clone(&asking.clock), &nobody_asks).await;
    let jane = enrol(&asking, "jane").await;
    let name = "mutation ($id: uuid!) { updateUser(pk_columns: { id: $id }, _set: { username: \"jane\", emailVerified: true }) { id } }";
    asking
        .admin()
        .graphql_with(name, json!({ "id": jane.user.id }))
        .await
        .data();
    let mut password = jane.user.password.clone();
    for (route, field, _) in ROUTES {
        let answer = follow(&nobody_asks, route, &mut password).await;
        assert_eq!(answer.data()[field]["mfa"], json!(null), "{route:?}");
        answer.string(&format!("/{field}/session/accessToken"));
    }
    for (route, field, method) in ROUTES {
        asked(&asking, &jane, (route, field, method), &mut password).await;
    }
    let reset = "mutation ($id: uuid!) { resetFactors(id: $id) }";
    asking
        .admin()
        .graphql_with(reset, json!({ "id": jane.user.id }))
        .await
        .data();
    for (route, field, _) in ROUTES {
        let answer = follow(&asking, route, &mut password).await;
        assert_eq!(answer.data()[field]["mfa"], json!(null), "{route:?}");
        answer.string(&format!("/{field}/session/accessToken"));
    }
}

/// The route leads to a challenge, and the challenge with a code to a session that says so.
async fn asked(
    app: &TestApp,
    jane: &Enrolled,
    (route, field, method): (Route, &str, &str),
    password: &mut String,
) {
    let answer = follow(app, route, password).await;
    assert_eq!(answer.data()[field]["session"], json!(null), "{route:?}");
    assert_eq!(
        answer.data()[field]["mfa"]["factors"],
        json!(["totp", "recovery-code"]),
        "{route:?}"
    );
    let ticket = answer.string(&format!("/{field}/mfa/ticket"));
    app.clock.advance(30);
    let answer = verify_totp(&app.public(), &ticket, &jane.authenticator.code(app)).await;
    let id = answer.string("/verifySignInMfaTotp/session/refreshTokenId");
    let session = "query ($id: uuid!) { authRefreshToken(id: $id) { authenticationMethods } }";
    let session = app.admin().graphql_with(session, json!({ "id": id })).await;
    assert_eq!(
        session.value("/authRefreshToken/authenticationMethods"),
        &json!([method, "otp", "mfa"]),
        "{route:?}"
    );
}
