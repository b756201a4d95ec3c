//! Transactions that share a commit.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::{Database, insert, waits};
use crate::error::Code;
use crate::execute::sqlite::lock;
use crate::execute::sqlite::shared::{LONGEST, MOST_TOGETHER};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_are_stored_by_few_commits() {
    let database = Arc::new(Database::new());
    let turn = Arc::clone(&database.writing).lock_owned().await;
    let tasks = (0..50).map(|number| {
        let database = Arc::clone(&database);
        tokio::spawn(async move {
            let mut open = database.begin().await;
            insert(&mut open, &format!("{number:02}")).unwrap();
            let found = open.query("SELECT count(*) FROM things", Vec::new()).unwrap();
            open.commit().await.unwrap();
            // Whoever is told reads what it wrote.
            assert!(database.names().contains(&format!("{number:02}")));
            found.rows
        })
    });
    let tasks: Vec<_> = tasks.collect();
    while lock(&database.executor.line.0).len() < 50 {
        tokio::task::yield_now().await;
    }
    drop(turn);
    let mut seen: Vec<_> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
    // Each saw those before it.
    seen.sort_by_key(|rows| format!("{rows:?}").len());
    seen.dedup();
    assert_eq!(seen.len(), 50);
    assert_eq!(database.names().len(), 50);
    let commits = database.commits();
    assert!(
        (50usize.div_ceil(MOST_TOGETHER)..=10).contains(&commits),
        "{commits}"
    );
}

#[tokio::test]
async fn one_alone_commits_by_itself() {
    let database = Database::new();
    for name in ["a", "b"] {
        let mut open = database.begin().await;
        insert(&mut open, name).unwrap();
        open.commit().await.unwrap();
    }
    let mut open = database.begin().await;
    insert(&mut open, "c").unwrap();
    drop(open);
    assert_eq!(database.names(), ["a", "b"]);
    assert_eq!(database.commits(), 2);
}

#[tokio::test]
async fn single_writes_that_wait_go_with_it() {
    let database = Database::new();
    let mut first = database.begin().await;
    insert(&mut first, "first").unwrap();
    let (mut single, mut twice) = (pin!(database.write("single")), pin!(database.write("first")));
    assert!(waits(&mut single) && waits(&mut twice));
    first.commit().await.unwrap();
    single.await.unwrap();
    assert_eq!(twice.await.unwrap_err().code, Code::ConstraintViolation);
    assert_eq!(database.names(), ["first", "single"]);
    assert_eq!(database.commits(), 1);
}

#[tokio::test]
async fn what_has_taken_long_is_shared_no_more() {
    let database = Database::new();
    let mut first = database.begin().await;
    insert(&mut first, "first").unwrap();
    let (mut second, mut other) = (pin!(database.begin()), pin!(database.writing.lock()));
    assert!(waits(&mut second) && waits(&mut other));
    tokio::time::sleep(LONGEST).await;
    // Nobody else does anything meanwhile.
    first.commit().await.unwrap();
    assert_eq!(database.names(), ["first"]);
    let mut second = second.await;
    insert(&mut second, "second").unwrap();
    second.commit().await.unwrap();
    drop(other.await);
    assert_eq!(database.commits(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_comes_in_between_what_is_told_is_so() {
    let database = Arc::new(Database::new());
    let tasks = (0..300u64).map(|number| {
        let database = Arc::clone(&database);
        tokio::spawn(async move {
            let name = format!("{number:03}");
            let flow = async {
                if number % 5 == 1 {
                    return database.write(&name).await.is_ok();
                }
                let Ok(mut open) = database.executor.begin().await else {
                    return false;
                };
                insert(&mut open, &name).unwrap();
                tokio::task::yield_now().await;
                number % 5 != 2 && open.commit().await.is_ok()
            };
            // Some of them leave, wherever they are.
            let patience = match number % 3 {
                0 => Duration::from_micros(number * 100),
                _ => Duration::from_secs(10),
            };
            let told = tokio::time::timeout(patience, flow).await.ok();
            (name, told)
        })
    });
    let tasks: Vec<_> = tasks.collect();
    let told = join_all(tasks).await;
    // Those that nobody waits for have their end, too.
    drop(database.writing.lock().await);
    let names = database.names();
    for told in told {
        if let (name, Some(stored)) = told.unwrap() {
            assert_eq!(names.contains(&name), stored, "{name}");
        }
    }
    assert!(database.commits() < names.len());
}
