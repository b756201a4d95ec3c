//! What requests read as the service grows: on PostgreSQL the rows are counted, however the database found them. On
//! SQLite the tests of the auth core explain every statement.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::caller::{Caller, User};
use crate::support::database::{Kind, TestDatabase, run};
use crate::support::mailbox::{ask, code, enter, mail};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_read_no_more_rows_where_there_are_more() {
    run(Kind::Postgres, count_rows).await;
}

/// So long after its end what a connection read is counted.
const COUNTED: Duration = Duration::from_secs(1);
/// So many rows each table has.
const ROWS: i64 = 20_000;
/// What is read of any table in the end; the requests together need some hundreds.
const READ: i64 = ROWS / 4;

/// As after years: users with sessions, and everything that comes and goes with them.
const SEED: [&str; 8] = [
    "INSERT INTO users (id, email, locale, display_name, password_hash) SELECT md5('u' || n)::uuid, \
     'user-' || n || '@example.org', 'en', 'User ' || n, 'none' FROM generate_series(1, 20000) n",
    "INSERT INTO user_roles (user_id, role) SELECT md5('u' || n)::uuid, 'me' FROM generate_series(1, 20000) n",
    "INSERT INTO refresh_tokens (user_id, expires_at, refresh_token_hash, ip, last_used_at) SELECT md5('u' || n)::uuid, \
     '2026-04-01', 'hash ' || n, '192.0.2.1', '2026-02-20' FROM generate_series(1, 20000) n",
    "INSERT INTO limits (bucket, key, window_start, expires_at) SELECT 'mail-address', n, '2026-03-01', \
     '2026-03-02' FROM generate_series(1, 20000) n",
    "INSERT INTO tickets (purpose, subject, user_id, address, ticket_hash, expires_at) SELECT 'sign-in', n, \
     md5('u' || n)::uuid, 'user-' || n || '@example.org', sha256(n::text::bytea), '2026-04-01' FROM generate_series(1, 20000) n",
    // Older than those that the service will make.
    "INSERT INTO outbox (id, kind, recipient, template, key_id, created_at, expires_at, sent_at) \
     SELECT lpad(to_hex(n), 32, '0')::uuid, 'email', 'user-' || n || '@example.org', 'signin-otp', 'k', '2026-02-01', \
     '2026-04-01', '2026-02-01' FROM generate_series(1, 20000) n",
    "INSERT INTO audit_events (user_id, action, outcome, actor_role) SELECT md5('u' || n)::uuid, 'signIn', 'success', 'public' \
     FROM generate_series(1, 20000) n",
    "ANALYZE",
];

async fn count_rows(database: Arc<TestDatabase>) {
    let connection = database.connect().await;
    for sql in SEED {
        connection
            .execute_unprepared(sql)
            .await
            .unwrap_or_else(|error| panic!("{error}: {sql}"));
    }
    connection.close().await.unwrap();
    tokio::time::sleep(COUNTED).await;
    let before = rows_read(&database.connect().await).await;
    assert!(before.len() > 10, "{before:?}");

    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    // Else a mailed code would take the account from whoever had set its password.
    let verified = "UPDATE users SET email_verified = true WHERE email = 'jane@example.org'";
    database
        .connect()
        .await
        .execute_unprepared(verified)
        .await
        .unwrap();
    for _ in 0..3 {
        use_it(&app, &jane).await;
    }
    app.auth.maintain().await.unwrap();
    // The server counts what a connection read at its end at the latest.
    database.finish().await;
    tokio::time::sleep(COUNTED).await;
    let after = rows_read(&database.connect().await).await;
    for (table, rows) in after {
        let read = rows - before.get(&table).copied().unwrap_or_default();
        assert!(read < READ, "{read} rows of {table} were read");
    }
}

/// What a user does every day.
async fn use_it(app: &TestApp, jane: &User) {
    let again = User::sign_in_as(&app.public(), &jane.email, &jane.password).await;
    let answer = app.public().refresh(&again.session.refresh_token).await;
    let caller: Caller = app.public().bearer(&answer.string("/refreshToken/accessToken"));
    let sessions =
        "{ authRefreshTokens(order_by: { createdAt: desc }, limit: 20) { id ip userAgent lastUsedAt } }";
    assert!(!caller.graphql(sessions).await.values("id").is_empty());
    caller.graphql("{ me { id roles { role } } }").await.data();
    caller.graphql("mutation { signOutOthers }").await.data();
    app.public().sign_in(&jane.email, "not this one").await;
    app.public().sign_in("nobody@example.org", "not this one").await;
    app.clock.advance(3_600);
    for email in [jane.email.as_str(), "nobody@example.org", "user-7@example.org"] {
        ask(app, "signInOtpEmail", email).await;
        ask(app, "sendPasswordResetEmail", email).await;
    }
    ask(app, "signInOtpEmail", &jane.email).await;
    let code = code(&mail(app, &jane.email).await);
    enter(app, &jane.email, &code).await.data();
    let events = "query ($id: uuid!) { auditEvents(where: { userId: { _eq: $id } }, limit: 5, \
                  order_by: { createdAt: desc }) { id } }";
    app.admin()
        .graphql_with(events, json!({ "id": jane.id }))
        .await
        .data();
    app.auth.exchange_mail(&[], 10).await.unwrap();
    app.auth.show_failures().await.unwrap();
    app.auth.flush_last_seen().await.unwrap();
    app.clock.advance(60);
}

/// Rows read so far, by table.
async fn rows_read(connection: &DatabaseConnection) -> BTreeMap<String, i64> {
    let sql = "SELECT relname::text AS name, CAST(seq_tup_read + COALESCE(idx_tup_fetch, 0) AS bigint) AS rows \
               FROM pg_stat_user_tables WHERE schemaname = 'auth'";
    let rows = connection
        .query_all_raw(Statement::from_string(DbBackend::Postgres, sql))
        .await
        .unwrap();
    let row =
        |row: sea_orm::QueryResult| (row.try_get("", "name").unwrap(), row.try_get("", "rows").unwrap());
    rows.into_iter().map(row).collect()
}
