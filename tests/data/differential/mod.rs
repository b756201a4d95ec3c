//! Random requests of random roles are answered as a model in memory says, which shares nothing with the
//! service but the rows.

mod condition;
mod grammar;
mod pattern;
mod query;
mod role;
mod rows;
mod schema;
mod value;

use std::sync::Arc;

use proptest::prelude::Strategy;
use proptest::strategy::Union;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};
use serde_json::{Value, json};

use self::query::Query;
use self::role::{Asking, Role};
use self::rows::Store;
use crate::support::app::TestApp;
use crate::support::caller::Caller;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(any_query_is_answered_as_the_model_says);

/// Queries of a usual run; `PROPTEST_CASES` has others.
const CASES: u32 = 100;

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

async fn any_query_is_answered_as_the_model_says(database: Arc<TestDatabase>) {
    let roles = role::roles();
    let folder = tempfile::tempdir().unwrap();
    role::write(folder.path(), &roles);
    let app = TestApp::with(
        &database,
        &[("PORTICO_METADATA", folder.path().to_str().unwrap())],
    )
    .await;
    let connection = database.connect().await;
    rows::insert(&connection).await;
    let (store, asker) = (Store::read(&connection).await, asker());
    let questions = roles.iter().enumerate().map(|(number, role)| {
        let question = (grammar::query(role), proptest::bool::ANY);
        question
            .prop_map(move |(query, in_variables)| (number, query, in_variables))
            .boxed()
    });
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
                let caller = caller(&app, role);
                let asked = ask(&caller, &query, in_variables);
                let answers = tokio::runtime::Handle::current().block_on(asked);
                match answers.iter().find(|answer| **answer != expected) {
                    None => Ok(()),
                    Some(answer) => Err(TestCaseError::fail(told(role, &query, &expected, answer))),
                }
            });
        answered.map_err(|error| match error {
            TestError::Fail(reason, _) => reason.to_string(),
            TestError::Abort(reason) => reason.to_string(),
        })
    };
    if let Err(reason) = tokio::task::block_in_place(run) {
        panic!("{reason}");
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
