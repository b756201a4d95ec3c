//! Who may ask for another address, for which, and how often.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{LIMITS, app, change, changed, me, refused, undo};
use crate::support::app::TestApp;
use crate::support::caller::Caller;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::mailbox::{
    SESSION, VERIFIER, ask, code, confirm, enter, exchange, mail, other, run, ticket,
};

on_both_databases!(
    taken_and_free_addresses_are_answered_alike,
    what_is_not_a_change_changes_nothing,
    only_a_signed_in_user_asks_for_it,
    only_so_many_changes_are_asked_for,
    codes_for_one_address_after_the_other_are_guessed_as_those_for_one,
);

async fn taken_and_free_addresses_are_answered_alike(database: Arc<TestDatabase>) {
    use portico_entity::{audit_events, outbox, tickets};
    use sea_orm::{EntityTrait, PaginatorTrait};
    let app = app(&database).await;
    let jane = app.user("jane").await;
    let john = app.user("john").await;
    let connection = database.connect().await;
    let counts = async || {
        [
            outbox::Entity::find().count(&connection).await.unwrap(),
            tickets::Entity::find().count(&connection).await.unwrap(),
            audit_events::Entity::find().count(&connection).await.unwrap(),
        ]
    };
    let mut seen = Vec::new();
    for email in [john.email.as_str(), "free@example.org"] {
        let before = counts().await;
        let answer = change(&app, &jane, email).await;
        let after = counts().await;
        let mut own = me(&jane).await;
        assert_eq!(own["newEmail"], email);
        own["newEmail"] = Value::Null;
        seen.push((
            answer.status,
            answer.text,
            own,
            [0, 2].map(|at| after[at] - before[at]),
            after[1],
        ));
    }
    assert_eq!(seen[0], seen[1]);
    let told = mail(&app, &john.email).await;
    assert_eq!(
        (&told["template"], &told["code"]),
        (&json!("email-taken"), &Value::Null)
    );
    assert_eq!(
        mail(&app, "free@example.org").await["template"],
        "email-confirm-change"
    );
}

async fn what_is_not_a_change_changes_nothing(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let (jane, john) = (app.user("jane").await, app.user("john").await);
    let told = changed(&app, &john, &john.email, "other@example.org").await;
    change(&app, &jane, "new@example.org").await.data();
    let mailed = mail(&app, "new@example.org").await;
    refused(&undo(&app, &ticket(&mailed)).await);
    refused(&exchange(&app, &ticket(&mailed), VERIFIER).await);
    refused(&enter(&app, "new@example.org", &code(&mailed)).await);
    let reset = [
        ("ticket", ticket(&mailed)),
        ("newPassword", "a wholly new phrase".to_owned()),
    ];
    let reset = reset.each_ref().map(|(name, value)| (*name, value.as_str()));
    refused(&run(&app.public(), "resetPassword", &reset, "").await);
    refused(&confirm(&app, &ticket(&told)).await);
    ask(&app, "sendVerificationEmail", &jane.email).await;
    let verify = mail(&app, &jane.email).await;
    refused(&undo(&app, &ticket(&verify)).await);
    for text in ["", "x", &"x".repeat(4_000), "' OR 1=1 --"] {
        refused(&undo(&app, text).await);
    }
    // None of this used one up.
    confirm(&app, &ticket(&mailed)).await.data();
    undo(&app, &ticket(&told)).await.data();
    // The address that was to be confirmed is not that of the account any more.
    refused(&confirm(&app, &ticket(&verify)).await);
    for (email, rule) in [
        ("", "newEmail must be a valid email address"),
        ("a\nb@example.org", "newEmail must be a valid email address"),
        ("<script>@example.org", "newEmail must be a valid email address"),
        ("{{ link }}@example.org", "newEmail must be a valid email address"),
        (
            "NEW@example.org",
            "newEmail is the address of the account already",
        ),
    ] {
        let answer = change(&app, &jane, email).await;
        assert_eq!(answer.error_code(), "invalid-request", "{email}");
        assert_eq!(answer.body["errors"][0]["message"], rule);
    }
}

async fn only_a_signed_in_user_asks_for_it(database: Arc<TestDatabase>) {
    let variables = [
        LIMITS.as_slice(),
        &[("PORTICO_ELEVATED_OPERATIONS", "changeEmail")],
    ]
    .concat();
    let app = TestApp::with(&database, &variables).await;
    let jane = app.user("jane").await;
    for (caller, code) in [
        (app.public(), "validation-failed"),
        (app.admin(), "unauthenticated"),
        ((*jane).clone(), "elevated-claim-required"),
    ] {
        let answer = change(&app, &caller, "new@example.org").await;
        assert_eq!(answer.error_code(), code);
    }
    let query = "mutation ($password: String!) { elevatePassword(password: $password) { accessToken } }";
    let proved = jane
        .graphql_with(query, json!({ "password": jane.password }))
        .await;
    let proved = app
        .public()
        .bearer(&proved.string("/elevatePassword/accessToken"));
    change(&app, &proved, "new@example.org").await.data();
}

async fn only_so_many_changes_are_asked_for(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &[("PORTICO_LIMIT_MAIL_REQUESTS", "10000")]).await;
    let jane = app.user("jane").await;
    for number in 0..10 {
        change(&app, &jane, &format!("new{number}@example.org"))
            .await
            .data();
    }
    let answer = change(&app, &jane, "another@example.org").await;
    assert_eq!((answer.error_code(), answer.status), ("too-many-requests", 429));
}

async fn codes_for_one_address_after_the_other_are_guessed_as_those_for_one(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let (jane, john) = (app.user("jane").await, app.user("john").await);
    let present = async |caller: &Caller, email: &str, code: &str| {
        let arguments = [("ticket", code), ("email", email)];
        run(caller, "confirmTicket", &arguments, SESSION).await
    };
    // Five wrong ones end a code, and ten in all are free.
    for email in ["a@example.org", "b@example.org"] {
        change(&app, &jane, email).await.data();
        let wrong = other(&code(&mail(&app, email).await));
        for _ in 0..5 {
            refused(&present(&jane, email, &wrong).await);
        }
    }
    let email = "c@example.org";
    change(&app, &jane, email).await.data();
    let right = code(&mail(&app, email).await);
    let late = present(&jane, email, &right).await;
    assert_eq!((late.error_code(), late.status), ("too-many-requests", 429));
    // Whoever else asks for a code has guesses of their own.
    change(&app, &john, email).await.data();
    let wrong = other(&code(&mail(&app, email).await));
    refused(&present(&john, email, &wrong).await);
    app.clock.advance(6);
    present(&jane, email, &right).await.data();
}
