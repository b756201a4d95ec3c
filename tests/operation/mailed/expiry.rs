//! What was mailed ends by itself.

use std::sync::Arc;

use super::app;
use crate::support::answer::Answer;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::mailbox::{VERIFIER, ask, code, confirm, enter, exchange, mail, run, ticket};

on_both_databases!(
    a_ticket_is_good_for_its_purpose_and_its_user_alone,
    a_ticket_ends_in_time,
);

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
