//! Transactions that share one of SQLite, on a file of their own.

mod dropped;
mod failed;
mod together;
mod turns;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::FutureExt;
use rusqlite::Connection;
use tempfile::TempDir;

use crate::error::Failure;
use crate::execute::ExecutorSettings;
use crate::execute::sqlite::{OpenTransaction, SqliteExecutor};
use crate::scalar::Parameter;

const INSERT: &str = "INSERT INTO things (name) VALUES (?1)";

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
