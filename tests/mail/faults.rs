//! A mail server that is down, slow, refuses or breaks off.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use portico_auth::Clock;
use portico_entity::outbox::{Entity, Model};
use sea_orm::{DatabaseConnection, EntityTrait};

use super::sent::node;
use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::smtp::{Conduct, SmtpServer, Stage};

on_both_databases!(
    a_mail_waits_for_a_server_that_fails_and_then_arrives_once,
    a_mail_waits_for_a_server_that_takes_one_command_at_a_time_and_fails,
    a_mail_that_the_server_will_never_take_is_given_up,
    attempts_are_further_apart_each_time_until_the_mail_is_worth_nothing,
    a_mail_waits_for_a_server_that_is_down,
);

/// How long a claim lasts.
const CLAIM: TimeDelta = TimeDelta::minutes(5);

async fn sign_up(app: &TestApp, name: &str) {
    let email = format!("{name}@example.org");
    app.public().sign_up(&email, "correct horse battery").await.data();
}

/// The only message, once something is true of it.
async fn until(connection: &DatabaseConnection, fits: impl Fn(&Model) -> bool) -> Model {
    for _ in 0..600 {
        let rows = Entity::find().all(connection).await.unwrap();
        if let [row] = rows.as_slice()
            && fits(row)
        {
            return row.clone();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{:?}", Entity::find().all(connection).await.unwrap());
}

async fn a_mail_waits_for_a_server_that_fails_and_then_arrives_once(database: Arc<TestDatabase>) {
    fail_and_take(&database, &SmtpServer::start().await).await;
}

async fn a_mail_waits_for_a_server_that_takes_one_command_at_a_time_and_fails(database: Arc<TestDatabase>) {
    let server = SmtpServer::start().await;
    server.take_one_at_a_time();
    fail_and_take(&database, &server).await;
}

async fn fail_and_take(database: &Arc<TestDatabase>, server: &SmtpServer) {
    let app = node(database, server, &[("PORTICO_SMTP_TIMEOUT", "1s")]).await;
    for (number, (conduct, reason)) in [
        (Conduct::Answers(Stage::Greeting, "554 not today"), "554"),
        (
            Conduct::Answers(Stage::Recipient, "450 4.2.1 come back later"),
            "450",
        ),
        (
            Conduct::Answers(Stage::Sender, "550 5.7.1 sender not allowed"),
            "sender not allowed",
        ),
        (Conduct::Answers(Stage::End, "451 4.3.0 try again"), "451"),
        (Conduct::BreaksOff(Stage::Greeting), ""),
        (Conduct::BreaksOff(Stage::Recipient), ""),
        (Conduct::BreaksOff(Stage::Content), ""),
        (
            Conduct::Waits(Stage::Greeting, Duration::from_secs(60)),
            "longer than 1 s",
        ),
        (
            Conduct::Waits(Stage::Content, Duration::from_secs(60)),
            "longer than 1 s",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let connection = database.connect().await;
        server.behave(conduct);
        // Longer than a connection is used again without a question.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        sign_up(&app, &format!("jane{number}")).await;
        let row = until(&connection, |row| row.last_error.is_some()).await;
        let error = row.last_error.unwrap();
        assert!(error.contains(reason), "{conduct:?}: {error}");
        assert!(row.sealed_body.is_some() && row.sent_at.is_none(), "{conduct:?}");
        server.behave(Conduct::Good);
        app.clock.advance(6);
        until(&connection, |row| row.sent_at.is_some()).await;
        assert_eq!(server.received().len(), number + 1, "{conduct:?}");
        Entity::delete_many().exec(&connection).await.unwrap();
    }
}

async fn a_mail_that_the_server_will_never_take_is_given_up(database: Arc<TestDatabase>) {
    let server = SmtpServer::start().await;
    let app = node(&database, &server, &[]).await;
    for (number, stage) in [Stage::Recipient, Stage::End].into_iter().enumerate() {
        let connection = database.connect().await;
        server.behave(Conduct::Answers(stage, "550 5.1.1 no such mailbox"));
        sign_up(&app, &format!("jane{number}")).await;
        let row = until(&connection, |row| row.sealed_body.is_none()).await;
        assert_eq!((row.sent_at, row.attempts), (None, 1));
        assert!(row.last_error.unwrap().contains("no such mailbox"));
        server.behave(Conduct::Good);
        app.clock.advance(3_600);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(server.received(), []);
        Entity::delete_many().exec(&connection).await.unwrap();
    }
}

async fn attempts_are_further_apart_each_time_until_the_mail_is_worth_nothing(database: Arc<TestDatabase>) {
    let server = SmtpServer::start().await;
    server.behave(Conduct::Answers(Stage::Recipient, "450 later"));
    let app = node(&database, &server, &[("PORTICO_VERIFICATION_LIFETIME", "10m")]).await;
    let connection = database.connect().await;
    sign_up(&app, "jane").await;
    let mut pauses = Vec::new();
    for attempt in 1..=4 {
        // While it is claimed, the next attempt lies minutes ahead.
        let now = app.clock.now();
        let failed = until(&connection, |row| {
            row.attempts == attempt && row.next_attempt_at - now < CLAIM
        })
        .await;
        pauses.push((failed.next_attempt_at - now).num_seconds());
        app.clock.advance(pauses[pauses.len() - 1]);
    }
    assert_eq!(pauses, [5, 15, 45, 120]);
    app.clock.advance(600);
    server.behave(Conduct::Good);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(server.received(), []);
    app.auth.maintain().await.unwrap();
    assert_eq!(Entity::find().all(&connection).await.unwrap(), []);
}

async fn a_mail_waits_for_a_server_that_is_down(database: Arc<TestDatabase>) {
    let server = SmtpServer::start().await;
    let app = node(&database, &server, &[("PORTICO_SMTP_URL", "smtp://127.0.0.1:1")]).await;
    let connection = database.connect().await;
    sign_up(&app, "jane").await;
    until(&connection, |row| row.last_error.is_some()).await;
    database.finish().await;
    let app = node(&database, &server, &[]).await;
    app.clock.advance(60);
    server.mail_to("jane@example.org", 0).await;
    let row = until(&connection, |row| row.sent_at.is_some()).await;
    assert_eq!(row.attempts, 2);
}
