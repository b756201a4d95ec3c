//! What the service tells about how it does: `/metrics`, and `portico doctor` beside it.

use std::sync::Arc;

use serde_json::json;

use crate::support::app::TestApp;
use crate::support::caller::Caller;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::process::{self, Process};
use crate::support::settings::ADMIN_SECRET;

on_both_databases!(
    only_administrators_read_the_counters,
    what_requests_cost_is_counted,
    a_password_that_finds_no_place_is_refused_and_counted,
    the_doctor_asks_the_service_that_runs,
);

async fn read(caller: &Caller) -> String {
    let answer = caller.get("/metrics").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.text
}

/// A number by its name, and label where it has one.
fn number(text: &str, name: &str) -> u64 {
    let mut numbers = text.lines().filter_map(|line| line.rsplit_once(' '));
    let (_, number) = numbers
        .find(|(found, _)| *found == name)
        .unwrap_or_else(|| panic!("{name}\n{text}"));
    number.parse().unwrap()
}

async fn only_administrators_read_the_counters(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let wrong = app.public().with("x-hasura-admin-secret", "a guess");
    let lesser = app.admin().with("x-hasura-role", "user");
    for caller in [&app.public(), &jane, &wrong, &lesser] {
        let answer = caller.get("/metrics").await;
        assert_eq!(answer.status, 401, "{}", answer.text);
        assert!(!answer.text.contains("portico_"), "{}", answer.text);
    }
    read(&app.admin()).await;
}

async fn what_requests_cost_is_counted(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let before = read(&app.admin()).await;
    for _ in 0..3 {
        jane.graphql("query Counted { users { id } }").await.data();
    }
    let after = read(&app.admin()).await;
    let grown = |name| number(&after, name) - number(&before, name);
    let plans = |name: &str| number(&after, &format!("portico_plan_cache_{name}{{role=\"user\"}}"));
    assert_eq!(
        (plans("misses_total"), plans("hits_total"), plans("entries")),
        (1, 2, 1)
    );
    assert!(plans("bytes") > 0);
    let tokens = grown("portico_token_cache_hits_total") + grown("portico_token_cache_misses_total");
    assert_eq!(tokens, 3);
    assert_eq!(number(&after, "portico_hashing_computed_total"), 1);
    assert_eq!(number(&after, "portico_connections{pool=\"heavy\"}"), 1);
}

async fn a_password_that_finds_no_place_is_refused_and_counted(database: Arc<TestDatabase>) {
    let settings = [
        ("PORTICO_HASHING_QUEUE", "1"),
        ("PORTICO_HASHING_THREADS", "1"),
        ("PORTICO_LIMIT_SIGN_UPS", "1000"),
        ("PORTICO_DATABASE_ACQUIRE_TIMEOUT", "30s"),
    ];
    let app = TestApp::with(&database, &settings).await;
    let sign_ups = (0..40).map(|number| {
        let caller = app.public();
        tokio::spawn(async move {
            let email = format!("user{number}@example.org");
            caller.sign_up(&email, "correct horse battery").await
        })
    });
    let (mut refused, sign_ups) = (0, sign_ups.collect::<Vec<_>>());
    for sign_up in sign_ups {
        let answer = sign_up.await.unwrap();
        if answer.status == 429 {
            refused += 1;
            assert_eq!(answer.error_code(), "too-many-requests");
        } else {
            answer.data();
        }
    }
    assert!(refused > 0);
    let text = read(&app.admin()).await;
    assert_eq!(number(&text, "portico_hashing_refused_total"), refused);
    assert_eq!(number(&text, "portico_hashing_computed_total"), 40 - refused);
    assert_eq!(number(&text, "portico_hashing_waiting"), 0);
}

async fn the_doctor_asks_the_service_that_runs(database: Arc<TestDatabase>) {
    let service = Process::start(&database).await;
    let admin = service.caller.with("x-hasura-admin-secret", ADMIN_SECRET);
    let query = json!({ "query": "{ users { id } }" });
    admin.post("application/json", query.to_string()).await.data();
    let listen = service.caller.base.strip_prefix("http://").unwrap();
    let mut doctor = process::command(&database);
    doctor.arg("doctor").env("PORTICO_LISTEN", listen);
    let output = tokio::task::block_in_place(|| doctor.output()).unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}");
    assert_eq!(
        number(&told, "      portico_plan_cache_misses_total{role=\"admin\"}"),
        1
    );

    // With another secret it cannot be told whose service it is.
    doctor.env(
        "PORTICO_ADMIN_SECRET",
        "another-admin-secret-which-is-long-enough",
    );
    let output = tokio::task::block_in_place(|| doctor.output()).unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(!output.status.success() && told.contains("401"), "{told}");
}
