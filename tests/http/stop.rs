//! Told to stop, the program ends in time, whatever hangs.

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use portico_entity::users;
use sea_orm::{ConnectionTrait, DatabaseConnection, EntityTrait};
use tokio::task::JoinHandle;

use crate::support::database::{Kind, TestDatabase, on_both_databases};
use crate::support::process::Process;
use crate::support::requirement::Requirement;

/// Far more than a second, and far less than anything that could end by itself.
const SOON: Duration = Duration::from_millis(3_500);

on_both_databases!(
    a_request_that_waits_for_a_lock_does_not_outlast_the_time_set,
    a_second_signal_ends_the_program_at_once,
    a_start_that_waits_for_another_node_ends_when_told_to,
    what_failed_in_a_request_that_was_under_way_is_written_down,
);

/// Keeps others from writing until it is dropped.
async fn lock(database: &TestDatabase) -> DatabaseConnection {
    let connection = database.connect().await;
    let lock = match database.kind {
        Kind::Sqlite => "BEGIN IMMEDIATE",
        Kind::Postgres => "BEGIN; LOCK TABLE auth.users",
    };
    connection.execute_unprepared(lock).await.unwrap();
    connection
}

/// A sign-up that waits for the lock.
async fn waiting(process: &Process) -> JoinHandle<()> {
    let caller = process.caller.clone();
    let sign_up = tokio::spawn(async move {
        // The service may end before it answers.
        let request = caller
            .request(reqwest::Method::POST, "/v1/graphql")
            .json(&serde_json::json!({
                "query": "mutation { signUpEmailPassword(email: \"jane@example.org\", \
                          password: \"correct horse battery\") { session { accessToken } } }"
            }));
        let _ = request.send().await;
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!sign_up.is_finished());
    sign_up
}

/// A service that has so much time to end, with a request in it that waits for a lock.
async fn held_up(database: &Arc<TestDatabase>, time: &str) -> (Process, DatabaseConnection, JoinHandle<()>) {
    let settings = [
        ("PORTICO_SHUTDOWN_TIMEOUT", time),
        ("PORTICO_DATABASE_LOCK_TIMEOUT", "20s"),
    ];
    let process = Process::with(database, &settings).await;
    let lock = lock(database).await;
    let request = waiting(&process).await;
    (process, lock, request)
}

async fn a_request_that_waits_for_a_lock_does_not_outlast_the_time_set(database: Arc<TestDatabase>) {
    let (mut process, _lock, _request) = held_up(&database, "1s").await;
    process.signal("TERM");
    assert!(process.ends_within(SOON).await);
}

async fn a_second_signal_ends_the_program_at_once(database: Arc<TestDatabase>) {
    let (mut process, _lock, _request) = held_up(&database, "1h").await;
    process.signal("TERM");
    assert!(!process.ends_within(Duration::from_millis(500)).await);
    process.signal("INT");
    assert!(process.ends_within(Duration::from_secs(2)).await);
}

async fn a_start_that_waits_for_another_node_ends_when_told_to(database: Arc<TestDatabase>) {
    let file = File::create(database.folder().join("portico.db.lock")).unwrap();
    let connection = match database.kind {
        Kind::Sqlite => {
            file.lock().unwrap();
            None
        }
        Kind::Postgres => {
            let connection = database.connect().await;
            let lock = "BEGIN; LOCK TABLE auth.portico_migrations";
            connection.execute_unprepared(lock).await.unwrap();
            Some(connection)
        }
    };
    let mut process = Process::starting(&database, &[]);
    assert!(!process.ends_within(Duration::from_secs(1)).await);
    process.signal("TERM");
    assert!(process.ends_within(SOON).await);
    drop((file, connection));
}

async fn what_failed_in_a_request_that_was_under_way_is_written_down(database: Arc<TestDatabase>) {
    let settings = [
        ("PORTICO_DATABASE_LOCK_TIMEOUT", "20s"),
        ("PORTICO_DATABASE_ACQUIRE_TIMEOUT", "20s"),
    ];
    let mut process = Process::with(&database, &settings).await;
    let email = "jane@example.org";
    let answer = process.caller.sign_up(email, "correct horse battery").await;
    answer.data();
    let lock = lock(&database).await;
    let caller = process.caller.clone();
    let sign_in = tokio::spawn(async move { caller.sign_in(email, "a wrong password").await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    process.signal("TERM");
    // By then everything is noted that was to be noted before.
    tokio::time::sleep(Duration::from_secs(1)).await;
    lock.execute_unprepared("ROLLBACK").await.unwrap();
    assert_eq!(sign_in.await.unwrap().error_code(), "invalid-email-password");
    assert!(process.ends_within(SOON).await);
    let jane = users::Entity::find().one(&lock).await.unwrap().unwrap();
    assert_eq!(jane.attempt_number, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_does_not_answer_keeps_nothing_from_ending() {
    let Some((cluster, database)) = TestDatabase::with_server().await else {
        return Requirement::Postgres.absent();
    };
    let settings = [
        ("PORTICO_SHUTDOWN_TIMEOUT", "1s"),
        ("PORTICO_SMTP_URL", "smtp://127.0.0.1:1"),
    ];
    let mut process = Process::with(&database, &settings).await;
    cluster.freeze();
    // Long enough for everything that asks now and then to wait for an answer.
    tokio::time::sleep(Duration::from_secs(1)).await;
    process.signal("TERM");
    let ended = process.ends_within(SOON).await;
    cluster.thaw();
    assert!(ended);
}
