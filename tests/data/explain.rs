//! What is asked most is answered by an index, on both databases.

use portico_entity::catalogue::catalogue;
use portico_query::permission::{self, Permissions};
use portico_query::plan::Bind;
use portico_query::plan::build::{self, Kind};
use portico_query::request::{Input, Operand, Selection, Variables};
use portico_query::sql::{self, AnswerWork, Compiled, Dialect, ResponseValue, Work, WriteWork};
use rusqlite::functions::FunctionFlags;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use crate::support::app::TestApp;
use crate::support::database::{self, TestDatabase};
use crate::support::postgres::{self, Cluster};
use crate::support::requirement::Requirement;

/// A user in the middle of all others.
const SOMEONE: &str = "00000000-0000-0000-0000-0000000009c4";

/// The tables that have a row for every user or more.
const LARGE: [&str; 5] = ["users", "user_roles", "refresh_tokens", "members", "contacts"];

/// An organisation that has members.
const SOME_ORG: &str = "00000000-0000-0000-0000-000000000007";

const USERS_IN_POSTGRES: &str = "
    INSERT INTO auth.users (id, created_at, display_name, locale, email)
        SELECT lpad(to_hex(n), 32, '0')::uuid, timestamptz '2020-01-01' + n * interval '1 minute', 'User ' || n,
            CASE n % 10 WHEN 0 THEN 'de' ELSE 'en' END,
            'user-' || n || '@example.org' FROM generate_series(1, 5000) n;
    INSERT INTO auth.user_roles (user_id, role)
        SELECT lpad(to_hex(n), 32, '0')::uuid, unnest(ARRAY['user', 'me']) FROM generate_series(1, 5000) n;
    INSERT INTO auth.refresh_tokens (id, user_id, expires_at, refresh_token_hash)
        SELECT lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(n), 32, '0')::uuid, now() + interval '30 days', md5(n::text)
        FROM generate_series(1, 5000) n;
    INSERT INTO auth.orgs (id, name) SELECT lpad(to_hex(n), 32, '0')::uuid, 'Org ' || n FROM generate_series(0, 50) n;
    INSERT INTO auth.members (id, org_id, user_id, name)
        SELECT lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(n / 100), 32, '0')::uuid, lpad(to_hex(n), 32, '0')::uuid, 'User ' || n
        FROM generate_series(1, 5000) n;
    INSERT INTO auth.contacts (user_id) SELECT lpad(to_hex(n), 32, '0')::uuid FROM generate_series(1, 5000) n;
    ANALYZE;";

const USERS_IN_SQLITE: &str = "
    CREATE TEMP TABLE numbers AS
        WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000)
        SELECT n, unhex(printf('%032x', n)) AS id FROM n;
    INSERT INTO users (id, created_at, display_name, locale, email)
        SELECT id, strftime('%Y-%m-%dT%H:%M:%S+00:00', 1577836800 + n * 60, 'unixepoch'), 'User ' || n,
            CASE n % 10 WHEN 0 THEN 'de' ELSE 'en' END,
            'user-' || n || '@example.org' FROM numbers;
    INSERT INTO user_roles (user_id, role) SELECT id, 'user' FROM numbers;
    INSERT INTO user_roles (user_id, role) SELECT id, 'me' FROM numbers;
    INSERT INTO refresh_tokens (id, user_id, expires_at, refresh_token_hash)
        SELECT id, id, '2040-01-01T00:00:00+00:00', hex(id) FROM numbers;
    INSERT INTO orgs (id, name) SELECT id, 'Org ' || n FROM numbers WHERE n <= 51;
    INSERT INTO members (id, org_id, user_id, name) SELECT id, unhex(printf('%032x', n / 100 + 1)), id, 'User ' || n FROM numbers;
    INSERT INTO contacts (user_id) SELECT id FROM numbers;";

fn field(name: &str) -> Selection {
    related(name, &[], &[])
}

fn related(name: &str, arguments: &[(&str, Input)], selections: &[Selection]) -> Selection {
    Selection {
        name: name.to_owned(),
        key: name.to_owned(),
        arguments: arguments
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
        selections: selections.to_vec(),
    }
}

fn object(key: &str, value: Input) -> Input {
    Input::Object(vec![(key.to_owned(), value)])
}

fn variable(name: &str) -> Input {
    Input::Variable(name.to_owned())
}

fn columns() -> Vec<Selection> {
    let names = [
        "id",
        "createdAt",
        "displayName",
        "avatarUrl",
        "locale",
        "email",
        "emailVerified",
        "metadata",
    ];
    names.map(field).into()
}

/// The questions of the bench by name, each with who asks it.
fn questions() -> Vec<(&'static str, &'static [&'static str], Kind, Selection)> {
    const BOTH: &[&str] = &["user", "admin"];
    let roles = related("roles", &[], &[field("id"), field("role")]);
    let whole: Vec<Selection> = columns().into_iter().chain([roles]).collect();
    let profile = related("user", &[("id", variable("id"))], &whole);
    let newest = object("createdAt", Input::Enum("desc".to_owned()));
    let window = [("order_by", newest.clone()), ("limit", Input::Number(100.into()))];
    let list = related("users", &window, &whole);
    let set = object("displayName", variable("name"));
    let key = object("id", variable("id"));
    let update = related("updateUser", &[("pk_columns", key), ("_set", set)], &columns());
    let german = object("locale", object("_eq", Input::String("de".to_owned())));
    let aggregate = related("aggregate", &[], &[field("count")]);
    let count = related(
        "usersAggregate",
        &[("where", german.clone())],
        std::slice::from_ref(&aggregate),
    );
    let counted = related("roles_aggregate", &[], std::slice::from_ref(&aggregate));
    let counts = related("users", &window, &[field("id"), counted]);
    let org = related("org", &[], &[field("id"), field("name")]);
    let members = related("members", &[], &[field("role"), org]);
    let page = [("order_by", newest.clone()), ("limit", Input::Number(20.into()))];
    let levels = related("users", &page, &[field("id"), members]);
    let before = Input::Object(vec![
        ("createdAt".to_owned(), object("_lt", variable("before"))),
        ("emailVerified".to_owned(), object("_eq", Input::Boolean(true))),
    ]);
    let page = [page.as_slice(), &[("where", before)]].concat();
    let filter = related("users", &page, &columns());
    let inside = Input::Object(vec![
        ("orgId".to_owned(), object("_eq", variable("org"))),
        ("user".to_owned(), german.clone()),
    ]);
    let nested = related(
        "membersAggregate",
        &[("where", inside)],
        std::slice::from_ref(&aggregate),
    );
    vec![
        ("levels", &["admin"], Kind::Query, levels),
        ("filter", BOTH, Kind::Query, filter),
        ("nested", &["admin"], Kind::Query, nested),
        ("upsert", &["admin"], Kind::Mutation, upsert()),
        ("insert", &["admin"], Kind::Mutation, insert()),
        ("profile", BOTH, Kind::Query, profile),
        ("list", BOTH, Kind::Query, list),
        ("count", &["admin"], Kind::Query, count),
        ("counts", &["admin"], Kind::Query, counts),
        ("me", BOTH, Kind::Query, related("me", &[], &whole)),
        ("update", BOTH, Kind::Mutation, update),
    ]
}

fn upsert() -> Selection {
    let object = Input::Object(vec![
        ("userId".to_owned(), variable("id")),
        ("firstName".to_owned(), variable("name")),
    ]);
    let conflict = Input::Object(vec![
        ("constraint".to_owned(), Input::Enum("contacts_pkey".to_owned())),
        (
            "update_columns".to_owned(),
            Input::List(vec![Input::Enum("firstName".to_owned())]),
        ),
    ]);
    let arguments = [("object", object), ("on_conflict", conflict)];
    related("insertContact", &arguments, &[field("userId"), field("name")])
}

fn insert() -> Selection {
    let named = object("displayName", variable("name"));
    let returning = related("returning", &[], &columns());
    related(
        "insertUsers",
        &[("objects", named)],
        &[field("affected_rows"), returning],
    )
}

fn variables() -> Variables {
    let variables =
        json!({ "id": SOMEONE, "name": "Somebody", "org": SOME_ORG, "before": "2020-01-03T00:00:00Z" });
    serde_json::from_value(variables).unwrap()
}

/// Every question as each role that asks it, compiled.
fn statements(dialect: Dialect) -> Vec<(String, Compiled)> {
    let permissions = Permissions::embedded(catalogue()).unwrap();
    let mut compiled = Vec::new();
    for (name, roles, kind, selection) in questions() {
        for role in roles {
            let plan = build::plan(kind, std::slice::from_ref(&selection), &variables()).unwrap();
            let permitted = permission::apply(&permissions.role(role), plan).unwrap();
            compiled.push((format!("{name} as {role}"), sql::compile(&permitted, dialect)));
        }
    }
    compiled
}

/// The statements of a work with their parameters, but for those that add rows only.
fn parts(work: &Work) -> Vec<(String, &[Bind])> {
    match work {
        Work::Known(_) => Vec::new(),
        Work::Read(found) => vec![(found.sql.to_string(), found.binds.as_slice())],
        Work::Mutate(mutation) => {
            let writes = mutation.writes.iter().filter_map(|write| match write {
                WriteWork::Rows(rows) => {
                    Some((rows.statement.sql.to_string(), rows.statement.binds.as_slice()))
                }
                WriteWork::AtOnce(found) => Some((found.sql.to_string(), found.binds.as_slice())),
                WriteWork::Nothing | WriteWork::Insert(_) => None,
            });
            let answers = match &mutation.answer {
                AnswerWork::Row(found) => vec![found],
                AnswerWork::Response(members) | AnswerWork::Responses(members) => members
                    .iter()
                    .filter_map(|(_, value)| match value {
                        ResponseValue::Returning(found) => Some(found),
                        ResponseValue::Known(_) | ResponseValue::AffectedRows => None,
                    })
                    .collect(),
            };
            let answers = answers
                .into_iter()
                .map(|found| (found.sql.to_string(), found.binds.as_slice()));
            writes.chain(answers).collect()
        }
    }
}

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
            execute(&mut connection, &format!("PREPARE asked AS {sql}")).await;
            // A plan for any values takes over after some uses, unless it is worse.
            for _ in 0..10 {
                execute(&mut connection, &call).await;
            }
            let plan = lines(&mut connection, &format!("EXPLAIN {call}"))
                .await
                .join("\n");
            assert_by_index(&name, &format!("{sql}\n{plan}"));
            execute(&mut connection, "DEALLOCATE asked").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_serves_requests_by_an_index() {
    let Some(cluster) = Cluster::private() else {
        return Requirement::Postgres.absent();
    };
    let url = cluster.empty_database().await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let name = url.rsplit('/').next().unwrap();
    for setting in [
        "session_preload_libraries = auto_explain",
        "auto_explain.log_min_duration = 0",
    ] {
        execute(&mut connection, &format!("ALTER DATABASE {name} SET {setting}")).await;
    }
    let database = TestDatabase::at(database::Kind::Postgres, url, tempfile::tempdir().unwrap());
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
        "UPDATE refresh_tokens t SET",
        "u.attempt_number FROM users u",
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
    for name in ["uuid_text", "wire_time"] {
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
    for (name, sql) in OF_SESSIONS {
        explain_in_sqlite(&connection, name, sql);
    }
    database.finish().await;
}

/// How sessions and credentials are found; on PostgreSQL the statements themselves are explained.
const OF_SESSIONS: [(&str, &str); 3] = [
    (
        "a session",
        "SELECT u.default_role, (SELECT json_group_array(r.role) FROM user_roles r WHERE r.user_id = u.id) \
         FROM refresh_tokens t JOIN users u ON u.id = t.user_id WHERE t.id = $1 AND t.user_id = $2 \
         AND t.revoked_at IS NULL AND t.expires_at > $3 AND NOT u.disabled AND u.deleted_at IS NULL",
    ),
    (
        "a rotation",
        "UPDATE refresh_tokens AS t SET generation = $2 + 1, refresh_token_hash = $4 \
         WHERE t.id = $1 AND t.generation = $2 AND t.refresh_token_hash = $3 AND t.revoked_at IS NULL AND t.expires_at > $4 \
         AND EXISTS (SELECT 1 FROM users u WHERE u.id = t.user_id AND NOT u.disabled AND u.deleted_at IS NULL) RETURNING user_id",
    ),
    (
        "credentials",
        "SELECT u.password_hash FROM users u WHERE u.email = CAST($1 AS citext) AND u.deleted_at IS NULL",
    ),
];

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
