//! Slow statements, exhausted pools and locks: whoever is not concerned is served on.

use std::sync::Arc;
use std::time::Duration;

use portico_query::execute::ConnectionCounters;
use sea_orm::ConnectionTrait;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::caller::Caller;
use crate::support::database::{self, Kind, TestDatabase, on_both_databases};

on_both_databases!(
    a_scan_delays_no_read_by_key,
    a_read_by_key_that_spreads_delays_no_other,
    a_read_that_nobody_waits_for_is_stopped,
);

const BY_KEY: &str = "query ($id: uuid!) { user(id: $id) { id displayName roles { role } } }";
pub(super) const RENAME: &str =
    "mutation ($id: uuid!) { updateUser(pk_columns: { id: $id }, _set: { displayName: \"New\" }) { id } }";
const RENAME_TWICE: &str = "mutation ($id: uuid!, $other: uuid!) {
  updateUser(pk_columns: { id: $id }, _set: { displayName: \"New\" }) { id }
  other: updateUser(pk_columns: { id: $other }, _set: { displayName: \"New\" }) { id } }";

/// Longer than any test waits.
const PATIENT: [(&str, &str); 3] = [
    ("PORTICO_DATABASE_STATEMENT_TIMEOUT", "5m"),
    ("PORTICO_DATABASE_LOCK_TIMEOUT", "5m"),
    ("PORTICO_REQUEST_TIMEOUT", "5m"),
];

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
    who_waits_for_a_lock_is_told_in_time,
    an_exhausted_pool_of_writes_refuses_quickly_and_recovers,
    an_exhausted_pool_of_sessions_refuses_quickly_and_recovers,
    exhausted_connections_for_refreshes_refuse_quickly_and_recover,
    long_reads_refuse_others_quickly_and_delay_no_read_by_key,
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

/// Asks until there is a connection to do it by: on a busy machine that may take longer than others wait.
fn insist(caller: &Caller, query: &'static str, id: Uuid) -> JoinHandle<Answer> {
    let caller = caller.clone();
    tokio::spawn(async move {
        loop {
            let answer = caller.graphql_with(query, json!({ "id": id })).await;
            if answer.status != 503 {
                return answer;
            }
        }
    })
}

async fn patient(database: &Arc<TestDatabase>, setting: (&str, &str)) -> TestApp {
    let [statement, lock, request] = PATIENT;
    TestApp::with(database, &[statement, lock, request, setting]).await
}

pub(super) fn assert_unavailable(answer: &Answer) {
    assert_eq!(
        (answer.status, answer.error_code()),
        (503, "unavailable"),
        "{}",
        answer.text
    );
}

pub(super) async fn read_by_key(caller: &Caller, id: Uuid) {
    let answer = caller.graphql_with(BY_KEY, json!({ "id": id })).await;
    assert_eq!(answer.value("/user/id"), &json!(id));
}

const SIGN_OUT: &str = "mutation ($token: String!) { signOut(refreshToken: $token) }";

/// What [`RENAME`], a refresh and [`SIGN_OUT`] are in the database.
const RENAMING: &str = "%UPDATE %display_name%";
const REFRESHING: &str = "UPDATE refresh_tokens SET generation%";
const SIGNING_OUT: &str = "UPDATE %refresh_tokens%revoked_at%";

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

/// Returns once so many statements that change a table wait for a lock. What the service does of itself, such as
/// to write when users were last seen, may wait beside them.
async fn until_waiting(connection: &mut PgConnection, statements: &str, count: i64) {
    let condition = format!("wait_event_type = 'Lock' AND query LIKE '{statements}'");
    until(connection, &condition, |waiting| waiting >= count).await;
}

/// Returns once the number of the service's statements of which a condition is true is as it should be.
async fn until(connection: &mut PgConnection, condition: &str, is_reached: impl Fn(i64) -> bool) {
    let sql = format!(
        "SELECT count(*) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid() AND {condition}"
    );
    for _ in 0..1_200 {
        // Within a transaction the list of connections is otherwise the one it was at the first look.
        sqlx::raw_sql("SELECT pg_stat_clear_snapshot()")
            .execute(&mut *connection)
            .await
            .unwrap();
        let count = sqlx::query_scalar(AssertSqlSafe(sql.as_str()));
        if is_reached(count.fetch_one(&mut *connection).await.unwrap()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let sql = "SELECT concat_ws(' ', state, wait_event_type, wait_event, left(query, 120)) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let others: Vec<String> = sqlx::query_scalar(sql).fetch_all(connection).await.unwrap();
    panic!(
        "for a minute it was not so: {condition}, but\n{}",
        others.join("\n")
    );
}

async fn a_held_row_delays_nobody_else(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &PATIENT).await;
    let (jane, john) = (app.user("jane").await, app.user("john").await);
    let mut holder = hold(&database, &format!("users WHERE id = '{}'", jane.id)).await;
    let waiting = insist(&app.admin(), RENAME, jane.id);
    until_waiting(&mut holder, RENAMING, 1).await;
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

async fn who_waits_for_a_lock_is_told_in_time(database: Arc<TestDatabase>) {
    let lock = ("PORTICO_DATABASE_LOCK_TIMEOUT", "1s");
    let app = TestApp::with(&database, &[PATIENT[0], PATIENT[2], lock]).await;
    let jane = app.user("jane").await;
    let holder = hold(&database, &format!("users WHERE id = '{}'", jane.id)).await;
    let told = app.admin().graphql_with(RENAME, json!({ "id": jane.id })).await;
    assert_eq!(told.error_code(), "timeout", "{}", told.text);
    // What a flow writes waits no longer, and says no more.
    assert_unavailable(&app.public().sign_in(&jane.email, &jane.password).await);
    holder.close().await.unwrap();
    app.admin()
        .graphql_with(RENAME, json!({ "id": jane.id }))
        .await
        .data();
}

async fn an_exhausted_pool_of_writes_refuses_quickly_and_recovers(database: Arc<TestDatabase>) {
    let app = patient(&database, ("PORTICO_DATABASE_WRITE_CONNECTIONS", "1")).await;
    let (jane, john) = (app.user("jane").await, app.user("john").await);
    let mut holder = hold(&database, &format!("users WHERE id = '{}'", jane.id)).await;
    let waiting = insist(&app.admin(), RENAME, jane.id);
    until_waiting(&mut holder, RENAMING, 1).await;
    // What has to wait is not written together with others.
    assert_unavailable(&app.admin().graphql_with(RENAME, json!({ "id": jane.id })).await);
    let several = json!({ "id": john.id, "other": john.id });
    assert_unavailable(&app.admin().graphql_with(RENAME_TWICE, several.clone()).await);
    // Refused while the first one still waits: not when that one was done.
    assert!(!waiting.is_finished());
    read_by_key(&app.admin(), john.id).await;
    insist(&app.admin(), RENAME, john.id).await.unwrap().data();
    assert!(!waiting.is_finished());
    holder.close().await.unwrap();
    waiting.await.unwrap().data();
    app.admin().graphql_with(RENAME_TWICE, several).await.data();
}

async fn an_exhausted_pool_of_sessions_refuses_quickly_and_recovers(database: Arc<TestDatabase>) {
    let app = patient(&database, ("PORTICO_DATABASE_CONNECTIONS", "2")).await;
    let (jane, john) = (app.user("jane").await, app.user("john").await);
    let mut holder = hold(&database, "refresh_tokens").await;
    let departures = [&jane, &john].map(|user| {
        let (caller, token) = (app.public(), user.session.refresh_token.clone());
        tokio::spawn(async move {
            loop {
                // What else the service does needs a connection at times, too.
                let answer = caller.graphql_with(SIGN_OUT, json!({ "token": token })).await;
                if answer.status != 503 {
                    return answer;
                }
            }
        })
    });
    until_waiting(&mut holder, SIGNING_OUT, 2).await;
    assert_unavailable(&app.public().sign_in(&jane.email, &jane.password).await);
    read_by_key(&app.admin(), john.id).await;
    assert_eq!(app.public().get("/healthz").await.status, 200);
    for departure in &departures {
        assert!(!departure.is_finished());
    }
    holder.close().await.unwrap();
    for departure in departures {
        departure.await.unwrap().data();
    }
    app.public().sign_in(&jane.email, &jane.password).await.data();
}

async fn exhausted_connections_for_refreshes_refuse_quickly_and_recover(database: Arc<TestDatabase>) {
    let app = patient(&database, ("PORTICO_DATABASE_WRITE_CONNECTIONS", "1")).await;
    let (jane, john) = (app.user("jane").await, app.user("john").await);
    let again = app.public().sign_in(&jane.email, &jane.password).await;
    let again = again.string("/signInEmailPassword/session/refreshToken");
    let sessions = format!("refresh_tokens WHERE user_id = '{}'", jane.id);
    let mut holder = hold(&database, &sessions).await;
    let (caller, token) = (app.public(), jane.session.refresh_token.clone());
    let waiting = tokio::spawn(async move { caller.refresh(&token).await });
    until_waiting(&mut holder, REFRESHING, 1).await;
    // What has to wait is not written together with others.
    assert_unavailable(&app.public().refresh(&again).await);
    assert!(!waiting.is_finished());
    // For a moment everybody may need a connection alone.
    let (caller, token) = (app.public(), john.session.refresh_token.clone());
    let refreshed = async {
        loop {
            let answer = caller.refresh(&token).await;
            if answer.status != 503 {
                return answer;
            }
        }
    };
    refreshed.await.data();
    app.public().sign_in(&john.email, &john.password).await.data();
    app.admin()
        .graphql_with(RENAME, json!({ "id": john.id }))
        .await
        .data();
    assert!(!waiting.is_finished());
    holder.close().await.unwrap();
    waiting.await.unwrap().data();
    app.public().refresh(&again).await.data();
}

const SCAN: &str = "query ($id: uuid!) { users(where: { id: { _neq: $id } }) { defaultRoleByRole {
  usersByDefaultRole(where: { displayName: { _ilike: \"%no%body%\" } }) { id } } } }";
const LIST: &str = "query ($id: uuid!) { users(where: { id: { _eq: $id } }) { id } }";
const SCANS: &str = "query ($id: uuid!) {
  a: users(where: { id: { _neq: $id } }) { defaultRoleByRole {
    usersByDefaultRole(where: { displayName: { _ilike: \"%no%body%\" } }) { id } } }
  b: users(where: { id: { _neq: $id } }) { defaultRoleByRole {
    usersByDefaultRole(where: { displayName: { _ilike: \"%no%body%\" } }) { email } } } }";
const SPREADING: &str =
    "query ($id: uuid!) { user(id: $id) { defaultRoleByRole { usersByDefaultRole { defaultRoleByRole {
  usersByDefaultRole(where: { displayName: { _ilike: \"%no%body%\" } }) { id } } } } } }";

/// True of a scan while it runs.
const SCANNING: &str = "state = 'active' AND query LIKE '%ILIKE%'";

async fn long_reads_refuse_others_quickly_and_delay_no_read_by_key(database: Arc<TestDatabase>) {
    let app = patient(&database, ("PORTICO_DATABASE_HEAVY_CONNECTIONS", "2")).await;
    let jane = app.user("jane").await;
    crowd(&database).await;
    let mut beside = PgConnection::connect(&database.url).await.unwrap();
    let scans = [(); 2].map(|()| insist(&app.admin(), SCAN, jane.id));
    until(&mut beside, SCANNING, |running| running == 2).await;
    for _ in 0..2 {
        assert_unavailable(&jane.graphql("{ users { id } }").await);
        read_by_key(&jane, jane.id).await;
    }
    let heavy = heavy(&app);
    assert_eq!((heavy.connections, heavy.in_use, heavy.waiting), (2, 2, Some(0)));
    assert!(heavy.refused >= Some(2), "{heavy:?}");
    // Whoever waits for nothing any more makes room.
    let [first, second] = scans;
    assert!(!first.is_finished() && !second.is_finished());
    first.abort();
    until(&mut beside, SCANNING, |running| running == 1).await;
    jane.graphql("{ users { id } }").await.data();
    assert!(!second.is_finished());
    second.abort();
    until(&mut beside, SCANNING, |running| running == 0).await;
}

async fn a_read_that_nobody_waits_for_is_stopped(database: Arc<TestDatabase>) {
    let app = patient(&database, ("PORTICO_DATABASE_HEAVY_CONNECTIONS", "1")).await;
    let jane = app.user("jane").await;
    crowd(&database).await;
    // Several statements of one request: each of them would run as long.
    let asked = insist(&app.admin(), SCANS, jane.id);
    while heavy(&app).in_use == 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    if database.kind == Kind::Postgres {
        let mut beside = PgConnection::connect(&database.url).await.unwrap();
        until(&mut beside, SCANNING, |running| running == 1).await;
        asked.abort();
        until(&mut beside, SCANNING, |running| running == 0).await;
    } else {
        asked.abort();
    }
    insist(&jane, LIST, jane.id).await.unwrap().data();
}

fn heavy(app: &TestApp) -> ConnectionCounters {
    let counters = app.app.counters();
    let mut pools = counters.connections.into_iter();
    pools.find(|pool| pool.name == "heavy").unwrap()
}

async fn a_scan_delays_no_read_by_key(database: Arc<TestDatabase>) {
    slow_beside_quick(&database, SCAN).await;
}

async fn a_read_by_key_that_spreads_delays_no_other(database: Arc<TestDatabase>) {
    slow_beside_quick(&database, SPREADING).await;
}

/// Runs queries that cannot end in time, reads by key meanwhile, and waits for the slow ones to be stopped.
async fn slow_beside_quick(database: &Arc<TestDatabase>, slow: &'static str) {
    let settings = [
        ("PORTICO_DATABASE_STATEMENT_TIMEOUT", "15s"),
        ("PORTICO_DATABASE_HEAVY_CONNECTIONS", "2"),
    ];
    let app = TestApp::with(database, &settings).await;
    let jane = app.user("jane").await;
    crowd(database).await;
    let running = [
        insist(&app.admin(), slow, jane.id),
        insist(&app.admin(), slow, jane.id),
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
        assert_unavailable(&refused.await.unwrap());
    }
    other.execute_batch("ROLLBACK").unwrap();
    app.admin()
        .graphql_with(RENAME, json!({ "id": jane.id }))
        .await
        .data();
    app.user("john").await;
    database.finish().await;
}
