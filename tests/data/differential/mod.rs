//! Random requests of random roles are answered as a model in memory says, which shares nothing with the
//! service but the rows.

mod condition;
mod grammar;
mod group_by;
mod mutation;
mod pattern;
mod query;
mod role;
mod rows;
mod schema;
mod summary;
mod value;

use std::cell::Cell;
use std::sync::Arc;

use proptest::prelude::Strategy;
use proptest::strategy::Union;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};
use sea_orm::DatabaseConnection;
use serde_json::{Value, json};

use self::query::Query;
use self::role::{Asking, Role};
use self::rows::Store;
use crate::support::app::TestApp;
use crate::support::caller::Caller;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    any_query_is_answered_as_the_model_says,
    any_change_is_answered_and_stored_as_the_model_says,
);

/// Queries of a usual run; `PROPTEST_CASES` has others.
const CASES: u32 = 64;

/// Who asks: the second row of the users, a member of some organisations.
fn asker() -> String {
    rows::id(1, 1).to_string()
}

/// Somebody with a role.
fn caller(app: &TestApp, role: &Role) -> Caller {
    let admin = app.admin();
    match role.name {
        "admin" => admin,
        name => admin
            .with("x-hasura-role", name)
            .with("x-hasura-user-id", &asker()),
    }
}

/// A service with the roles, over rows that are the same each time.
async fn seeded(database: &Arc<TestDatabase>, roles: &[Role]) -> (TestApp, DatabaseConnection) {
    let folder = tempfile::tempdir().unwrap();
    role::write(folder.path(), roles);
    let app = TestApp::with(database, &[("PORTICO_METADATA", folder.path().to_str().unwrap())]).await;
    let connection = database.connect().await;
    rows::insert(&connection).await;
    (app, connection)
}

async fn any_query_is_answered_as_the_model_says(database: Arc<TestDatabase>) {
    let roles = role::roles();
    let (app, connection) = seeded(&database, &roles).await;
    let (store, asker) = (Store::read(&connection).await, asker());
    let questions = roles.iter().enumerate().map(|(number, role)| {
        let question = (grammar::query(role), proptest::bool::ANY);
        question
            .prop_map(move |(query, in_variables)| (number, query, in_variables))
            .boxed()
    });
    let found = Cell::new(0);
    let run = || {
        let answered =
            TestRunner::new(config()).run(&Union::new(questions), |(number, query, in_variables)| {
                let role = &roles[number];
                let asking = Asking {
                    store: &store,
                    role,
                    user: &asker,
                    unbound: false,
                };
                let expected = query.answer(asking);
                found.set(found.get() + u32::from(expected.to_string().contains("\"f0\":")));
                let caller = caller(&app, role);
                let asked = ask(&caller, &query, in_variables);
                let answers = tokio::runtime::Handle::current().block_on(asked);
                match answers.iter().find(|answer| **answer != expected) {
                    None => Ok(()),
                    Some(answer) => Err(TestCaseError::fail(told(role, &query, &expected, answer))),
                }
            });
        answered.map_err(reason)
    };
    if let Err(reason) = tokio::task::block_in_place(run) {
        panic!("{reason}");
    }
    assert!(found.get() > 20, "only {} queries found rows", found.get());
}

async fn any_change_is_answered_and_stored_as_the_model_says(database: Arc<TestDatabase>) {
    let roles = role::roles();
    let (app, connection) = seeded(&database, &roles).await;
    let (store, asker) = (Store::read(&connection).await, asker());
    let users = rows::stored_users(&connection).await;
    let changes = roles.iter().enumerate().filter_map(|(number, role)| {
        let mutation = mutation::mutation(role)?;
        Some(mutation.prop_map(move |mutation| (number, mutation)).boxed())
    });
    let written = Cell::new(0);
    let run = || {
        let changed = TestRunner::new(config()).run(&Union::new(changes), |(number, mutation)| {
            let role = &roles[number];
            let asking = Asking {
                store: &store,
                role,
                user: &asker,
                unbound: false,
            };
            let (expected, after) = mutation.apply(asking);
            written.set(written.get() + u32::from(after != store));
            let (caller, text) = (caller(&app, role), mutation.document());
            let asked = async {
                let answer = caller.graphql(&text).await.body;
                let found = Store::read(&connection).await;
                let user = users.iter().find(|user| user.id.to_string() == mutation.user());
                if let Some(user) = user {
                    rows::restore(&connection, user).await;
                }
                (answer, found)
            };
            let (answer, found) = tokio::runtime::Handle::current().block_on(asked);
            let as_expected = match &expected {
                Ok(expected) => answer == *expected,
                Err(code) => answer.pointer("/errors/0/extensions/code") == Some(&json!(code)),
            };
            match as_expected && found.sorted() == after.sorted() {
                true => Ok(()),
                false => Err(TestCaseError::fail(format!(
                    "as {} with x-hasura-user-id {asker}:\n{text}\nexpected {expected:?}\nanswered {answer}",
                    role.name
                ))),
            }
        });
        changed.map_err(reason)
    };
    if let Err(reason) = tokio::task::block_in_place(run) {
        panic!("{reason}");
    }
    assert!(
        written.get() > 5,
        "only {} changes changed anything",
        written.get()
    );
}

/// Why a run failed, without the value: the document is in the reason.
fn reason<T>(error: TestError<T>) -> String {
    match error {
        TestError::Fail(reason, _) | TestError::Abort(reason) => reason.to_string(),
    }
}

fn config() -> Config {
    let asked = std::env::var("PROPTEST_CASES").ok();
    Config {
        cases: asked.map_or(CASES, |cases| cases.parse().unwrap()),
        failure_persistence: None,
        max_shrink_iters: 500,
        ..Config::default()
    }
}

/// Asks twice: the second time beside the plan at hand.
async fn ask(caller: &Caller, query: &Query, in_variables: bool) -> [Value; 2] {
    let (text, variables) = query.document(in_variables);
    let body = json!({ "query": text, "variables": variables });
    [
        caller.post_json(&body).await.body,
        caller.post_json(&body).await.body,
    ]
}

/// A failure with the document to run.
fn told(role: &Role, query: &Query, expected: &Value, answer: &Value) -> String {
    let (text, _) = query.document(false);
    format!(
        "as {} with x-hasura-user-id {}:\n{text}\nexpected {expected}\nanswered {answer}",
        role.name,
        asker()
    )
}
