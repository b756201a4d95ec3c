//! Transactions that nobody ends, and whoever leaves while it waits.

use std::pin::pin;

use super::{Database, insert, queue, waits};

#[tokio::test]
async fn one_that_does_not_finish_leaves_no_trace_and_the_others_are_stored() {
    let database = Database::new();
    let (mut first, second, third) = queue(&database).await;

    let mut second = second.await;
    insert(&mut second, "second").unwrap();
    drop(second);
    let mut third = third.await;
    insert(&mut third, "third").unwrap();
    assert!(database.names().is_empty(), "seen before the commit");
    assert!(waits(&mut first), "told before the commit");

    third.commit().await.unwrap();
    first.await.unwrap();
    assert_eq!(database.names(), ["first", "third"]);
    assert_eq!(database.commits(), 1);
}

#[tokio::test]
async fn the_first_dropped_leaves_no_trace_and_the_next_begins_anew() {
    let database = Database::new();
    let mut first = database.begin().await;
    insert(&mut first, "first").unwrap();
    let mut second = pin!(database.begin());
    assert!(waits(&mut second));
    drop(first);
    let mut second = second.await;
    insert(&mut second, "second").unwrap();
    second.commit().await.unwrap();
    assert_eq!(database.names(), ["second"]);
}

#[tokio::test]
async fn the_last_dropped_commits_for_those_before_it() {
    let database = Database::new();
    let mut first = database.begin().await;
    insert(&mut first, "first").unwrap();
    let mut second = pin!(database.begin());
    assert!(waits(&mut second));
    let mut first = pin!(first.commit());
    assert!(waits(&mut first));
    let mut second = second.await;
    insert(&mut second, "second").unwrap();
    // Where there is no runtime, too.
    std::thread::spawn(move || drop(second)).join().unwrap();
    assert_eq!(database.names(), ["first"]);
    first.await.unwrap();
    database.write("third").await.unwrap();
    assert_eq!(database.names(), ["first", "third"]);
}

#[tokio::test]
async fn whoever_leaves_while_it_waits_harms_nobody() {
    let database = Database::new();
    let mut first = database.begin().await;
    insert(&mut first, "first").unwrap();
    let mut early = Box::pin(database.begin());
    let mut handed = Box::pin(database.begin());
    let mut next = Box::pin(database.begin());
    assert!(waits(&mut early) && waits(&mut handed) && waits(&mut next));
    drop(early);
    let mut first = pin!(first.commit());
    assert!(waits(&mut first));
    // It has the turn, and does not know yet.
    drop(handed);
    let mut next = next.await;
    insert(&mut next, "next").unwrap();
    let mut last = Box::pin(database.begin());
    assert!(waits(&mut last));
    let mut committing = Box::pin(next.commit());
    assert!(waits(&mut committing));
    // Finished, it is stored, whether it waits or not.
    drop(committing);
    drop(last);
    first.await.unwrap();
    assert_eq!(database.names(), ["first", "next"]);
    assert_eq!(database.commits(), 1);
}
