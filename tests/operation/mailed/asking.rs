//! To ask for a mail tells nothing, and is limited.

use std::sync::Arc;

use serde_json::json;

use super::app;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::mailbox::{ask, run};

on_both_databases!(
    the_answer_and_the_work_are_the_same_for_unknown_addresses,
    only_so_many_mails_are_sent_to_one_address,
    nobody_is_mailed_what_cannot_work,
);

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

/// Of somebody deleted there is the address still: nobody signs in with it, or up.
async fn nobody_is_mailed_what_cannot_work(database: Arc<TestDatabase>) {
    use portico_entity::{outbox, tickets};
    use sea_orm::{EntityTrait, PaginatorTrait};
    let app = app(&database).await;
    let jane = app.user("jane").await;
    let delete = "mutation ($id: uuid!) { updateUser(pk_columns: { id: $id }, _set: { deletedAt: \"2026-01-01\" }) { id } }";
    app.admin()
        .graphql_with(delete, json!({ "id": jane.id }))
        .await
        .data();
    let connection = database.connect().await;
    let mut left = Vec::new();
    for email in [jane.email.as_str(), "nobody@example.org"] {
        ask(&app, "signInOtpEmail", email).await;
        left.push((
            outbox::Entity::find().count(&connection).await.unwrap(),
            tickets::Entity::find().count(&connection).await.unwrap(),
        ));
    }
    assert_eq!(left, [(1, 1), (2, 2)], "the work is the same");
    let list = app.public().get("/dev/outbox.json").await;
    assert!(!list.text.contains(&jane.email), "{}", list.text);
    assert!(list.text.contains("nobody@example.org"), "{}", list.text);
}
