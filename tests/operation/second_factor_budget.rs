//! Many at once: one of them succeeds, and all of them together guess no more than one.

use std::sync::Arc;

use futures_util::future::join_all;

use super::second_factor::{
    Enrolled, MANY, elevated, enrol, password, sessions, sign_in, ticket, verify_recovery, verify_totp,
};
use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::mailbox::run;

on_both_databases!(
    of_fifty_who_send_one_code_for_sign_ins_of_their_own_one_gets_a_session,
    of_fifty_who_send_one_recovery_code_one_gets_a_session,
    of_fifty_who_answer_one_challenge_one_gets_a_session,
    guesses_share_one_budget_over_sign_ins_routes_and_nodes,
    a_challenge_is_good_for_its_user_and_for_nothing_else,
);

async fn tickets(app: &TestApp, enrolled: &Enrolled, count: usize) -> Vec<String> {
    let mut tickets = Vec::new();
    for _ in 0..count {
        tickets.push(ticket(&app.public(), &enrolled.user).await);
    }
    tickets
}

async fn of_fifty_who_send_one_code_for_sign_ins_of_their_own_one_gets_a_session(
    database: Arc<TestDatabase>,
) {
    let app = TestApp::with(&database, &MANY).await;
    let jane = enrol(&app, "jane").await;
    let (tickets, code) = (tickets(&app, &jane, 50).await, jane.authenticator.code(&app));
    let nobody = app.public();
    let answers = join_all(tickets.iter().map(|ticket| verify_totp(&nobody, ticket, &code))).await;
    assert_eq!(sessions(&answers), 1);
}

async fn of_fifty_who_send_one_recovery_code_one_gets_a_session(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &MANY).await;
    let jane = enrol(&app, "jane").await;
    let (tickets, code) = (tickets(&app, &jane, 50).await, &jane.recovery_codes[0]);
    let nobody = app.public();
    let answers = join_all(
        tickets
            .iter()
            .map(|ticket| verify_recovery(&nobody, ticket, code)),
    )
    .await;
    assert_eq!(sessions(&answers), 1);
}

async fn of_fifty_who_answer_one_challenge_one_gets_a_session(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &MANY).await;
    let jane = enrol(&app, "jane").await;
    let ticket = ticket(&app.public(), &jane.user).await;
    let nobody = app.public();
    // Every one of them with another code that is right.
    let answers = join_all((0..50).map(|number| {
        let code = &jane.recovery_codes[number % 10];
        verify_recovery(&nobody, &ticket, code)
    }))
    .await;
    assert_eq!(sessions(&answers), 1);
    // Whoever lost used nothing up.
    let left = jane.user.graphql("{ myFactors { recoveryCodesLeft } }").await;
    assert_eq!(left.value("/myFactors/recoveryCodesLeft"), 9);
}

async fn guesses_share_one_budget_over_sign_ins_routes_and_nodes(database: Arc<TestDatabase>) {
    let limits = [("PORTICO_LIMIT_SIGN_INS", "10000")];
    let app = TestApp::with(&database, &limits).await;
    let other = TestApp::node(&database, Arc::clone(&app.clock), &limits).await;
    let jane = enrol(&app, "jane").await;
    let session = sign_in(&app, &jane).await;
    let wrong = jane.authenticator.wrong(&app);
    let mut answers = Vec::new();
    let tickets = tickets(&app, &jane, 10).await;
    let guesses = tickets
        .iter()
        .flat_map(|ticket| [(&app, ticket), (&other, ticket)]);
    let guesses = guesses.map(async |(node, ticket)| verify_totp(&node.public(), ticket, &wrong).await);
    answers.extend(join_all(guesses).await);
    for code in [&wrong, "abcde-fghij"] {
        answers.push(run(&session, "elevateTotp", &[("code", code)], "{ accessToken }").await);
        answers.push(run(&session, "disableTotp", &[("code", code)], "").await);
        answers.push(
            run(
                &session,
                "elevateRecoveryCode",
                &[("code", code)],
                "{ accessToken }",
            )
            .await,
        );
    }
    let judged = answers
        .iter()
        .filter(|answer| answer.error_code() == "invalid-totp")
        .count();
    assert_eq!(judged, 10, "as many as sign-ins of one account may fail");
    assert!(
        answers
            .iter()
            .all(|answer| ["invalid-totp", "too-many-requests"].contains(&answer.error_code()))
    );
    // The right one has to wait as well, on any node; a new sign-in or another password brings no new guesses.
    let code = jane.authenticator.code(&app);
    let ticket_there = ticket(&other.public(), &jane.user).await;
    assert_eq!(
        verify_totp(&other.public(), &ticket_there, &code)
            .await
            .error_code(),
        "too-many-requests"
    );
    app.clock.advance(30);
    sign_in(&app, &jane).await;
    // An administrator lifts the delay.
    let proved = elevated(&app, &session, &jane.authenticator).await;
    proved.graphql("{ me { id } }").await.data();
}

async fn a_challenge_is_good_for_its_user_and_for_nothing_else(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &MANY).await;
    let (jane, john) = (enrol(&app, "jane").await, enrol(&app, "john").await);
    let ticket = ticket(&app.public(), &jane.user).await;
    let foreign = verify_totp(&app.public(), &ticket, &john.authenticator.code(&app)).await;
    assert_eq!(foreign.error_code(), "invalid-totp");
    // Hasura Auth took it for the code of a mail.
    let email = jane.user.email.as_str();
    for (field, arguments, selection) in [
        (
            "verifySignInOtpEmail",
            vec![("email", email), ("otp", ticket.as_str())],
            "{ session { accessToken } }",
        ),
        (
            "confirmTicket",
            vec![("ticket", ticket.as_str())],
            "{ session { accessToken } }",
        ),
        (
            "exchangeCode",
            vec![
                ("code", ticket.as_str()),
                ("codeVerifier", crate::support::mailbox::VERIFIER),
            ],
            "{ session { accessToken } }",
        ),
        (
            "resetPassword",
            vec![
                ("ticket", ticket.as_str()),
                ("newPassword", "an entirely new password"),
            ],
            "",
        ),
    ] {
        let answer = run(&app.public(), field, &arguments, selection).await;
        assert_eq!(answer.error_code(), "invalid-ticket", "{field}: {}", answer.text);
    }
    for none in ["", "a", "👍", &"x".repeat(10_000)] {
        assert_eq!(
            verify_totp(&app.public(), none, "123456").await.error_code(),
            "invalid-ticket"
        );
        assert_eq!(
            verify_totp(&app.public(), &ticket, none).await.error_code(),
            "invalid-totp"
        );
    }
    // Five guesses were made.
    let code = jane.authenticator.code(&app);
    assert_eq!(
        verify_totp(&app.public(), &ticket, &code).await.error_code(),
        "invalid-ticket"
    );
    // Who was disabled, or changed the password meanwhile, does not finish.
    let open = super::second_factor::ticket(&app.public(), &jane.user).await;
    let disable = format!("mutation {{ disableUser(id: \"{}\") }}", jane.user.id);
    app.admin().graphql(&disable).await.data();
    assert_eq!(
        verify_totp(&app.public(), &open, &code).await.error_code(),
        "disabled-user"
    );
    let open = super::second_factor::ticket(&app.public(), &john.user).await;
    let proved = elevated(&app, &john.user, &john.authenticator).await;
    let change = format!(
        "mutation {{ changePassword(currentPassword: \"{}\", newPassword: \"an entirely new password\") }}",
        john.user.password
    );
    proved.graphql(&change).await.data();
    let late = verify_totp(&app.public(), &open, &john.authenticator.code(&app)).await;
    assert_eq!(late.error_code(), "invalid-ticket");
    assert_eq!(
        password(&app.public(), &john.user).await.error_code(),
        "invalid-email-password"
    );
}
