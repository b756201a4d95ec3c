//! Correct under caching: what is kept from earlier requests never decides what a later one is answered.

mod aggregate;
mod grammar;
mod values;

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use sea_orm::ConnectionTrait;
use serde_json::{Map, Value, json};

use self::grammar::Question;
use crate::support::app::TestApp;
use crate::support::caller::{Caller, User};
use crate::support::database::{Kind, TestDatabase, on_both_databases};
use crate::support::seed;

on_both_databases!(
    any_document_is_answered_alike_with_and_without_a_plan_at_hand,
    one_text_is_answered_for_each_role,
    directives_follow_their_variables,
    unfit_variables_are_refused_beside_a_plan_at_hand,
    unfit_variables_of_an_operation_at_hand_are_refused,
    each_operation_of_a_text_has_its_own_plan,
    ten_thousand_documents_stay_within_the_bytes,
);

/// Documents of a usual run; `PROPTEST_CASES` has others.
const CASES: u32 = 64;

async fn seeded(database: &Arc<TestDatabase>, variables: &[(&str, &str)]) -> TestApp {
    if database.kind == Kind::Postgres {
        let connection = database.connect().await;
        // Rows without an order come as the database's own plan has them, which may change with its use.
        let name = database.url.rsplit('/').next().unwrap();
        let sql = format!("ALTER DATABASE {name} SET plan_cache_mode = force_custom_plan");
        connection.execute_unprepared(&sql).await.unwrap();
    }
    let app = TestApp::with(database, variables).await;
    let connection = database.connect().await;
    seed::insert(&connection).await;
    if database.kind == Kind::Postgres {
        // New statistics may change a plan, too.
        let still = "DO $$ DECLARE name text; BEGIN \
            FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'auth' LOOP \
            EXECUTE format('ALTER TABLE auth.%I SET (autovacuum_enabled = false)', name); END LOOP; END $$; ANALYZE";
        connection.execute_unprepared(still).await.unwrap();
    }
    app
}

/// The text as another document that means the same: nothing is at hand for it.
fn cold(text: &str) -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("{text}\n# {}", COUNT.fetch_add(1, Ordering::Relaxed))
}

async fn ask(
    caller: &Caller,
    text: &str,
    name: Option<&str>,
    variables: &Map<String, Value>,
) -> (u16, String) {
    let body = json!({ "query": text, "operationName": name, "variables": variables });
    let answer = caller.post_json(&body).await;
    (answer.status, answer.text)
}

/// How often a plan, or the document of an operation, was at hand.
fn hits(app: &TestApp) -> u64 {
    app.app
        .plan_counters()
        .iter()
        .map(|(_, counters)| counters.hits)
        .sum()
}

async fn any_document_is_answered_alike_with_and_without_a_plan_at_hand(database: Arc<TestDatabase>) {
    let app = seeded(&database, &[]).await;
    let jane = User::sign_in_as(&app.public(), "jane@example.org", seed::PASSWORD).await;
    // Written later, it would move her row among those that have no order.
    app.app.auth().flush_last_seen().await.unwrap();
    let admin = app.admin();
    let asked = std::env::var("PROPTEST_CASES").ok();
    let config = Config {
        cases: asked.map_or(CASES, |cases| cases.parse().unwrap()),
        failure_persistence: None,
        max_shrink_iters: 200,
        ..Config::default()
    };
    let answered = std::cell::Cell::new(0);
    let outcome = tokio::task::block_in_place(|| {
        TestRunner::new(config).run(&grammar::question(), |question| {
            let caller = if question.as_admin { &admin } else { &*jane };
            let compared = tokio::runtime::Handle::current().block_on(compare(caller, &question));
            answered.set(answered.get() + compared.map_err(TestCaseError::fail)?);
            Ok(())
        })
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    let (answered, hits) = (answered.get(), hits(&app));
    assert!(
        answered > CASES / 2,
        "only {answered} answers had data: the grammar asks nonsense"
    );
    assert!(hits > u64::from(CASES), "only {hits} requests met a plan at hand");
}

/// Asks with each set of variables, first where nothing is at hand and then where more and more is; counts the
/// answers with data.
async fn compare(caller: &Caller, question: &Question) -> Result<u32, String> {
    let mut expected = Vec::new();
    for variables in &question.variables {
        expected.push(ask(caller, &cold(&question.text), None, variables).await);
    }
    // Forwards and backwards: each set of variables follows others of its own and of other shapes.
    let forwards = 0..expected.len();
    for index in forwards.clone().chain(forwards.clone().rev()).chain(forwards) {
        let variables = &question.variables[index];
        let warm = ask(caller, &question.text, None, variables).await;
        if warm != expected[index] {
            return Err(format!(
                "{}\nwith {}\nwithout a plan {:?}\nwith one {warm:?}",
                question.text,
                Value::Object(variables.clone()),
                expected[index]
            ));
        }
    }
    let with_data = expected
        .iter()
        .filter(|(_, body)| body.starts_with("{\"data\":{"));
    Ok(u32::try_from(with_data.count()).unwrap())
}

fn members(variables: Value) -> Map<String, Value> {
    serde_json::from_value(variables).unwrap()
}

/// Asks each set of variables where nothing is at hand, then twice the same text with all of them.
async fn assert_alike(caller: &Caller, text: &str, sets: &[Value]) {
    let question = Question {
        text: text.to_owned(),
        variables: sets.iter().cloned().map(members).collect(),
        as_admin: false,
    };
    if let Err(difference) = compare(caller, &question).await {
        panic!("{difference}");
    }
}

async fn one_text_is_answered_for_each_role(database: Arc<TestDatabase>) {
    let app = seeded(&database, &[]).await;
    let jane = User::sign_in_as(&app.public(), "jane@example.org", seed::PASSWORD).await;
    let (admin, public) = (app.admin(), app.public());
    let as_jane = admin
        .with("x-hasura-role", "user")
        .with("x-hasura-user-id", &seed::JANE.to_string());
    let nobody = admin.with("x-hasura-role", "user");
    let callers = [&*jane, &admin, &as_jane, &nobody, &public];
    let text = "query ($limit: Int) { users(limit: $limit, order_by: { id: asc }) { id roles(order_by: { id: asc }) { role } } }";
    let variables = members(json!({ "limit": 10 }));
    let mut expected = Vec::new();
    for caller in callers {
        expected.push(ask(caller, &cold(text), None, &variables).await);
    }
    assert_ne!(expected[0], expected[1]);
    assert_eq!(expected[0], expected[2]);
    assert!(expected[3].1.contains("missing session variable"), "{expected:?}");
    assert!(expected[4].1.contains("validation-failed"), "{expected:?}");
    for _ in 0..3 {
        for (caller, expected) in callers.iter().zip(&expected) {
            assert_eq!(&ask(caller, text, None, &variables).await, expected);
        }
    }
}

async fn directives_follow_their_variables(database: Arc<TestDatabase>) {
    let app = seeded(&database, &[]).await;
    let text = "query ($email: Boolean!, $roles: Boolean! = true, $name: Boolean = false) {
      users(order_by: { id: asc }) {
        id email @include(if: $email)
        ... @skip(if: $roles) { locale }
        roles(order_by: { id: asc }) @include(if: $roles) { role @skip(if: $email) id }
      }
      authRoles(order_by: { role: asc }) @include(if: $name) { role }
    }";
    let mut sets = Vec::new();
    for email in [json!(true), json!(false), json!(null), json!("true"), json!(1)] {
        for roles in [json!(true), json!(false), json!(null)] {
            sets.push(json!({ "email": email, "roles": roles }));
            sets.push(json!({ "email": email, "roles": roles, "name": roles }));
        }
        sets.push(json!({ "email": email }));
    }
    sets.push(json!({}));
    assert_alike(&app.admin(), text, &sets).await;
    for email in [true, false, true] {
        let answer = app.admin().graphql_with(text, json!({ "email": email })).await;
        assert_eq!(!answer.values("email").is_empty(), email);
        assert_eq!(answer.values("role").is_empty(), email);
    }
}

async fn unfit_variables_are_refused_beside_a_plan_at_hand(database: Arc<TestDatabase>) {
    let app = seeded(&database, &[]).await;
    let text = "query ($id: uuid!, $name: String, $limit: Int, $order: [users_order_by!], $where: users_bool_exp) {
      user(id: $id) { id }
      users(where: { _and: [{ displayName: { _ilike: $name } }], _not: $where }, limit: $limit, order_by: $order) { id }
    }";
    let id = seed::JANE;
    let good = json!({ "id": id, "name": "%", "limit": 5, "order": [{ "id": "asc" }], "where": { "id": { "_eq": id } } });
    let sets = unfit_sets(&good, &["id", "name", "limit", "order", "where"]);
    app.admin().graphql_with(text, good).await.data();
    assert_alike(&app.admin(), text, &sets).await;
}

async fn unfit_variables_of_an_operation_at_hand_are_refused(database: Arc<TestDatabase>) {
    let app = seeded(&database, &[("PORTICO_LIMIT_REFRESHES", "10000")]).await;
    let public = app.public();
    let text = "mutation ($token: String!, $other: String) {
      refreshToken(refreshToken: $token) { accessToken }
      signOut(refreshToken: $other)
    }";
    let good = json!({ "token": "none", "other": "no other" });
    let sets = unfit_sets(&good, &["token", "other"]);
    public.graphql_with(text, good).await;
    let before = hits(&app);
    assert_alike(&public, text, &sets).await;
    // Each set is asked three times with the document at hand.
    assert_eq!(hits(&app) - before, 3 * sets.len() as u64);
}

/// The variables as they fit, then with each of those named as it does not or missing, and with one more.
fn unfit_sets(good: &Value, names: &[&str]) -> Vec<Value> {
    let mut sets = vec![good.clone()];
    for name in names {
        for value in unfit() {
            let mut set = good.clone();
            set[name] = value;
            sets.push(set);
        }
        let mut missing = good.clone();
        missing.as_object_mut().unwrap().remove(*name);
        sets.push(missing);
    }
    let mut further = good.clone();
    further["further"] = json!(1);
    sets.push(further);
    sets
}

fn unfit() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(7),
        json!(-7),
        json!(1.5),
        json!(3_000_000_000_u64),
        json!(""),
        json!("asc"),
        json!("\u{0}"),
        json!([]),
        json!([null]),
        json!([7, "asc"]),
        json!({}),
        json!({ "id": null }),
        json!({ "id": "asc" }),
        json!({ "id": { "_eq": null } }),
        json!({ "id": { "_in": [] } }),
        json!({ "id": { "_in": [null] } }),
        json!({ "passwordHash": { "_eq": "x" } }),
        json!([{ "id": "sideways" }]),
        json!([{ "id": "desc" }, { "email": "asc" }]),
    ]
}

async fn each_operation_of_a_text_has_its_own_plan(database: Arc<TestDatabase>) {
    let app = seeded(&database, &[]).await;
    let text = "query A($n: Int) { users(limit: $n, order_by: { id: asc }) { ...f } }
      query B($n: Int) { users(limit: $n, order_by: { id: desc }) { ...f } }
      fragment f on users { id }";
    let names = [Some("A"), Some("B"), Some("C"), Some(""), None];
    let sets = [
        json!({}),
        json!({ "n": 1 }),
        json!({ "n": 2 }),
        json!({ "n": "x" }),
    ]
    .map(members);
    let mut expected = Vec::new();
    for name in names {
        for variables in &sets {
            expected.push(ask(&app.admin(), &cold(text), name, variables).await);
        }
    }
    assert_ne!(expected[1], expected[sets.len() + 1]);
    for _ in 0..3 {
        let mut expected = expected.iter();
        for name in names {
            for variables in &sets {
                assert_eq!(
                    Some(&ask(&app.admin(), text, name, variables).await),
                    expected.next(),
                    "{name:?}"
                );
            }
        }
    }
}

async fn ten_thousand_documents_stay_within_the_bytes(database: Arc<TestDatabase>) {
    const BYTES: u64 = 1 << 20;
    let app = seeded(&database, &[("PORTICO_PLAN_CACHE", &BYTES.to_string())]).await;
    let admin = app.admin();
    let often = "query ($id: uuid!) { user(id: $id) { id email roles { role } } }";
    for _ in 0..20 {
        admin
            .graphql_with(often, json!({ "id": seed::JANE }))
            .await
            .data();
    }
    let batches = (0..500).map(|batch| {
        let requests = (0..20).map(|number| {
            let number = batch * 20 + number;
            json!({ "query": format!("{{ authRole(role: \"user\") {{ key{number}: role name }} }}") })
        });
        let (admin, requests) = (admin.clone(), Value::from_iter(requests));
        async move {
            let answer = admin.post_json(&requests).await;
            assert!(!answer.text.contains("errors"), "{}", answer.text);
        }
    });
    let mut batches = stream::iter(batches).buffer_unordered(2);
    while let Some(()) = batches.next().await {
        for (role, counters) in app.app.plan_counters() {
            assert!(counters.bytes <= BYTES, "{role}: {counters:?}");
        }
    }
    let (_, full) = app
        .app
        .plan_counters()
        .into_iter()
        .find(|(role, _)| role == "admin")
        .unwrap();
    assert!(full.misses >= 10_000 && full.entries > 50, "{full:?}");
    assert!(full.bytes > BYTES / 2, "the cache is not filled: {full:?}");
    let before = hits(&app);
    admin
        .graphql_with(often, json!({ "id": seed::JANE }))
        .await
        .data();
    assert_eq!(
        hits(&app),
        before + 1,
        "a document used often was dropped: {full:?}"
    );
}
