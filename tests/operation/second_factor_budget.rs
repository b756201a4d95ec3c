//! Many at once: one of them succeeds, and all of them together guess no more than one.

use std::sync::Arc;

use futures_util::future::join_all;

use super::second_factor::{
    Enrolled, MANY, elevated, enable, enrol, generate, password, sessions, sign_in, ticket, verify_recovery,
    verify_totp,
};
use crate::support::app::TestApp;
use crate::support::caller::Caller;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::mailbox::run;

on_both_databases!(
    of_fifty_who_send_one_code_for_sign_ins_of_their_own_one_gets_a_session,
    of_fifty_who_send_one_recovery_code_one_gets_a_session,
    of_fifty_who_answer_one_challenge_one_gets_a_session,
    guesses_share_one_budget_over_sign_ins_routes_and_nodes,
    a_challenge_is_good_for_its_user_and_for_nothing_else,
    whoever_knows_the_password_keeps_nobody_out,
    a_stolen_session_that_moves_brings_no_new_guesses,
    a_stolen_session_elsewhere_keeps_nobody_out_at_home,
    a_code_that_comes_too_early_is_no_try,
    a_right_code_of_who_may_not_enter_is_a_try,
    an_administrator_lifts_the_delays_of_codes,
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

/// Requests may come from elsewhere.
const PROXY: [(&str, &str); 2] = [
    ("PORTICO_LIMIT_SIGN_INS", "10000"),
    ("PORTICO_TRUSTED_PROXIES", "127.0.0.1/32"),
];

/// Not the network that users of tests sign up from.
fn elsewhere(app: &TestApp, network: u8) -> Caller {
    app.public()
        .with("x-forwarded-for", &format!("203.0.{network}.7"))
}

/// Sends ten wrong codes, each for a sign-in of its own, and the right one, which comes too early.
async fn use_up(app: &TestApp, caller: &Caller, enrolled: &Enrolled) {
    let (wrong, right) = (
        enrolled.authenticator.wrong(app),
        enrolled.authenticator.code(app),
    );
    for _ in 0..10 {
        let ticket = ticket(caller, &enrolled.user).await;
        let answer = verify_totp(caller, &ticket, &wrong).await;
        assert_eq!(answer.error_code(), "invalid-totp");
    }
    assert_too_early(caller, enrolled, &right).await;
}

async fn assert_too_early(caller: &Caller, enrolled: &Enrolled, code: &str) {
    let ticket = ticket(caller, &enrolled.user).await;
    let answer = verify_totp(caller, &ticket, code).await;
    assert_eq!(answer.error_code(), "too-many-requests");
}

async fn whoever_knows_the_password_keeps_nobody_out(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &PROXY).await;
    let other = TestApp::node(&database, Arc::clone(&app.clock), &PROXY).await;
    let jane = enrol(&app, "jane").await;
    // Sign-ins that await the second proof make no network one of the user.
    use_up(&app, &elsewhere(&app, 113), &jane).await;
    for node in [&app, &other] {
        let thief = elsewhere(node, 114);
        assert_too_early(&thief, &jane, &jane.authenticator.code(&app)).await;
        let recovery = ticket(&thief, &jane.user).await;
        let answer = verify_recovery(&thief, &recovery, &jane.recovery_codes[0]).await;
        assert_eq!(answer.error_code(), "too-many-requests");
    }
    let session = sign_in(&app, &jane).await;
    elevated(&app, &session, &jane.authenticator).await;
    let recovery = ticket(&other.public(), &jane.user).await;
    let answer = verify_recovery(&other.public(), &recovery, &jane.recovery_codes[0]).await;
    assert_eq!(sessions(&[answer]), 1);
    // That the user came in gives nobody elsewhere another guess.
    let (thief, wrong) = (elsewhere(&app, 115), jane.authenticator.wrong(&app));
    let once_more = ticket(&thief, &jane.user).await;
    let answer = verify_totp(&thief, &once_more, &wrong).await;
    assert_eq!(answer.error_code(), "invalid-totp");
    assert_too_early(&thief, &jane, &jane.authenticator.code(&app)).await;
    // Guesses from where the user is known are counted, too, on all nodes together.
    let mut answers = Vec::new();
    for node in [&app, &other].into_iter().cycle().take(20) {
        let ticket = ticket(&node.public(), &jane.user).await;
        answers.push(verify_totp(&node.public(), &ticket, &wrong).await);
    }
    let judged = answers
        .iter()
        .filter(|answer| answer.error_code() == "invalid-totp");
    assert_eq!(judged.count(), 10);
}

async fn a_stolen_session_that_moves_brings_no_new_guesses(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &PROXY).await;
    let jane = enrol(&app, "jane").await;
    let wrong = jane.authenticator.wrong(&app);
    let guess = format!("mutation {{ elevateTotp(code: \"{wrong}\") {{ accessToken }} }}");
    let (mut token, mut judged) = (jane.user.session.refresh_token.clone(), 0);
    for network in [113, 114, 115] {
        let refreshed = elsewhere(&app, network).refresh(&token).await;
        token = refreshed.string("/refreshToken/refreshToken");
        let thief = elsewhere(&app, network).bearer(&refreshed.string("/refreshToken/accessToken"));
        for _ in 0..10 {
            let answer = thief.graphql(&guess).await;
            judged += usize::from(answer.error_code() == "invalid-totp");
        }
    }
    assert_eq!(judged, 10);
}

async fn a_stolen_session_elsewhere_keeps_nobody_out_at_home(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &PROXY).await;
    let jane = enrol(&app, "jane").await;
    let thief = elsewhere(&app, 113);
    let refreshed = thief.refresh(&jane.user.session.refresh_token).await;
    let session = thief.bearer(&refreshed.string("/refreshToken/accessToken"));
    let wrong = [("code", jane.authenticator.wrong(&app))];
    let wrong = wrong.each_ref().map(|(name, code)| (*name, code.as_str()));
    for _ in 0..10 {
        let answer = run(&session, "elevateTotp", &wrong, "{ accessToken }").await;
        assert_eq!(answer.error_code(), "invalid-totp");
    }
    // Nobody elsewhere has another guess, with whatever the thief had.
    let right = jane.authenticator.code(&app);
    for network in [113, 114] {
        assert_too_early(&elsewhere(&app, network), &jane, &right).await;
    }
    let at_home = sign_in(&app, &jane).await;
    elevated(&app, &at_home, &jane.authenticator).await;
}

async fn a_code_that_comes_too_early_is_no_try(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &PROXY).await;
    let jane = enrol(&app, "jane").await;
    use_up(&app, &elsewhere(&app, 113), &jane).await;
    let travelling = elsewhere(&app, 114);
    let ticket = ticket(&travelling, &jane.user).await;
    for _ in 0..6 {
        let early = verify_totp(&travelling, &ticket, &jane.authenticator.code(&app)).await;
        assert_eq!(early.error_code(), "too-many-requests");
    }
    app.clock.advance(5);
    let answer = verify_totp(&travelling, &ticket, &jane.authenticator.code(&app)).await;
    assert_eq!(sessions(&[answer]), 1);
}

async fn a_right_code_of_who_may_not_enter_is_a_try(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &MANY).await;
    let jane = enrol(&app, "jane").await;
    let ticket = ticket(&app.public(), &jane.user).await;
    let disable = format!("mutation {{ disableUser(id: \"{}\") }}", jane.user.id);
    app.admin().graphql(&disable).await.data();
    let code = &jane.recovery_codes[0];
    for _ in 0..5 {
        let answer = verify_recovery(&app.public(), &ticket, code).await;
        assert_eq!(answer.error_code(), "disabled-user");
    }
    let answer = verify_recovery(&app.public(), &ticket, code).await;
    assert_eq!(answer.error_code(), "invalid-ticket");
}

async fn an_administrator_lifts_the_delays_of_codes(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &PROXY).await;
    let jane = enrol(&app, "jane").await;
    for operation in ["unlockUser", "resetFactors"] {
        for caller in [elsewhere(&app, 113), app.public()] {
            use_up(&app, &caller, &jane).await;
        }
        let lift = format!("mutation {{ {operation}(id: \"{}\") }}", jane.user.id);
        app.admin().graphql(&lift).await.data();
        if operation == "unlockUser" {
            sign_in(&app, &jane).await;
            let away = elsewhere(&app, 113);
            let ticket = ticket(&away, &jane.user).await;
            let answer = verify_totp(&away, &ticket, &jane.authenticator.code(&app)).await;
            assert_eq!(sessions(&[answer]), 1);
            // Forgotten together with the session there.
            let forget =
                "mutation { deleteAuthRefreshTokens(where: { ip: { _like: \"203.%\" } }) { affected_rows } }";
            app.admin().graphql(forget).await.data();
            app.clock.advance(30);
        }
    }
    let anew = password(&app.public(), &jane.user).await;
    let session = app
        .public()
        .bearer(&anew.string("/signInEmailPassword/session/accessToken"));
    let telephone = generate(&session).await;
    enable(&session, &telephone.code(&app)).await.data();
}
