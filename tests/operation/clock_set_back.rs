//! The clock of the machine is set back: nothing is lost, and whoever was let in is let in

use std::sync::Arc;

use super::second_factor::{enrol, ticket as ticket_of, verify_totp};
use crate::support::app::TestApp;
use crate::support::caller::User;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::mailbox::{ask, code, confirm, enter, mail, ticket};

on_both_databases!(sessions_and_mails_go_on, nobody_waits_for_the_time_to_come_back,);

const HOURS: i64 = 3_600;

async fn sessions_and_mails_go_on(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    ask(&app, "sendVerificationEmail", &jane.email).await;
    let ticket = ticket(&mail(&app, &jane.email).await);
    confirm(&app, &ticket).await.data();
    ask(&app, "signInOtpEmail", &jane.email).await;
    let mailed = code(&mail(&app, &jane.email).await);
    app.clock.advance(-5 * HOURS);
    // An access token from later than now is none; the session that it is of goes on.
    assert_eq!(jane.graphql("{ me { id } }").await.error_code(), "invalid-jwt");
    let answer = app.public().refresh(&jane.session.refresh_token).await;
    let token = answer.string("/refreshToken/accessToken");
    app.public().bearer(&token).graphql("{ me { id } }").await.data();
    let again = answer.string("/refreshToken/refreshToken");
    app.public().refresh(&again).await.data();
    enter(&app, &jane.email, &mailed).await.data();
    app.auth.maintain().await.unwrap();
    app.public().refresh(&again).await.data();
    // What is asked for now takes the place of what was asked for later.
    ask(&app, "sendPasswordResetEmail", &jane.email).await;
    app.clock.advance(5 * HOURS);
    app.auth.maintain().await.unwrap();
    User::sign_in_as(&app.public(), &jane.email, &jane.password).await;
}

async fn nobody_waits_for_the_time_to_come_back(database: Arc<TestDatabase>) {
    let limits = [("PORTICO_LIMIT_SIGN_INS", "15"), ("PORTICO_LIMIT_MAILS", "3")];
    let app = TestApp::with(&database, &limits).await;
    let john = enrol(&app, "john").await;
    let jane = app.user("jane").await;
    for _ in 0..11 {
        app.public().sign_in(&jane.email, "not this one").await;
    }
    let delayed = app.public().sign_in(&jane.email, &jane.password).await;
    assert_eq!(delayed.error_code(), "too-many-requests");
    for _ in 0..5 {
        app.public().sign_in("nobody@example.org", "not this one").await;
    }
    for _ in 0..3 {
        ask(&app, "signInOtpEmail", &jane.email).await;
    }
    app.clock.advance(-5 * HOURS);
    // Neither the caller's minute, nor the account's delay, nor the address's hour lasts until then.
    User::sign_in_as(&app.public(), &jane.email, &jane.password).await;
    ask(&app, "signInOtpEmail", &jane.email).await;
    // Nor does the code of an authenticator application wait; each is good once still.
    let code = john.authenticator.code(&app);
    for good in [true, false] {
        let ticket = ticket_of(&app.public(), &john.user).await;
        let answer = verify_totp(&app.public(), &ticket, &code).await;
        assert_eq!(answer.body.get("errors").is_none(), good, "{}", answer.text);
    }
}
