//! Random requests of random roles are answered as a model in memory says, and leave the rows behind that it
//! says. The model shares nothing with the service but the rows at the beginning.

mod change;
mod condition;
mod database;
mod drawn;
mod equal;
mod grammar;
mod group_by;
mod insert;
mod metadata;
mod mutation;
mod pattern;
mod query;
mod role;
mod roles;
mod rows;
mod schema;
mod seed;
mod summary;
mod transaction;
mod update;
mod value;
mod writing;

use std::cell::Cell;
use std::sync::Arc;

use proptest::prelude::Strategy;
use proptest::strategy::Union;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};
use sea_orm::DatabaseConnection;
use serde_json::{Value, json};

use self::equal::{plain, plain_answer, plain_rows};
use self::mutation::Mutation;
use self::query::Query;
use self::role::{Asking, Role};
use self::rows::{Snapshot, Store};
use crate::support::app::TestApp;
use crate::support::caller::Caller;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    any_query_is_answered_as_the_model_says,
    any_change_is_answered_and_stored_as_the_model_says,
);

/// Requests of a usual run; `PROPTEST_CASES` has others.
const CASES: u32 = 64;

/// A service with the roles of a run, over rows that are the same each time.
struct Scene {
    app: TestApp,
    connection: DatabaseConnection,
    roles: Vec<Role>,
    /// What is stored before each request.
    snapshot: Snapshot,
    store: Store,
    /// Who asks: the second of the users, a member of some organisations.
    user: String,
}

impl Scene {
    async fn new(database: &Arc<TestDatabase>) -> Self {
        database.secrets.add(seed::SECRET);
        let roles = roles::all();
        let folder = tempfile::tempdir().unwrap();
        metadata::write(folder.path(), &roles);
        let app = TestApp::with(database, &[("PORTICO_METADATA", folder.path().to_str().unwrap())]).await;
        let connection = database.connect().await;
        seed::insert(&connection).await;
        let snapshot = Snapshot::read(&connection).await;
        Self {
            app,
            connection,
            roles,
            store: snapshot.store(),
            snapshot,
            user: rows::id(1, 1).to_string(),
        }
    }

    fn asking<'a>(&'a self, role: &'a Role) -> Asking<'a> {
        Asking {
            store: &self.store,
            role,
            user: &self.user,
            unbound: false,
        }
    }

    /// The user with a role.
    fn caller(&self, role: &Role) -> Caller {
        let admin = self.app.admin();
        match role.is_admin() {
            true => admin,
            false => admin
                .with("x-hasura-role", role.name)
                .with("x-hasura-user-id", &self.user),
        }
    }

    /// A failure with the document to run.
    fn told(&self, role: &Role, document: &str, difference: &str) -> TestCaseError {
        let parents = self
            .roles
            .iter()
            .filter(|other| role.parents.contains(&other.name));
        let permissions: Vec<String> = parents.chain([role]).map(metadata::text).collect();
        TestCaseError::fail(format!(
            "with x-hasura-user-id {} and x-hasura-role {}:\n\n{document}\n\n{difference}\n\n{}",
            self.user,
            role.name,
            permissions.join("\n")
        ))
    }
}

async fn any_query_is_answered_as_the_model_says(database: Arc<TestDatabase>) {
    let scene = Scene::new(&database).await;
    let questions = scene.roles.iter().enumerate().filter_map(|(number, role)| {
        let question = (grammar::query(role)?, proptest::bool::ANY);
        let question = question.prop_map(move |(query, in_variables)| (number, query, in_variables));
        Some(question.boxed())
    });
    let questions = Union::new(questions);
    let found = Cell::new(0);
    run(&questions, |(number, query, in_variables)| {
        let role = &scene.roles[number];
        let expected = query.answer(scene.asking(role));
        found.set(found.get() + u32::from(expected.to_string().contains("\"f0\":")));
        let answers = wait(ask(&scene.caller(role), &query, in_variables));
        match answers.iter().find(|answer| plain(answer) != plain(&expected)) {
            None => Ok(()),
            Some(answer) => {
                let difference = format!("expected {expected}\nanswered {answer}");
                Err(scene.told(role, &query.document(false).0, &difference))
            }
        }
    });
    assert!(found.get() > 20, "only {} queries found rows", found.get());
}

async fn any_change_is_answered_and_stored_as_the_model_says(database: Arc<TestDatabase>) {
    let scene = Scene::new(&database).await;
    let changes = scene.roles.iter().enumerate().filter_map(|(number, role)| {
        let change = (writing::mutation(role)?, proptest::bool::ANY);
        let change = change.prop_map(move |(mutation, in_variables)| (number, mutation, in_variables));
        Some(change.boxed())
    });
    let changes = Union::new(changes);
    let written = Cell::new(0);
    run(&changes, |(number, mutation, in_variables)| {
        let role = &scene.roles[number];
        let expected = mutation.apply(scene.asking(role));
        written.set(written.get() + u32::from(expected.1 != scene.store));
        // Twice: the second time beside the plan at hand.
        for _ in 0..2 {
            let (answer, found) = wait(change(&scene, role, &mutation, in_variables));
            if let Some(difference) = difference(&mutation, &expected, &answer, &found) {
                let (document, _) = mutation.document(false);
                let backend = format!("x-hasura-use-backend-only-permissions {}", mutation.backend);
                return Err(scene.told(role, &format!("{document}\n\n{backend}"), &difference));
            }
        }
        Ok(())
    });
    assert!(
        written.get() > 5,
        "only {} changes changed anything",
        written.get()
    );
}

/// Runs a test on values of a strategy; the smallest that fails is what it panics with.
fn run<V: std::fmt::Debug>(values: &impl Strategy<Value = V>, test: impl Fn(V) -> Result<(), TestCaseError>) {
    let result = tokio::task::block_in_place(|| TestRunner::new(config()).run(values, test));
    match result {
        Ok(()) => {}
        // Without the value: the document is in the reason.
        Err(TestError::Fail(reason, _) | TestError::Abort(reason)) => panic!("{reason}"),
    }
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Handle::current().block_on(future)
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

/// Runs a mutation: the answer and what is stored then. Afterwards all is as it was.
async fn change(scene: &Scene, role: &Role, mutation: &Mutation, in_variables: bool) -> (Value, Store) {
    let (text, variables) = mutation.document(in_variables);
    let caller = match mutation.backend {
        true => scene
            .caller(role)
            .with("x-hasura-use-backend-only-permissions", "true"),
        false => scene.caller(role),
    };
    let body = json!({ "query": text, "variables": variables });
    let answer = caller.post_json(&body).await.body;
    let found = Snapshot::read(&scene.connection).await.store();
    if found != scene.store {
        scene.snapshot.restore(&scene.connection).await;
    }
    (answer, found)
}

/// What differs from what the model says, in words.
fn difference(
    mutation: &Mutation,
    expected: &mutation::Outcome,
    answer: &Value,
    found: &Store,
) -> Option<String> {
    let as_expected = match &expected.0 {
        Ok(expected) => plain_answer(mutation, answer) == plain_answer(mutation, expected),
        Err(codes) => {
            let code = answer
                .pointer("/errors/0/extensions/code")
                .and_then(Value::as_str);
            code.is_some_and(|code| codes.contains(code))
        }
    };
    let (expected_rows, found_rows) = (plain_rows(&expected.1), plain_rows(found));
    if as_expected && expected_rows == found_rows && !tells_too_much(mutation, answer) {
        return None;
    }
    let missing = expected_rows.iter().filter(|row| !found_rows.contains(row));
    let unexpected = found_rows.iter().filter(|row| !expected_rows.contains(row));
    Some(format!(
        "expected {}\nanswered {answer}\nrows missing: {:#?}\nrows not expected: {:#?}",
        match &expected.0 {
            Ok(expected) => expected.to_string(),
            Err(codes) => format!("an error of {codes:?}"),
        },
        missing.collect::<Vec<_>>(),
        unexpected.collect::<Vec<_>>(),
    ))
}

/// Whether an error names a row that the request does not.
fn tells_too_much(mutation: &Mutation, answer: &Value) -> bool {
    let Some(errors) = answer.get("errors").map(Value::to_string) else {
        return false;
    };
    let (document, _) = mutation.document(false);
    errors.contains(seed::SECRET)
        || errors
            .split(|character: char| !character.is_ascii_hexdigit() && character != '-')
            .any(|word| uuid::Uuid::try_parse(word).is_ok() && !document.contains(word))
}
