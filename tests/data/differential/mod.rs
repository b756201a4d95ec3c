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
mod open;
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

use proptest::prelude::{BoxedStrategy, Strategy};
use proptest::strategy::Union;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};
use proptest::{bool, option};
use sea_orm::DatabaseConnection;
use serde_json::{Value, json};

use self::database::Codes;
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
            inside: None,
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

    /// Requests of all roles; some of them ask what another role can.
    fn asked<R: std::fmt::Debug + 'static>(
        &self,
        of: impl Fn(&Role) -> Option<BoxedStrategy<R>>,
    ) -> Union<BoxedStrategy<Asked<R>>> {
        let roles = self.roles.iter().enumerate();
        Union::new(roles.filter_map(|(author, role)| {
            let other = option::weighted(0.15, 0..self.roles.len());
            let asked = (of(role)?, bool::ANY, other).prop_map(move |(what, in_variables, other)| Asked {
                role: other.unwrap_or(author),
                what,
                in_variables,
            });
            Some(asked.boxed())
        }))
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

/// A request.
#[derive(Debug)]
struct Asked<R> {
    /// The number of the role that asks.
    role: usize,
    what: R,
    in_variables: bool,
}

async fn any_query_is_answered_as_the_model_says(database: Arc<TestDatabase>) {
    let scene = Scene::new(&database).await;
    let found = Cell::new(0);
    run(&scene.asked(grammar::query), |asked| {
        let (role, query) = (&scene.roles[asked.role], &asked.what);
        let expected = query.answer(scene.asking(role));
        let has_rows = |answer: &Value| answer.to_string().contains("\"f0\":");
        found.set(found.get() + u32::from(expected.as_ref().is_ok_and(has_rows)));
        for answer in wait(ask(&scene.caller(role), query, asked.in_variables)) {
            if !is_expected(&expected, &answer, plain) {
                let difference = told_answers(&expected, &answer);
                return Err(scene.told(role, &query.document(false).0, &difference));
            }
        }
        Ok(())
    });
    not_for_nothing(found.get(), "queries found rows");
}

async fn any_change_is_answered_and_stored_as_the_model_says(database: Arc<TestDatabase>) {
    let scene = Scene::new(&database).await;
    let written = Cell::new(0);
    run(&scene.asked(writing::mutation), |asked| {
        let (role, mutation) = (&scene.roles[asked.role], &asked.what);
        let (expected, store) = mutation.apply(scene.asking(role));
        written.set(written.get() + u32::from(store != scene.store));
        // Twice: the second time beside the plan at hand.
        for _ in 0..2 {
            let (answer, found) = wait(change(&scene, role, mutation, asked.in_variables));
            let same = is_expected(&expected, &answer, |answer| plain_answer(mutation, answer));
            let (document, _) = mutation.document(false);
            if same && plain_rows(&store) == plain_rows(&found) && !tells_too_much(&document, &answer) {
                continue;
            }
            let (answers, rows) = (told_answers(&expected, &answer), told_rows(&store, &found));
            let document = format!(
                "{document}\n\nwith x-hasura-use-backend-only-permissions: {}",
                mutation.backend
            );
            return Err(scene.told(role, &document, &format!("{answers}\n{rows}")));
        }
        Ok(())
    });
    not_for_nothing(written.get(), "changes changed anything");
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

/// Roles drawn at random may see little, but not all of them nothing.
fn not_for_nothing(count: u32, what: &str) {
    assert!(count > config().cases / 32, "only {count} {what}");
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

/// Whether an answer is the one of the model, or an error with one of its codes.
fn is_expected(expected: &Result<Value, Codes>, answer: &Value, plain: impl Fn(&Value) -> Value) -> bool {
    match expected {
        Ok(expected) => plain(answer) == plain(expected),
        Err(codes) => {
            let code = answer
                .pointer("/errors/0/extensions/code")
                .and_then(Value::as_str);
            answer["data"].is_null() && code.is_some_and(|code| codes.contains(code))
        }
    }
}

fn told_answers(expected: &Result<Value, Codes>, answer: &Value) -> String {
    let expected = match expected {
        Ok(expected) => expected.to_string(),
        Err(codes) => format!("an error of {codes:?}"),
    };
    format!("expected {expected}\nanswered {answer}")
}

fn told_rows(expected: &Store, found: &Store) -> String {
    let (expected, found) = (plain_rows(expected), plain_rows(found));
    let less = |rows: &[String], others: &[String]| -> Vec<String> {
        rows.iter().filter(|row| !others.contains(row)).cloned().collect()
    };
    format!(
        "rows missing: {:#?}\nrows not expected: {:#?}",
        less(&expected, &found),
        less(&found, &expected)
    )
}

/// Whether an answer holds a secret, or an error the key of a row that the request does not name.
fn tells_too_much(document: &str, answer: &Value) -> bool {
    let text = answer.to_string();
    let errors = answer.get("errors").map(Value::to_string).unwrap_or_default();
    let mut words = errors.split(|character: char| !character.is_ascii_hexdigit() && character != '-');
    text.contains(seed::SECRET)
        || words.any(|word| uuid::Uuid::try_parse(word).is_ok() && !document.contains(word))
}
