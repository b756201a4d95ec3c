//! What is asked most is answered by an index, on both databases.

mod questions;
mod users;

use portico_query::execute::QUICK_READS;
use portico_query::plan::Bind;
use portico_query::request::Operand;
use portico_query::sql::Dialect;
use rusqlite::functions::FunctionFlags;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use crate::support::app::TestApp;
use crate::support::database::{self, TestDatabase};
use crate::support::postgres;
use crate::support::requirement::Requirement;
use questions::{parts, statements, variables};
use users::{LARGE, SOMEONE, USERS_IN_POSTGRES, USERS_IN_SQLITE};

/// A parameter as a constant of SQL.
fn literal(bind: &Bind) -> String {
    let value = match &bind.operand {
        Operand::Session(_) => json!(SOMEONE),
        Operand::Written => json!(format!("{{{SOMEONE}}}")),
        operand => operand.resolve(&variables()).unwrap(),
    };
    match value {
        Value::String(text) => format!("'{text}'"),
        other => format!("'{other}'"),
    }
}

async fn lines(connection: &mut PgConnection, sql: &str) -> Vec<String> {
    let rows = sqlx::raw_sql(AssertSqlSafe(sql))
        .fetch_all(connection)
        .await
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

async fn execute(connection: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(connection)
        .await
        .unwrap();
}

#[track_caller]
fn assert_by_index(name: &str, plan: &str) {
    assert!(plan.contains("Index"), "{name}:\n{plan}");
    for table in LARGE {
        assert!(
            !plan.contains(&format!("Seq Scan on {table} ")),
            "{name}:\n{plan}"
        );
    }
    // A user's list is one row, found by its key.
    assert!(
        !["list as admin", "levels as admin", "filter as admin"].contains(&name) || !plan.contains("Sort"),
        "{name}:\n{plan}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_answers_by_an_index() {
    let Some(cluster) = postgres::shared().await else {
        return Requirement::Postgres.absent();
    };
    let url = cluster.migrated_database().await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    execute(&mut connection, USERS_IN_POSTGRES).await;
    for (name, compiled) in statements(Dialect::Postgres) {
        for (sql, binds) in compiled.roots.iter().flat_map(|root| parts(&root.work)) {
            let values: Vec<String> = binds.iter().map(literal).collect();
            let call = match values.is_empty() {
                true => "EXECUTE asked".to_owned(),
                false => format!("EXECUTE asked ({})", values.join(", ")),
            };
            for ways in ["RESET ALL", QUICK_READS] {
                execute(&mut connection, ways).await;
                execute(&mut connection, &format!("PREPARE asked AS {sql}")).await;
                // A plan for any values takes over after some uses, unless it is worse.
                for _ in 0..10 {
                    execute(&mut connection, &call).await;
                }
                let plan = lines(&mut connection, &format!("EXPLAIN {call}")).await;
                assert_by_index(&name, &format!("{ways}: {sql}\n{}", plan.join("\n")));
                execute(&mut connection, "DEALLOCATE asked").await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_serves_requests_by_an_index() {
    let Some((cluster, database)) = TestDatabase::with_server().await else {
        return Requirement::Postgres.absent();
    };
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    let name = database.url.rsplit('/').next().unwrap();
    for setting in [
        "session_preload_libraries = auto_explain",
        "auto_explain.log_min_duration = 0",
    ] {
        execute(&mut connection, &format!("ALTER DATABASE {name} SET {setting}")).await;
    }
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    execute(&mut connection, USERS_IN_POSTGRES).await;
    let before = cluster.log().len();
    let mut token = jane.session.refresh_token.clone();
    for _ in 0..8 {
        let again = jane.sign_in_again().await;
        again.graphql("{ me { id roles { role } } }").await.data();
        again.graphql("mutation { signOut }").await.data();
        token = app
            .public()
            .refresh(&token)
            .await
            .string("/refreshToken/refreshToken");
    }
    let log = cluster.log();
    let plans: Vec<&str> = log[before..]
        .split("LOG:  duration:")
        .filter(|entry| entry.contains("Query Text:"))
        .collect();
    for part in [
        "JOIN users u",
        "UPDATE refresh_tokens SET generation",
        "u.last_attempt FROM users u",
        "\"user_roles\" AS",
    ] {
        assert!(plans.iter().any(|plan| plan.contains(part)), "not seen: {part}");
    }
    for plan in plans {
        for table in LARGE {
            assert!(!plan.contains(&format!("Seq Scan on {table} ")), "{plan}");
        }
    }
    database.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_answers_by_an_index() {
    let database = TestDatabase::new(database::Kind::Sqlite).await.unwrap();
    let _app = TestApp::new(&database).await;
    let connection = rusqlite::Connection::open(database.url.strip_prefix("sqlite:").unwrap()).unwrap();
    connection.execute_batch(USERS_IN_SQLITE).unwrap();
    for name in ["as_json", "uuid_text", "wire_time"] {
        // A statement is only explained: the function has to be there and is never called.
        connection
            .create_scalar_function(name, 1, FunctionFlags::SQLITE_UTF8, |_| Ok(0))
            .unwrap();
    }
    for (name, compiled) in statements(Dialect::Sqlite) {
        for (sql, _) in compiled.roots.iter().flat_map(|root| parts(&root.work)) {
            explain_in_sqlite(&connection, &name, &sql);
        }
    }
    database.finish().await;
}

#[track_caller]
fn explain_in_sqlite(connection: &rusqlite::Connection, name: &str, sql: &str) {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    // No values are needed: they do not count for the plan.
    let mut rows = statement.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        steps.push(row.get::<_, String>(3).unwrap());
    }
    let plan = format!("{name}: {sql}\n{}", steps.join("\n"));
    assert!(steps.iter().any(|step| step.contains("INDEX")), "{plan}");
    for step in steps {
        // A list of keys is no table.
        let scans = step.starts_with("SCAN") && !step.contains("INDEX") && !step.contains("VIRTUAL");
        // Rows that were written are answered in their order.
        let sorts = step.contains("TEMP B-TREE") && !sql.contains(" AS k CROSS JOIN ");
        assert!(!scans && !sorts, "{plan}");
    }
}
