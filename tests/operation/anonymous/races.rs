//! Many who say at once who they are.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::Value;

use super::{app, nobody, say, users};
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::mailbox::{confirm, mail, ticket};

on_both_databases!(
    of_fifty_who_say_who_they_are_one_does,
    of_two_who_want_one_address_one_gets_it,
);

async fn of_fifty_who_say_who_they_are_one_does(database: Arc<TestDatabase>) {
    let app = app(&database, &[]).await;
    let visitor = nobody(&app).await;
    let answers = join_all((0..50).map(|number| {
        let (app, caller) = (&app, &visitor.caller);
        async move {
            let email = format!("ada{number}@example.org");
            say(app, caller, &email, "email-password").await
        }
    }))
    .await;
    let (won, lost): (Vec<_>, Vec<_>) = answers
        .iter()
        .partition(|answer| answer.body.get("errors").is_none());
    assert_eq!(won.len(), 1);
    for answer in lost {
        let refused = [
            "user-not-anonymous",
            "invalid-jwt",
            "too-many-requests",
            "hashing-overloaded",
        ];
        assert!(refused.contains(&answer.error_code()), "{}", answer.text);
    }
    assert_eq!(users(&app).await.as_array().unwrap().len(), 1);
}

async fn of_two_who_want_one_address_one_gets_it(database: Arc<TestDatabase>) {
    let app = app(&database, &[]).await;
    let mut tickets = Vec::new();
    for _ in 0..2 {
        let visitor = nobody(&app).await;
        say(&app, &visitor.caller, "ada@example.org", "passwordless")
            .await
            .data();
        tickets.push(ticket(&mail(&app, "ada@example.org").await));
    }
    let answers = join_all((0..50).map(|number| confirm(&app, &tickets[number % 2]))).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers
        .iter()
        .partition(|answer| answer.body.get("errors").is_none());
    assert_eq!(won.len(), 1);
    for answer in lost {
        let refused = ["invalid-ticket", "email-already-in-use"];
        assert!(refused.contains(&answer.error_code()), "{}", answer.text);
    }
    let anonymous: Vec<Value> = users(&app).await.as_array().unwrap().clone();
    assert_eq!(
        anonymous
            .iter()
            .filter(|user| user["isAnonymous"] == true)
            .count(),
        1
    );
}
