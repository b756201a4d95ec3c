//! Several nodes send from one outbox, and one that dies leaves its messages to the others.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use portico_auth::Clock;

use super::sent::{node, settings};
use crate::support::app::TestApp;
use crate::support::clock::TestClock;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::process::Process;
use crate::support::smtp::{Conduct, SmtpServer, Stage};

on_both_databases!(
    two_nodes_send_each_mail_once,
    a_node_that_is_killed_loses_no_mail_and_none_arrives_twice,
    a_node_that_stops_gives_back_what_it_has_not_sent,
    a_node_begins_with_no_mail_that_another_may_soon_take,
);

async fn sign_up_all(app: &TestApp, count: usize) -> BTreeSet<String> {
    let emails: BTreeSet<String> = (0..count)
        .map(|number| format!("jane{number}@example.org"))
        .collect();
    for email in &emails {
        app.public().sign_up(email, "correct horse battery").await.data();
    }
    emails
}

fn recipients(server: &SmtpServer) -> Vec<String> {
    let mut recipients: Vec<_> = server.received().into_iter().flat_map(|mail| mail.to).collect();
    recipients.sort_unstable();
    recipients
}

async fn two_nodes_send_each_mail_once(database: Arc<TestDatabase>) {
    let server = SmtpServer::start().await;
    // Slow enough for each to find messages that the other is sending.
    server.behave(Conduct::Waits(Stage::End, Duration::from_millis(50)));
    let own = settings(&server);
    let own: Vec<_> = own.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let silent: Vec<_> = own
        .iter()
        .filter(|(name, _)| *name != "PORTICO_SMTP_URL")
        .copied()
        .collect();
    let emails = sign_up_all(&TestApp::with(&database, &silent).await, 40).await;
    let clock = Arc::new(TestClock::new());
    let _nodes = tokio::join!(
        TestApp::node(&database, Arc::clone(&clock), &own),
        TestApp::node(&database, Arc::clone(&clock), &own),
    );
    server.wait_for(40).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(recipients(&server), Vec::from_iter(emails));
}

async fn a_node_that_is_killed_loses_no_mail_and_none_arrives_twice(database: Arc<TestDatabase>) {
    let server = SmtpServer::start().await;
    // It is killed while messages are on their way, some of which it has claimed only.
    server.behave(Conduct::Waits(Stage::Content, Duration::from_secs(3_600)));
    let own = settings(&server);
    let own: Vec<_> = own.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut process = Process::with(&database, &own).await;
    let mut emails = BTreeSet::new();
    for number in 0..8 {
        let email = format!("jane{number}@example.org");
        process
            .caller
            .sign_up(&email, "correct horse battery")
            .await
            .data();
        emails.insert(email);
    }
    while server.connections() < 4 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    process.kill();
    assert_eq!(server.received(), []);
    server.behave(Conduct::Good);
    let app = node(&database, &server, &[]).await;
    // The process lives in the time of the machine.
    let behind = portico_server::SystemClock.now() - app.clock.now();
    app.clock.advance(behind.num_seconds() + 600);
    server.wait_for(8).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(recipients(&server), Vec::from_iter(emails));
}

async fn a_node_that_stops_gives_back_what_it_has_not_sent(database: Arc<TestDatabase>) {
    let server = SmtpServer::start().await;
    server.behave(Conduct::Waits(Stage::End, Duration::from_millis(500)));
    let one = [("PORTICO_SMTP_CONNECTIONS", "1")];
    let app = node(&database, &server, &[("PORTICO_SMTP_URL", "")]).await;
    let emails = sign_up_all(&app, 6).await;
    database.finish().await;
    let _first = node(&database, &server, &one).await;
    server.wait_for(1).await;
    // What is under way arrives; the rest is there for another at once.
    database.finish().await;
    let sent = server.received().len();
    assert!(sent < 6, "{sent}");
    server.behave(Conduct::Good);
    let _second = node(&database, &server, &one).await;
    server.wait_for(6).await;
    assert_eq!(recipients(&server), Vec::from_iter(emails));
}

async fn a_node_begins_with_no_mail_that_another_may_soon_take(database: Arc<TestDatabase>) {
    let server = SmtpServer::start().await;
    server.behave(Conduct::Waits(Stage::End, Duration::from_secs(1)));
    let own = settings(&server);
    let mut own: Vec<_> = own.iter().map(|(name, value)| (*name, value.as_str())).collect();
    own.push(("PORTICO_SMTP_CONNECTIONS", "1"));
    let silent: Vec<_> = own
        .iter()
        .filter(|(name, _)| *name != "PORTICO_SMTP_URL")
        .copied()
        .collect();
    sign_up_all(&TestApp::with(&database, &silent).await, 2).await;
    let clock = Arc::new(TestClock::new());
    let _node = TestApp::node(&database, Arc::clone(&clock), &own).await;
    // Both are claimed, for five minutes, and one is on its way.
    tokio::time::sleep(Duration::from_millis(500)).await;
    clock.advance(298);
    server.wait_for(1).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(recipients(&server).len(), 1);
    clock.advance(3);
    server.wait_for(2).await;
}
