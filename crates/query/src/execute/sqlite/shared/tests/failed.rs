//! Statements and commits that fail, for one or for all who share.

use std::pin::pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Database, insert, queue, waits};
use crate::error::Code;
use crate::execute::ExecutorSettings;

/// Does not end by itself.
const ENDLESS: &str = "INSERT INTO things (name) WITH RECURSIVE numbers (n) AS \
    (SELECT 1 UNION ALL SELECT n + 1 FROM numbers) SELECT 'number ' || count(*) FROM numbers";

#[tokio::test]
async fn a_statement_that_is_stopped_fails_all_who_share() {
    let database = Database::with(ExecutorSettings {
        statement_timeout: Duration::from_millis(50),
        ..ExecutorSettings::default()
    });
    let (first, second, third) = queue(&database).await;

    let mut second = second.await;
    insert(&mut second, "second").unwrap();
    assert_eq!(second.send(ENDLESS, Vec::new()).unwrap_err().code, Code::Timeout);
    let failure = insert(&mut second, "by itself").unwrap_err();
    assert_eq!(failure.code, Code::Unavailable);
    assert_eq!(second.commit().await.unwrap_err().code, Code::Unavailable);
    assert_eq!(first.await.unwrap_err().code, Code::Unavailable);
    assert!(database.names().is_empty());

    let mut third = third.await;
    insert(&mut third, "third").unwrap();
    third.commit().await.unwrap();
    assert_eq!(database.names(), ["third"]);
}

#[tokio::test]
async fn what_one_is_refused_does_not_touch_the_others() {
    let database = Database::new();
    let (first, second, third) = queue(&database).await;

    let mut second = second.await;
    insert(&mut second, "second").unwrap();
    let failure = insert(&mut second, "first").unwrap_err();
    assert_eq!(failure.code, Code::ConstraintViolation);
    second.send("PRAGMA defer_foreign_keys=ON", Vec::new()).unwrap();
    drop(second);
    let mut third = third.await;
    let dangling = "INSERT INTO things (name, next) VALUES ('dangling', 4711)";
    let failure = third.send(dangling, Vec::new()).unwrap_err();
    assert_eq!(failure.code, Code::ConstraintViolation);
    insert(&mut third, "third").unwrap();
    third.commit().await.unwrap();
    first.await.unwrap();
    assert_eq!(database.names(), ["first", "third"]);
}

#[tokio::test]
async fn nothing_is_stored_where_the_commit_fails() {
    let database = Database::new();
    let mut first = database.begin().await;
    insert(&mut first, "first").unwrap();
    let mut second = pin!(database.begin());
    let mut single = pin!(database.write("single"));
    assert!(waits(&mut second) && waits(&mut single));
    let mut first = pin!(first.commit());
    assert!(waits(&mut first));
    let mut second = second.await;
    insert(&mut second, "second").unwrap();
    database.fails.store(true, Ordering::Relaxed);
    assert_eq!(second.commit().await.unwrap_err().code, Code::Unavailable);
    assert_eq!(first.await.unwrap_err().code, Code::Unavailable);
    // It is written again, by itself.
    single.await.unwrap();
    assert_eq!(database.names(), ["single"]);

    let mut alone = database.begin().await;
    insert(&mut alone, "alone").unwrap();
    database.fails.store(true, Ordering::Relaxed);
    assert_eq!(alone.commit().await.unwrap_err().code, Code::Unavailable);
    database.write("later").await.unwrap();
    assert_eq!(database.names(), ["later", "single"]);
}
