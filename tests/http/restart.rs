//! PostgreSQL that restarts: errors while it is down, none after, and nothing acknowledged is lost.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;

use super::overload::{RENAME, assert_unavailable, read_by_key};
use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::caller::Caller;
use crate::support::database::TestDatabase;
use crate::support::requirement::Requirement;

/// What lanes of requests know of the database and of each other.
#[derive(Default)]
struct Stage {
    /// Counts up when the database is about to go, and when it is back: even while it is there.
    turns: AtomicUsize,
    over: AtomicBool,
    failures: AtomicUsize,
    signed_up: AtomicUsize,
}

impl Stage {
    /// Whether a request succeeds; it has to where the database was there all the time.
    async fn ask(&self, request: impl Future<Output = Answer>) -> bool {
        let before = self.turns.load(Ordering::SeqCst);
        let answer = request.await;
        if answer.status == 200 && answer.body.get("errors").is_none() {
            return true;
        }
        let text = &answer.text;
        let was_there = before.is_multiple_of(2) && before == self.turns.load(Ordering::SeqCst);
        assert!(!was_there, "an error while the database was there: {text}");
        assert_unavailable(&answer);
        self.failures.fetch_add(1, Ordering::Relaxed);
        false
    }

    /// Returns once a counter has grown by so many.
    async fn until(counter: &AtomicUsize, more: usize) {
        let goal = counter.load(Ordering::Relaxed) + more;
        for _ in 0..1_200 {
            if counter.load(Ordering::Relaxed) >= goal {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("nothing happened for a minute");
    }
}

/// Signs up one user after the other; returns the addresses that were acknowledged.
async fn sign_ups(caller: Caller, stage: Arc<Stage>, lane: usize) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for number in 0.. {
        if stage.over.load(Ordering::Relaxed) {
            break;
        }
        let email = format!("user{lane}.{number}@example.org");
        if stage.ask(caller.sign_up(&email, "correct horse battery")).await {
            stage.signed_up.fetch_add(1, Ordering::Relaxed);
            acknowledged.push(email);
        }
    }
    acknowledged
}

async fn reads(caller: Caller, stage: Arc<Stage>) {
    while !stage.over.load(Ordering::Relaxed) {
        stage
            .ask(caller.graphql("{ me { id } users { id roles { role } } }"))
            .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_under_load_loses_nothing_acknowledged() {
    let Some((cluster, database)) = TestDatabase::with_server().await else {
        return Requirement::Postgres.absent();
    };
    let app = TestApp::with(&database, &[("PORTICO_LIMIT_SIGN_UPS", "1000000")]).await;
    let jane = app.user("jane").await;
    let stage = Arc::new(Stage::default());
    let signing_up: Vec<_> = (0..3)
        .map(|lane| tokio::spawn(sign_ups(app.public(), Arc::clone(&stage), lane)))
        .collect();
    let reading: Vec<_> = (0..3)
        .map(|_| tokio::spawn(reads((*jane).clone(), Arc::clone(&stage))))
        .collect();
    Stage::until(&stage.signed_up, 4).await;
    for _ in 0..2 {
        stage.turns.fetch_add(1, Ordering::SeqCst);
        // The programs that stop and start a server block.
        tokio::task::block_in_place(|| cluster.stop());
        Stage::until(&stage.failures, 10).await;
        tokio::task::block_in_place(|| cluster.start());
        stage.turns.fetch_add(1, Ordering::SeqCst);
        Stage::until(&stage.signed_up, 4).await;
    }
    stage.over.store(true, Ordering::Relaxed);
    for lane in reading {
        lane.await.unwrap();
    }
    let mut acknowledged = Vec::new();
    for lane in signing_up {
        acknowledged.extend(lane.await.unwrap());
    }
    let present = app.admin().graphql("{ users { email } }").await.values("email");
    for email in acknowledged {
        assert!(
            present.contains(&json!(email)),
            "{email} was signed up and is gone"
        );
    }
    database.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_that_nobody_notices_fails_no_request() {
    let Some((cluster, database)) = TestDatabase::with_server().await else {
        return Requirement::Postgres.absent();
    };
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let rounds = async || {
        for _ in 0..10 {
            read_by_key(&jane, jane.id).await;
            app.admin().graphql("{ users { id } }").await.data();
            app.admin()
                .graphql_with(RENAME, json!({ "id": jane.id }))
                .await
                .data();
            jane.sign_in_again().await;
        }
    };
    rounds().await;
    tokio::task::block_in_place(|| {
        cluster.stop();
        cluster.start();
    });
    rounds().await;
    database.finish().await;
}
