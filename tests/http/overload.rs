//! Slow statements, exhausted pools and a database that restarts: whoever is not concerned is served on.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use sea_orm::ConnectionTrait;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::caller::Caller;
use crate::support::database::{self, Kind, TestDatabase, on_both_databases};
use crate::support::postgres::Cluster;
use crate::support::requirement::Requirement;

on_both_databases!(
    a_scan_delays_no_read_by_key,
    a_read_by_key_that_spreads_delays_no_other,
);

const BY_KEY: &str = "query ($id: uuid!) { user(id: $id) { id displayName roles { role } } }";
const RENAME: &str =
    "mutation ($id: uuid!) { updateUser(pk_columns: { id: $id }, _set: { displayName: \"New\" }) { id } }";

/// Longer than any test waits.
const PATIENT: (&str, &str) = ("PORTICO_DATABASE_STATEMENT_TIMEOUT", "2m");

/// Runs a test on PostgreSQL alone.
macro_rules! on_postgres {
    ($($test:ident),+ $(,)?) => {
        $(mod $test {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                $crate::support::database::run(super::database::Kind::Postgres, super::$test).await;
            }
        })+
    };
}

on_postgres!(
    a_held_row_delays_nobody_else,
    an_exhausted_pool_of_writes_refuses_quickly_and_recovers,
    an_exhausted_pool_of_sessions_refuses_quickly_and_recovers,
);

/// Many users, so that to compare each with each takes longer than anybody waits.
async fn crowd(database: &TestDatabase) {
    let insert = match database.kind {
        Kind::Postgres => {
            "INSERT INTO auth.users (display_name) SELECT 'User ' || n FROM generate_series(1, 50000) n"
        }
        Kind::Sqlite => {
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 50000) \
             INSERT INTO users (display_name) SELECT 'User ' || n FROM n"
        }
    };
    database.connect().await.execute_unprepared(insert).await.unwrap();
}

fn spawn(caller: &Caller, query: &'static str, id: Uuid) -> JoinHandle<Answer> {
    let caller = caller.clone();
    tokio::spawn(async move { caller.graphql_with(query, json!({ "id": id })).await })
}

async fn read_by_key(caller: &Caller, id: Uuid) {
    let answer = caller.graphql_with(BY_KEY, json!({ "id": id })).await;
    assert_eq!(answer.value("/user/id"), &json!(id));
}

/// A connection beside the service that holds a row until it is dropped.
async fn hold(database: &TestDatabase, row: &str) -> PgConnection {
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    let sql = format!("BEGIN; SELECT 1 FROM auth.{row} FOR UPDATE");
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(&mut connection)
        .await
        .unwrap();
    connection
}

/// Returns once so many statements wait for a lock.
async fn until_waiting(connection: &mut PgConnection, count: i64) {
    for _ in 0..600 {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let waiting: i64 = sqlx::query_scalar(sql).fetch_one(&mut *connection).await.unwrap();
        if waiting >= count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nothing waits for a lock");
}

async fn a_held_row_delays_nobody_else(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &[PATIENT]).await;
    let (jane, john) = (app.user("jane").await, app.user("john").await);
    let mut holder = hold(&database, &format!("users WHERE id = '{}'", jane.id)).await;
    let waiting = spawn(&app.admin(), RENAME, jane.id);
    until_waiting(&mut holder, 1).await;
    for _ in 0..20 {
        read_by_key(&app.admin(), jane.id).await;
        read_by_key(&john, john.id).await;
        app.admin()
            .graphql_with(RENAME, json!({ "id": john.id }))
            .await
            .data();
    }
    assert!(!waiting.is_finished());
    holder.close().await.unwrap();
    waiting.await.unwrap().data();
}

async fn an_exhausted_pool_of_writes_refuses_quickly_and_recovers(database: Arc<TestDatabase>) {
    let one = ("PORTICO_DATABASE_WRITE_CONNECTIONS", "1");
    let app = TestApp::with(&database, &[PATIENT, one]).await;
    let (jane, john) = (app.user("jane").await, app.user("john").await);
    let mut holder = hold(&database, &format!("users WHERE id = '{}'", jane.id)).await;
    let waiting = spawn(&app.admin(), RENAME, jane.id);
    until_waiting(&mut holder, 1).await;
    let refused = app.admin().graphql_with(RENAME, json!({ "id": john.id })).await;
    assert_eq!(
        (refused.status, refused.error_code()),
        (503, "unavailable"),
        "{}",
        refused.text
    );
    // Refused while the first one still waits: not when that one was done.
    assert!(!waiting.is_finished());
    read_by_key(&app.admin(), john.id).await;
    holder.close().await.unwrap();
    waiting.await.unwrap().data();
    app.admin()
        .graphql_with(RENAME, json!({ "id": john.id }))
        .await
        .data();
}

async fn an_exhausted_pool_of_sessions_refuses_quickly_and_recovers(database: Arc<TestDatabase>) {
    let settings = [
        PATIENT,
        ("PORTICO_DATABASE_LOCK_TIMEOUT", "2m"),
        ("PORTICO_DATABASE_CONNECTIONS", "2"),
    ];
    let app = TestApp::with(&database, &settings).await;
    let (jane, john) = (app.user("jane").await, app.user("john").await);
    read_by_key(&app.admin(), john.id).await;
    let mut holder = hold(&database, "refresh_tokens").await;
    let refreshes = [&jane, &john].map(|user| {
        let (caller, token) = (app.public(), user.session.refresh_token.clone());
        tokio::spawn(async move { caller.refresh(&token).await })
    });
    until_waiting(&mut holder, 2).await;
    let refused = app.public().sign_in(&jane.email, &jane.password).await;
    assert_eq!(
        (refused.status, refused.error_code()),
        (503, "unavailable"),
        "{}",
        refused.text
    );
    read_by_key(&app.admin(), john.id).await;
    assert_eq!(app.public().get("/healthz").await.status, 200);
    for refresh in &refreshes {
        assert!(!refresh.is_finished());
    }
    holder.close().await.unwrap();
    for refresh in refreshes {
        refresh.await.unwrap().data();
    }
    app.public().sign_in(&jane.email, &jane.password).await.data();
}

const SCAN: &str = "query ($id: uuid!) { users(where: { id: { _neq: $id } }) { defaultRoleByRole {
  usersByDefaultRole(where: { displayName: { _ilike: \"%no%body%\" } }) { id } } } }";
const SPREADING: &str =
    "query ($id: uuid!) { user(id: $id) { defaultRoleByRole { usersByDefaultRole { defaultRoleByRole {
  usersByDefaultRole(where: { displayName: { _ilike: \"%no%body%\" } }) { id } } } } } }";

async fn a_scan_delays_no_read_by_key(database: Arc<TestDatabase>) {
    slow_beside_quick(&database, SCAN).await;
}

async fn a_read_by_key_that_spreads_delays_no_other(database: Arc<TestDatabase>) {
    slow_beside_quick(&database, SPREADING).await;
}

/// Runs queries that cannot end in time, reads by key meanwhile, and waits for the slow ones to be stopped.
async fn slow_beside_quick(database: &Arc<TestDatabase>, slow: &'static str) {
    let timeout = ("PORTICO_DATABASE_STATEMENT_TIMEOUT", "15s");
    let app = TestApp::with(database, &[timeout]).await;
    let jane = app.user("jane").await;
    crowd(database).await;
    let running = [
        spawn(&app.admin(), slow, jane.id),
        spawn(&app.admin(), slow, jane.id),
    ];
    // As good as certainly they have reached the database by then.
    tokio::time::sleep(Duration::from_millis(500)).await;
    for _ in 0..20 {
        read_by_key(&app.admin(), jane.id).await;
        read_by_key(&jane, jane.id).await;
    }
    let still_running = running.iter().all(|query| !query.is_finished());
    for query in running {
        let answer = query.await.unwrap();
        assert_eq!(answer.error_code(), "timeout", "{}", answer.text);
    }
    assert!(still_running, "reads by key had to wait for slow queries");
    read_by_key(&jane, jane.id).await;
}

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
        assert_eq!(
            (answer.status, answer.error_code()),
            (503, "unavailable"),
            "{text}"
        );
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
    let Some(cluster) = Cluster::private() else {
        return Requirement::Postgres.absent();
    };
    let url = cluster.empty_database().await;
    let database = TestDatabase::at(Kind::Postgres, url, tempfile::tempdir().unwrap());
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
    let Some(cluster) = Cluster::private() else {
        return Requirement::Postgres.absent();
    };
    let url = cluster.empty_database().await;
    let database = TestDatabase::at(Kind::Postgres, url, tempfile::tempdir().unwrap());
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_file_delays_no_read_and_refuses_writes() {
    let database = TestDatabase::new(Kind::Sqlite).await.unwrap();
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let other = rusqlite::Connection::open(database.url.strip_prefix("sqlite:").unwrap()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let renaming = [
        spawn(&app.admin(), RENAME, jane.id),
        spawn(&app.admin(), RENAME, jane.id),
    ];
    let public = app.public();
    let signing_up = tokio::spawn(async move {
        public
            .sign_up("john@example.org", "john likes long passwords")
            .await
    });
    for _ in 0..20 {
        read_by_key(&app.admin(), jane.id).await;
        read_by_key(&jane, jane.id).await;
    }
    for refused in renaming.into_iter().chain([signing_up]) {
        let refused = refused.await.unwrap();
        assert_eq!(
            (refused.status, refused.error_code()),
            (503, "unavailable"),
            "{}",
            refused.text
        );
    }
    other.execute_batch("ROLLBACK").unwrap();
    app.admin()
        .graphql_with(RENAME, json!({ "id": jane.id }))
        .await
        .data();
    app.user("john").await;
    database.finish().await;
}
