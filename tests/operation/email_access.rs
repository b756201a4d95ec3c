//! Which addresses may be used, by the operator's lists

use std::sync::Arc;

use crate::support::app::TestApp;
use crate::support::caller::Caller;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::mailbox::{ask, confirm, mail, run, ticket};

on_both_databases!(
    a_listed_address_is_refused_wherever_one_is_given,
    what_is_listed_meanwhile_is_refused_when_it_is_proved,
    an_account_with_an_address_that_is_listed_meanwhile_is_not_completed,
);

const BLOCKED: [(&str, &str); 3] = [
    (
        "PORTICO_BLOCKED_EMAIL_DOMAINS",
        "Bücher.example,throwaway.example",
    ),
    ("PORTICO_BLOCKED_EMAILS", "Mallory@example.org"),
    ("PORTICO_ANONYMOUS_USERS", "true"),
];

async fn anonymous(app: &TestApp) -> Caller {
    let query = "mutation { signInAnonymous { session { accessToken } } }";
    let answer = app.public().graphql(query).await;
    app.public()
        .bearer(&answer.string("/signInAnonymous/session/accessToken"))
}

async fn a_listed_address_is_refused_wherever_one_is_given(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &BLOCKED).await;
    let jane = app.user("jane").await;
    for (email, refused) in [
        ("MALLORY@example.org", true),
        ("a@BÜCHER.example", true),
        ("a@xn--bcher-kva.example", true),
        ("a@throwaway.example", true),
        ("a@sub.throwaway.example", false),
        ("a@example.org", false),
    ] {
        let visitor = [("email", email), ("signInMethod", "passwordless")];
        let answers = [
            run(&app.public(), "signInOtpEmail", &[("email", email)], "").await,
            run(&app.public(), "signInPasswordlessEmail", &[("email", email)], "").await,
            run(&jane, "changeEmail", &[("newEmail", email)], "").await,
            run(
                &anonymous(&app).await,
                "deanonymize",
                &visitor,
                "{ session { accessToken } }",
            )
            .await,
            app.public().sign_up(email, "a long password").await,
        ];
        for answer in answers {
            match refused {
                true => assert_eq!(answer.error_code(), "email-not-allowed", "{email}"),
                false => drop(answer.data()),
            }
        }
    }
    let few = TestApp::with(
        &database,
        &[
            ("PORTICO_ALLOWED_EMAIL_DOMAINS", "example.com"),
            ("PORTICO_LIMIT_SIGN_UPS", "10000"),
        ],
    )
    .await;
    for (email, code) in [
        ("new@example.org", Some("email-not-allowed")),
        ("new@example.com", None),
    ] {
        let answer = few.public().sign_up(email, "a long password").await;
        match code {
            Some(code) => assert_eq!(answer.error_code(), code),
            None => drop(answer.data()),
        }
    }
    // Whoever has an account signs in.
    few.public().sign_in(&jane.email, &jane.password).await.data();
}

async fn what_is_listed_meanwhile_is_refused_when_it_is_proved(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    run(&jane, "changeEmail", &[("newEmail", "new@throwaway.example")], "")
        .await
        .data();
    let change = ticket(&mail(&app, "new@throwaway.example").await);
    run(
        &app.public(),
        "signInPasswordlessEmail",
        &[("email", "other@throwaway.example")],
        "",
    )
    .await
    .data();
    let sign_up = ticket(&mail(&app, "other@throwaway.example").await);
    let stricter = TestApp::node(&database, Arc::clone(&app.clock), &BLOCKED).await;
    for ticket in [&change, &sign_up] {
        let answer = confirm(&stricter, ticket).await;
        assert_eq!(answer.error_code(), "email-not-allowed");
    }
    confirm(&app, &change).await.data();
}

async fn an_account_with_an_address_that_is_listed_meanwhile_is_not_completed(database: Arc<TestDatabase>) {
    let required = [("PORTICO_EMAIL_VERIFICATION", "required")];
    let app = TestApp::with(&database, &required).await;
    let (email, password) = ("jane@throwaway.example", "correct horse battery");
    app.public().sign_up(email, password).await.data();
    let verify = ticket(&mail(&app, email).await);
    ask(&app, "signInOtpEmail", email).await;
    let sign_in = ticket(&mail(&app, email).await);
    ask(&app, "sendPasswordResetEmail", email).await;
    let reset = ticket(&mail(&app, email).await);
    let strict = [&required, BLOCKED.as_slice()].concat();
    let stricter = TestApp::node(&database, Arc::clone(&app.clock), &strict).await;
    let set = async |ticket: &str| {
        let arguments = [("ticket", ticket), ("newPassword", "a wholly new phrase")];
        run(&stricter.public(), "resetPassword", &arguments, "").await
    };
    for answer in [
        confirm(&stricter, &verify).await,
        confirm(&stricter, &sign_in).await,
        set(&reset).await,
    ] {
        assert_eq!(answer.error_code(), "email-not-allowed");
    }
    let answer = stricter.public().sign_in(email, password).await;
    assert_eq!(answer.error_code(), "unverified-user");
    // Whoever has confirmed it before goes on to have a password.
    confirm(&app, &verify).await.data();
    ask(&app, "sendPasswordResetEmail", email).await;
    set(&ticket(&mail(&app, email).await)).await.data();
    stricter
        .public()
        .sign_in(email, "a wholly new phrase")
        .await
        .data();
}
