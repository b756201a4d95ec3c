//! What a mailed code does, and how often it is guessed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;

use super::{LIMITS, app};
use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::mailbox::{SESSION, ask, code, confirm, enter, mail, other, run, ticket};

on_both_databases!(
    a_code_signs_in_once_and_five_wrong_ones_end_it,
    of_fifty_who_use_one_code_one_signs_in,
    a_new_code_ends_the_old_one_and_brings_no_new_guesses,
    whoever_is_unknown_signs_up_by_mail_where_that_is_allowed,
    an_address_that_was_taken_in_advance_belongs_to_whoever_reads_its_mail,
    a_wrong_code_does_the_same_work_for_whoever_gets_no_mail,
);

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

async fn a_wrong_code_does_the_same_work_for_whoever_gets_no_mail(database: Arc<TestDatabase>) {
    use portico_entity::tickets;
    use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
    let app = app(&database).await;
    // Confirmed and activated: nothing is left to prove.
    let create =
        "mutation { createUser(email: \"jane@example.org\", options: { emailVerified: true }) { id } }";
    app.admin().graphql(create).await.data();
    let connection = database.connect().await;
    let nobody = "nobody@example.org";
    for (asking, answering, name, selection) in [
        ("sendVerificationEmail", "confirmTicket", "ticket", SESSION),
        ("resendActivationCode", "activateAccount", "code", ""),
    ] {
        for email in ["jane@example.org", nobody] {
            ask(&app, asking, email).await;
            let arguments = [(name, "000000"), ("email", email)];
            let answer = run(&app.public(), answering, &arguments, selection).await;
            assert_eq!(answer.error_code(), "invalid-ticket");
            let asked = tickets::Entity::find().filter(tickets::Column::Address.eq(email));
            let asked = asked.all(&connection).await.unwrap();
            let attempts: Vec<_> = asked.iter().map(|ticket| ticket.attempts).collect();
            assert_eq!(attempts, vec![1; attempts.len()], "{answering}: {email}");
        }
    }
    // Where nothing was mailed there is nothing to write; it takes whole steps of time all the same.
    let begin = Instant::now();
    let answer = enter(&app, nobody, "000000").await;
    assert_eq!(answer.error_code(), "invalid-ticket");
    assert!(begin.elapsed() >= Duration::from_millis(20));
}
