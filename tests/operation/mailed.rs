//! What is mailed and used: tickets and codes, by whom, how often, and in which order.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::json;

use super::breached_passwords;
use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::mailbox::{
    VERIFIER, ask, ask_with_challenge, code, confirm, enter, exchange, mail, other, press, redirected, run,
    ticket,
};

on_both_databases!(
    a_code_signs_in_once_and_five_wrong_ones_end_it,
    of_fifty_who_use_one_code_one_signs_in,
    a_new_code_ends_the_old_one_and_brings_no_new_guesses,
    whoever_is_unknown_signs_up_by_mail_where_that_is_allowed,
    an_address_that_was_taken_in_advance_belongs_to_whoever_reads_its_mail,
    the_answer_and_the_work_are_the_same_for_unknown_addresses,
    only_so_many_mails_are_sent_to_one_address,
    a_link_confirms_the_address_and_whoever_asked_gets_a_session,
    a_link_signs_in_whoever_asked_for_it,
    of_fifty_who_exchange_one_code_one_gets_a_session,
    to_look_at_a_link_changes_nothing,
    a_password_is_reset_by_mail_and_every_session_ends,
    what_is_known_from_a_breach_leaves_the_ticket_good,
    a_changed_password_ends_what_was_mailed,
    a_ticket_is_good_for_its_purpose_and_its_user_alone,
    a_ticket_ends_in_time,
);

const LIMITS: [(&str, &str); 3] = [
    ("PORTICO_LIMIT_SIGN_INS", "10000"),
    ("PORTICO_LIMIT_MAIL_REQUESTS", "10000"),
    ("PORTICO_CLIENT_URL", "https://app.example.org"),
];
async fn app(database: &Arc<TestDatabase>) -> TestApp {
    TestApp::with(database, &LIMITS).await
}

async fn a_code_signs_in_once_and_five_wrong_ones_end_it(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = app.user("jane").await;
    ask(&app, "signInOtpEmail", &jane.email).await;
    let first = code(&mail(&app, &jane.email).await);
    let spaced = format!(" {} {} ", &first[..3], &first[3..]);
    let session = enter(&app, "JANE@example.org", &spaced).await;
    let user = &session.data()["verifySignInOtpEmail"]["session"]["user"];
    assert_eq!(
        (&user["id"], &user["emailVerified"]),
        (&json!(jane.id), &json!(true))
    );
    assert_eq!(
        enter(&app, &jane.email, &first).await.error_code(),
        "invalid-ticket"
    );
    ask(&app, "signInOtpEmail", &jane.email).await;
    let second = code(&mail(&app, &jane.email).await);
    for _ in 0..5 {
        let wrong = enter(&app, &jane.email, &other(&second)).await;
        assert_eq!(wrong.error_code(), "invalid-ticket");
    }
    assert_eq!(
        enter(&app, &jane.email, &second).await.error_code(),
        "invalid-ticket"
    );
}

async fn of_fifty_who_use_one_code_one_signs_in(database: Arc<TestDatabase>) {
    let variables = [LIMITS.as_slice(), &[("PORTICO_LIMIT_FAILURES", "10000")]].concat();
    let app = TestApp::with(&database, &variables).await;
    let jane = app.user("jane").await;
    ask(&app, "signInOtpEmail", &jane.email).await;
    let mailed = mail(&app, &jane.email).await;
    let (code, ticket) = (code(&mailed), ticket(&mailed));
    let (by_code, by_link) = tokio::join!(
        join_all((0..4).map(|_| enter(&app, &jane.email, &code))),
        join_all((0..46).map(|_| confirm(&app, &ticket))),
    );
    let answers = by_code.iter().chain(&by_link);
    let (won, lost): (Vec<_>, Vec<_>) = answers.partition(|answer| answer.body.get("errors").is_none());
    assert_eq!(won.len(), 1);
    assert!(lost.iter().all(|answer| answer.error_code() == "invalid-ticket"));
}

async fn a_new_code_ends_the_old_one_and_brings_no_new_guesses(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = app.user("jane").await;
    ask(&app, "signInOtpEmail", &jane.email).await;
    let old = code(&mail(&app, &jane.email).await);
    let mut guesses = 0;
    loop {
        app.clock.advance(1);
        ask(&app, "signInOtpEmail", &jane.email).await;
        let new = code(&mail(&app, &jane.email).await);
        if guesses == 0 && new != old {
            assert_eq!(
                enter(&app, &jane.email, &old).await.error_code(),
                "invalid-ticket"
            );
            guesses += 1;
        }
        for _ in 0..4 {
            let answer = enter(&app, &jane.email, &other(&new)).await;
            if answer.error_code() == "too-many-requests" {
                // Ten are free; the right code, too, has to wait then, and works afterwards.
                assert_eq!(guesses, 10);
                assert_eq!(
                    enter(&app, &jane.email, &new).await.error_code(),
                    "too-many-requests"
                );
                app.clock.advance(6);
                enter(&app, &jane.email, &new).await.data();
                return;
            }
            assert_eq!(answer.error_code(), "invalid-ticket");
            guesses += 1;
        }
    }
}

async fn whoever_is_unknown_signs_up_by_mail_where_that_is_allowed(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let query = "mutation { signInPasswordlessEmail(email: \"Ada@example.org\", options: {
      locale: \"fr\", displayName: \"Ada\", metadata: { a: 1 } }) }";
    app.public().graphql(query).await.data();
    assert_eq!(
        app.admin().graphql("{ users { id } }").await.values("id").len(),
        0
    );
    let mailed = mail(&app, "ada@example.org").await;
    assert_eq!(mailed["subject"], "Connexion");
    confirm(&app, &ticket(&mailed)).await.data();
    let users = app
        .admin()
        .graphql("{ users { email emailVerified displayName locale metadata } }")
        .await;
    assert_eq!(
        users.data()["users"],
        json!([{ "email": "ada@example.org", "emailVerified": true, "displayName": "Ada", "locale": "fr",
                 "metadata": { "a": 1 } }])
    );
    database.finish().await;
    for name in ["PORTICO_EMAIL_SIGN_UP", "PORTICO_SIGN_UP_DISABLED"] {
        let value = if name == "PORTICO_EMAIL_SIGN_UP" {
            "false"
        } else {
            "true"
        };
        let variables = [LIMITS.as_slice(), &[(name, value)]].concat();
        let closed = TestApp::with(&database, &variables).await;
        ask(&closed, "signInOtpEmail", "grace@example.org").await;
        let list = closed.public().get("/dev/outbox.json").await;
        assert!(!list.text.contains("grace@example.org"), "{name}");
        database.finish().await;
    }
}

async fn an_address_that_was_taken_in_advance_belongs_to_whoever_reads_its_mail(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let mallory = app.user("jane").await;
    ask(&app, "signInOtpEmail", "jane@example.org").await;
    let code = code(&mail(&app, "jane@example.org").await);
    enter(&app, "jane@example.org", &code).await.data();
    assert_eq!(mallory.graphql("{ me { id } }").await.error_code(), "invalid-jwt");
    let again = app.public().sign_in(&mallory.email, &mallory.password).await;
    assert_eq!(again.error_code(), "invalid-email-password");
}

async fn the_answer_and_the_work_are_the_same_for_unknown_addresses(database: Arc<TestDatabase>) {
    use portico_entity::{audit_events, outbox, tickets};
    use sea_orm::{EntityTrait, PaginatorTrait};
    let app = app(&database).await;
    let jane = app.user("jane").await;
    let connection = database.connect().await;
    for field in [
        "sendVerificationEmail",
        "sendPasswordResetEmail",
        "signInOtpEmail",
        "signInPasswordlessEmail",
    ] {
        let mut seen = Vec::new();
        for email in [jane.email.as_str(), "nobody@example.org"] {
            let counts = async || {
                (
                    outbox::Entity::find().count(&connection).await.unwrap(),
                    tickets::Entity::find().count(&connection).await.unwrap(),
                    audit_events::Entity::find().count(&connection).await.unwrap(),
                )
            };
            let before = counts().await;
            app.clock.advance(1);
            let answer = run(&app.public(), field, &[("email", email)], "").await;
            let after = counts().await;
            let written = (after.0 - before.0, after.1 - before.1, after.2 - before.2);
            seen.push((answer.status, answer.text, written));
        }
        assert_eq!(seen[0], seen[1], "{field}");
    }
    // What lies there for nobody is neither shown nor sent.
    let list = app.public().get("/dev/outbox.json").await;
    let to_nobody = list
        .body
        .as_array()
        .unwrap()
        .iter()
        .filter(|mail| mail["to"] == "nobody@example.org");
    let templates: Vec<_> = to_nobody.map(|mail| mail["template"].clone()).collect();
    assert_eq!(templates, ["signin-passwordless", "signin-otp"]);
}

async fn only_so_many_mails_are_sent_to_one_address(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = app.user("jane").await;
    for email in [jane.email.as_str(), "nobody@example.org"] {
        for _ in 0..10 {
            ask(&app, "sendPasswordResetEmail", email).await;
        }
        for field in ["sendPasswordResetEmail", "signInOtpEmail"] {
            let answer = run(&app.public(), field, &[("email", email)], "").await;
            assert_eq!(
                (answer.error_code(), answer.status),
                ("too-many-requests", 429),
                "{email}"
            );
        }
    }
    app.clock.advance(3_601);
    ask(&app, "signInOtpEmail", &jane.email).await;
}

async fn a_link_confirms_the_address_and_whoever_asked_gets_a_session(database: Arc<TestDatabase>) {
    let variables = [LIMITS.as_slice(), &[("PORTICO_EMAIL_VERIFICATION", "required")]].concat();
    let app = TestApp::with(&database, &variables).await;
    let (email, password) = ("jane@example.org", "correct horse battery");
    app.public().sign_up(email, password).await.data();
    ask_with_challenge(&app, "sendVerificationEmail", email).await;
    let mailed = mail(&app, email).await;
    let page = press(&app, &mailed, "").await;
    let code = redirected(&page);
    let session = exchange(&app, &code, VERIFIER).await;
    assert_eq!(
        session.data()["exchangeCode"]["session"]["user"]["emailVerified"],
        true
    );
    app.public().sign_in(email, password).await.data();
    // A second time it is good for nothing, and the page says so.
    let again = press(&app, &mailed, "").await;
    assert_eq!(again.status, 400);
    assert!(again.text.contains("This did not work"), "{}", again.text);
    // Confirmed is confirmed: no further mail is sent.
    ask(&app, "sendVerificationEmail", email).await;
    assert_eq!(mail(&app, email).await["id"], mailed["id"]);
}

async fn a_link_signs_in_whoever_asked_for_it(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = app.user("jane").await;
    // Without a challenge nobody can be told from whoever found the link: the code has to be entered.
    ask(&app, "signInPasswordlessEmail", &jane.email).await;
    let mailed = mail(&app, &jane.email).await;
    let page = press(&app, &mailed, "").await;
    assert!(
        page.status == 200 && page.text.contains("enter its code there"),
        "{}",
        page.text
    );
    enter(&app, &jane.email, &code(&mailed)).await.data();
    // With one, only its verifier opens a session, and a wrong one ends the code.
    for (verifier, fits) in [("x".repeat(43).as_str(), false), (VERIFIER, true)] {
        ask_with_challenge(&app, "signInPasswordlessEmail", &jane.email).await;
        let mailed = mail(&app, &jane.email).await;
        assert_eq!(
            confirm(&app, &ticket(&mailed)).await.error_code(),
            "invalid-ticket"
        );
        let code = redirected(&press(&app, &mailed, "").await);
        let answer = exchange(&app, &code, verifier).await;
        assert_eq!(answer.body.get("errors").is_none(), fits, "{}", answer.text);
        assert_eq!(
            exchange(&app, &code, VERIFIER).await.error_code(),
            "invalid-ticket"
        );
    }
}

async fn of_fifty_who_exchange_one_code_one_gets_a_session(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = app.user("jane").await;
    ask_with_challenge(&app, "signInPasswordlessEmail", &jane.email).await;
    let code = redirected(&press(&app, &mail(&app, &jane.email).await, "").await);
    let answers = join_all((0..50).map(|_| exchange(&app, &code, VERIFIER))).await;
    let won = answers
        .iter()
        .filter(|answer| answer.body.get("errors").is_none());
    assert_eq!(won.count(), 1);
}

async fn to_look_at_a_link_changes_nothing(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = app.user("jane").await;
    ask_with_challenge(&app, "signInPasswordlessEmail", &jane.email).await;
    let mailed = mail(&app, &jane.email).await;
    let link = mailed["link"].as_str().unwrap();
    let path = &link[link.find("/v1/verify").unwrap()..];
    for (path, shown) in [
        (path.to_owned(), "<button type=\"submit\">Sign in</button>"),
        (path.replace("lang=en", "lang=fr"), "<html lang=\"fr\">"),
        (
            path.replace("type=signinPasswordless", "type=passwordReset"),
            "type=\"password\"",
        ),
        ("/v1/verify".to_owned(), "This did not work"),
        (
            "/v1/verify?ticket=%22%3E%3Cscript%3E&lang=%22&type=%22".to_owned(),
            "&quot;&gt;&lt;script&gt;",
        ),
    ] {
        let page = app.public().get(&path).await;
        assert!(
            page.status == 200 && page.text.contains(shown),
            "{path}: {}",
            page.text
        );
        assert_eq!(page.headers["referrer-policy"], "no-referrer");
        assert_eq!(page.headers["cache-control"], "no-store");
        assert!(
            page.headers["content-security-policy"]
                .to_str()
                .unwrap()
                .contains("default-src 'none'")
        );
    }
    redirected(&press(&app, &mailed, "").await);
}

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
    let arguments = [
        ("ticket", code.as_str()),
        ("email", &jane.email),
        ("newPassword", "another new phrase"),
    ];
    run(&app.public(), "resetPassword", &arguments, "").await.data();
    ask(&app, "sendPasswordResetEmail", &jane.email).await;
    let mailed = mail(&app, &jane.email).await;
    for (password, problem) in [
        ("short", "needs at least 8 characters"),
        ("another+new+phrase", "was used before"),
    ] {
        let refused = press(&app, &mailed, &format!("&newPassword={password}")).await;
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
    for (page, problem) in pages.iter().zip(["seen in a breach", "cannot be checked now"]) {
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

async fn a_ticket_is_good_for_its_purpose_and_its_user_alone(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let (jane, john) = (app.user("jane").await, app.user("john").await);
    ask(&app, "sendPasswordResetEmail", &jane.email).await;
    let reset = mail(&app, &jane.email).await;
    ask(&app, "sendVerificationEmail", &jane.email).await;
    let verify = mail(&app, &jane.email).await;
    ask(&app, "signInOtpEmail", &jane.email).await;
    let sign_in = mail(&app, &jane.email).await;
    let refused = |answer: Answer| assert_eq!(answer.error_code(), "invalid-ticket", "{}", answer.text);
    refused(confirm(&app, &ticket(&reset)).await);
    refused(enter(&app, &jane.email, &code(&reset)).await);
    refused(enter(&app, &jane.email, &ticket(&sign_in)).await);
    refused(enter(&app, &john.email, &code(&sign_in)).await);
    refused(exchange(&app, &ticket(&sign_in), VERIFIER).await);
    for mail in [&verify, &sign_in] {
        let arguments = [
            ("ticket", ticket(mail)),
            ("newPassword", "a wholly new phrase".to_owned()),
        ];
        let arguments: Vec<_> = arguments
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        refused(run(&app.public(), "resetPassword", &arguments, "").await);
    }
    for text in [
        "",
        "x",
        &"x".repeat(4_000),
        "' OR 1=1 --",
        &john.session.refresh_token,
    ] {
        refused(confirm(&app, text).await);
        refused(enter(&app, &jane.email, text).await);
        app.clock.advance(60);
    }
    // None of this used one up.
    confirm(&app, &ticket(&verify)).await.data();
    let arguments = [
        ("ticket", ticket(&reset)),
        ("newPassword", "a wholly new phrase".to_owned()),
    ];
    let arguments: Vec<_> = arguments
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    run(&app.public(), "resetPassword", &arguments, "").await.data();
}

async fn a_ticket_ends_in_time(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = app.user("jane").await;
    ask(&app, "signInOtpEmail", &jane.email).await;
    let mailed = mail(&app, &jane.email).await;
    app.clock.advance(15 * 60);
    assert_eq!(
        enter(&app, &jane.email, &code(&mailed)).await.error_code(),
        "invalid-ticket"
    );
    assert_eq!(
        confirm(&app, &ticket(&mailed)).await.error_code(),
        "invalid-ticket"
    );
    app.auth.maintain().await.unwrap();
    let connection = database.connect().await;
    use sea_orm::EntityTrait;
    assert_eq!(
        portico_entity::tickets::Entity::find()
            .all(&connection)
            .await
            .unwrap(),
        []
    );
}
