//! Random patterns find the same texts on both databases, or are refused by both alike.

use proptest::prelude::{Just, Strategy};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use proptest::{prop_oneof, sample};
use serde_json::json;

use super::rows;
use crate::support::app::TestApp;
use crate::support::caller::Caller;
use crate::support::database::{Kind, TestDatabase};
use crate::support::requirement::Requirement;

/// Patterns of a usual run; `PROPTEST_CASES` has others.
const CASES: u32 = 200;

const OPERATORS: [&str; 10] = [
    "_like",
    "_nlike",
    "_ilike",
    "_nilike",
    "_similar",
    "_nsimilar",
    "_regex",
    "_nregex",
    "_iregex",
    "_niregex",
];

/// Pieces of patterns, most of them in all three languages, some of them wrong.
fn pattern() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => sample::select(vec!["a", "l", "p", "A", "é", "á", "z", "1", " ", "\n", "%", "_", "d", "t", "x"]),
        4 => sample::select(vec!["%", "_", ".", ".*", "\\d", "\\w", "\\s", "\\W", "\\%", "\\\\", "\\(", "\\u00e1"]),
        3 => sample::select(vec!["*", "+", "?", "*?", "{2}", "{1,}", "{0,3}", "{,2}", "{", "}"]),
        2 => sample::select(vec!["(", ")", "(?:", "|", "^", "$", "\\m", "\\M", "\\y", "\\Y", "\\A", "\\Z"]),
        3 => sample::select(vec![
            "[a-z]", "[^a-z]", "[A-Z ]", "[á-ž]", "[[:alpha:]]", "[[:digit:]%]", "[^[:space:]]", "[[:upper:]]",
            "[]a]", "[a-]", "[\\]p]", "[\\w_]", "[^\\d]", "[\\n]", "[(]", "[-z]", "[€🎉]",
        ]),
    ];
    let piece = piece.prop_map(str::to_owned);
    let group = (
        proptest::collection::vec(piece.clone(), 0..4),
        sample::select(vec!["", "*", "?", "{2}"]),
    )
        .prop_map(|(pieces, times)| format!("({}){times}", pieces.concat()));
    proptest::collection::vec(prop_oneof![5 => piece, 1 => group], 0..8)
        .prop_map(|pieces| pieces.concat())
        .boxed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_databases_find_the_same_texts() {
    let Some(postgres) = TestDatabase::new(Kind::Postgres).await else {
        return Requirement::Postgres.absent();
    };
    let sqlite = TestDatabase::new(Kind::Sqlite).await.unwrap();
    let mut callers = Vec::new();
    for database in [&postgres, &sqlite] {
        let app = TestApp::new(database).await;
        rows::insert(&database.connect().await).await;
        callers.push(app.admin());
    }
    let asked = std::env::var("PROPTEST_CASES").ok();
    let config = Config {
        cases: asked.map_or(CASES, |cases| cases.parse().unwrap()),
        failure_persistence: None,
        ..Config::default()
    };
    let found = std::cell::Cell::new(0);
    let question = (
        sample::select(OPERATORS.to_vec()),
        pattern(),
        prop_oneof![3 => Just("displayName"), 1 => Just("email")],
    );
    let outcome = tokio::task::block_in_place(|| {
        TestRunner::new(config).run(&question, |(operator, pattern, column)| {
            let asked = ask(&callers, column, operator, &pattern);
            let [postgres, sqlite] = &tokio::runtime::Handle::current().block_on(asked)[..] else {
                return Ok(());
            };
            found.set(found.get() + u32::from(postgres.contains("username")));
            match postgres == sqlite {
                true => Ok(()),
                false => Err(TestCaseError::fail(format!(
                    "PostgreSQL {postgres}\nSQLite {sqlite}"
                ))),
            }
        })
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    assert!(found.get() > 20, "only {} patterns found anything", found.get());
    postgres.finish().await;
    sqlite.finish().await;
}

async fn ask(callers: &[Caller], column: &str, operator: &str, pattern: &str) -> Vec<String> {
    let query =
        "query ($where: users_bool_exp!) { users(where: $where, order_by: { username: asc }) { username } }";
    let condition = json!({ "where": { column: { operator: pattern } } });
    let mut answers = Vec::new();
    for caller in callers {
        answers.push(caller.graphql_with(query, condition.clone()).await.text);
    }
    answers
}
