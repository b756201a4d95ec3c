use std::path::Path;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::FutureExt;
use futures_util::future::join_all;
use tempfile::TempDir;

use super::*;
use crate::error::Code;
use crate::execute::ExecutorSettings;
use crate::execute::sqlite::OpenTransaction;
use crate::scalar::Parameter;

const INSERT: &str = "INSERT INTO things (name) VALUES (?1)";
/// Does not end by itself.
const ENDLESS: &str = "INSERT INTO things (name) WITH RECURSIVE numbers (n) AS \
    (SELECT 1 UNION ALL SELECT n + 1 FROM numbers) SELECT 'number ' || count(*) FROM numbers";

/// A file with a table, and what its writer commits.
struct Database {
    executor: Arc<SqliteExecutor>,
    writing: Arc<tokio::sync::Mutex<()>>,
    commits: Arc<AtomicUsize>,
    /// Whether the next commit fails.
    fails: Arc<AtomicBool>,
    _folder: TempDir,
}

impl Database {
    fn new() -> Self {
        Self::with(ExecutorSettings::default())
    }

    fn with(settings: ExecutorSettings) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("shared.db");
        make(&path);
        let writing = Arc::new(tokio::sync::Mutex::new(()));
        let executor = Arc::new(SqliteExecutor::open(&path, Arc::clone(&writing), settings).unwrap());
        let commits = Arc::new(AtomicUsize::new(0));
        let fails = Arc::new(AtomicBool::new(false));
        let writer = executor.file.writer().unwrap();
        let (counted, failing) = (Arc::clone(&commits), Arc::clone(&fails));
        let hook = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            failing.swap(false, Ordering::Relaxed)
        };
        writer.connection.commit_hook(Some(hook)).unwrap();
        executor.file.keep_writer(writer);
        Self {
            executor,
            writing,
            commits,
            fails,
            _folder: folder,
        }
    }

    async fn begin(&self) -> OpenTransaction {
        self.executor.begin().await.unwrap()
    }

    async fn write(&self, name: &str) -> Result<(), Failure> {
        let written = self.executor.write_one(INSERT.into(), vec![text(name)]);
        written.await.map(|_| ())
    }

    /// What a reader sees.
    fn names(&self) -> Vec<String> {
        let found = self
            .executor
            .read_one("SELECT name FROM things ORDER BY name", Vec::new());
        let name = |row: Vec<Parameter>| match row.into_iter().next() {
            Some(Parameter::Text(name)) => name,
            other => panic!("no name but {other:?}"),
        };
        found.unwrap().rows.into_iter().map(name).collect()
    }

    fn commits(&self) -> usize {
        self.commits.load(Ordering::Relaxed)
    }
}

fn make(path: &Path) {
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode=WAL; CREATE TABLE things (\
             id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, next INTEGER REFERENCES things (id))",
        )
        .unwrap();
}

fn text(text: &str) -> Parameter {
    Parameter::Text(text.to_owned())
}

fn insert(open: &mut OpenTransaction, name: &str) -> Result<(), Failure> {
    open.send(INSERT, vec![text(name)])
}

/// Goes on as far as it can for now.
fn waits(future: &mut (impl Future + Unpin)) -> bool {
    future.now_or_never().is_none()
}

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

/// One that has finished and waits for the commit, and two that wait for their turn behind it.
async fn queue(
    database: &Database,
) -> (
    impl Future<Output = Result<(), Failure>> + Unpin,
    impl Future<Output = OpenTransaction> + Unpin,
    impl Future<Output = OpenTransaction> + Unpin,
) {
    let mut first = database.begin().await;
    insert(&mut first, "first").unwrap();
    let (mut second, mut third) = (Box::pin(database.begin()), Box::pin(database.begin()));
    assert!(waits(&mut second) && waits(&mut third));
    let mut first = Box::pin(first.commit());
    assert!(waits(&mut first));
    (first, second, third)
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
