//! A password is set anew by mail.

use std::sync::Arc;

use futures_util::future::join_all;

use super::super::breached_passwords;
use super::{LIMITS, app};
use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::mailbox::{ask, code, enter, mail, press, run, ticket};

on_both_databases!(
    a_password_is_reset_by_mail_and_every_session_ends,
    what_is_known_from_a_breach_leaves_the_ticket_good,
    a_changed_password_ends_what_was_mailed,
);

async fn a_password_is_reset_by_mail_and_every_session_ends(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = app.user("jane").await;
    ask(&app, "signInOtpEmail", &jane.email).await;
    let open = code(&mail(&app, &jane.email).await);
    ask(&app, "sendPasswordResetEmail", &jane.email).await;
    let mailed = mail(&app, &jane.email).await;
    let reset = async |ticket: &str, password: &str| {
        let arguments = [("ticket", ticket), ("newPassword", password)];
        run(&app.public(), "resetPassword", &arguments, "").await
    };
    // What is refused leaves the ticket good.
    for (password, refusal) in [
        ("short", "password-too-short"),
        ("password1", "password-too-common"),
    ] {
        assert_eq!(reset(&ticket(&mailed), password).await.error_code(), refusal);
    }
    // Whoever forgot it has tried too often.
    for _ in 0..20 {
        app.public().sign_in(&jane.email, "not this one").await;
    }
    let delayed = app.public().sign_in(&jane.email, &jane.password).await;
    assert!(delayed.body.get("errors").is_some());
    let good = ticket(&mailed);
    app.clock.advance(1);
    let answers = join_all((0..10).map(|_| reset(&good, "a wholly new phrase"))).await;
    assert_eq!(
        answers
            .iter()
            .filter(|answer| answer.body.get("errors").is_none())
            .count(),
        1
    );
    assert_eq!(jane.graphql("{ me { id } }").await.error_code(), "invalid-jwt");
    assert_eq!(
        enter(&app, &jane.email, &open).await.error_code(),
        "invalid-ticket"
    );
    assert_eq!(
        app.public()
            .sign_in(&jane.email, &jane.password)
            .await
            .error_code(),
        "invalid-email-password"
    );
    app.public()
        .sign_in(&jane.email, "a wholly new phrase")
        .await
        .data();
    assert_eq!(mail(&app, &jane.email).await["template"], "password-changed");
    // The same by the code, and by the page.
    ask(&app, "sendPasswordResetEmail", &jane.email).await;
    let code = code(&mail(&app, &jane.email).await);
    let reset = async |password: &str| {
        let arguments = [
            ("ticket", code.as_str()),
            ("email", &jane.email),
            ("newPassword", password),
        ];
        run(&app.public(), "resetPassword", &arguments, "").await
    };
    // A right code is no guess, however often the password is refused.
    for _ in 0..12 {
        assert_eq!(reset("password1").await.error_code(), "password-too-common");
    }
    reset("another new phrase").await.data();
    ask(&app, "sendPasswordResetEmail", &jane.email).await;
    let mailed = mail(&app, &jane.email).await;
    for (more, problem) in [
        ("&newPassword=short", "needs at least 8 characters"),
        ("&newPassword=short&lang=fr", "doit comporter au moins 8"),
        ("&newPassword=another+new+phrase", "You used this password before"),
    ] {
        let refused = press(&app, &mailed, more).await;
        assert!(
            refused.status == 400
                && refused.text.contains("role=\"alert\"")
                && refused.text.contains(problem),
            "{}",
            refused.text
        );
    }
    assert_eq!(
        press(&app, &mailed, "&newPassword=the+last+new+phrase")
            .await
            .status,
        303
    );
    app.public()
        .sign_in(&jane.email, "the last new phrase")
        .await
        .data();
}

async fn what_is_known_from_a_breach_leaves_the_ticket_good(database: Arc<TestDatabase>) {
    let breached = breached_passwords::response("200 OK", &format!("{}:7\r\n", breached_passwords::HASH.1));
    let away = breached_passwords::response("500 Oops", "");
    let mut pages = Vec::new();
    for answer in [breached, away] {
        let (url, _) = breached_passwords::service(answer).await;
        let variables = [LIMITS.as_slice(), &breached_passwords::settings(&url, "true")].concat();
        let app = TestApp::with(&database, &variables).await;
        pages.push(app);
    }
    let app = app(&database).await;
    let jane = app.user("jane").await;
    ask(&app, "sendPasswordResetEmail", &jane.email).await;
    let mailed = mail(&app, &jane.email).await;
    let breached = format!("&newPassword={}", breached_passwords::BREACHED.replace(' ', "+"));
    for (page, problem) in pages.iter().zip(["seen in a breach", "cannot be done just now"]) {
        let refused = press(page, &mailed, &breached).await;
        assert!(
            refused.status == 400
                && refused.text.contains("type=\"password\"")
                && refused.text.contains(problem),
            "{}",
            refused.text
        );
    }
    assert_eq!(
        press(&app, &mailed, "&newPassword=a+wholly+new+phrase")
            .await
            .status,
        303
    );
}

async fn a_changed_password_ends_what_was_mailed(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = app.user("jane").await;
    ask(&app, "signInOtpEmail", &jane.email).await;
    let open = code(&mail(&app, &jane.email).await);
    let arguments = [
        ("currentPassword", jane.password.as_str()),
        ("newPassword", "a wholly new phrase"),
    ];
    run(&jane, "changePassword", &arguments, "").await.data();
    assert_eq!(
        enter(&app, &jane.email, &open).await.error_code(),
        "invalid-ticket"
    );
}
