//! The turn to write: who waits for it, and how long.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use rusqlite::Connection;

use super::{Database, insert, waits};
use crate::error::Code;
use crate::execute::ExecutorSettings;

#[tokio::test]
async fn whoever_gets_no_turn_in_time_is_refused() {
    let database = Database::with(ExecutorSettings {
        acquire_timeout: Duration::from_millis(20),
        ..ExecutorSettings::default()
    });
    let mut first = database.begin().await;
    let refused = database.executor.begin().await.err().unwrap();
    assert_eq!(refused.code, Code::Unavailable);
    insert(&mut first, "first").unwrap();
    first.commit().await.unwrap();
    assert_eq!(database.names(), ["first"]);
}

#[tokio::test]
async fn another_process_that_writes_is_waited_for() {
    let database = Database::new();
    let other = Connection::open(&database.executor.file.path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut first = pin!(database.begin());
    let mut second = pin!(database.begin());
    assert!(waits(&mut first) && waits(&mut second));
    other.execute_batch("COMMIT").unwrap();
    let mut first = first.await;
    insert(&mut first, "first").unwrap();
    let mut first = pin!(first.commit());
    assert!(waits(&mut first));
    second.await.commit().await.unwrap();
    first.await.unwrap();
    assert_eq!(database.names(), ["first"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_writers_get_their_turn_while_transactions_keep_coming() {
    let database = Arc::new(Database::new());
    let over = Arc::new(AtomicBool::new(false));
    let tasks: Vec<_> = (0..32)
        .map(|task| {
            let (database, over) = (Arc::clone(&database), Arc::clone(&over));
            tokio::spawn(async move {
                let mut written = 0;
                while !over.load(Ordering::Relaxed) {
                    let mut open = database.begin().await;
                    insert(&mut open, &format!("{task} {written}")).unwrap();
                    open.commit().await.unwrap();
                    written += 1;
                }
                written
            })
        })
        .collect();
    let patience = ExecutorSettings::default().acquire_timeout;
    for turn in 0..5 {
        let waited = tokio::time::timeout(patience, database.writing.lock()).await;
        drop(waited.expect("no turn in time"));
        database.write(&format!("single {turn}")).await.unwrap();
    }
    over.store(true, Ordering::Relaxed);
    let written: usize = join_all(tasks).await.into_iter().map(Result::unwrap).sum();
    assert_eq!(database.names().len(), written + 5);
}
