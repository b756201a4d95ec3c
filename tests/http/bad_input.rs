//! Bad input gets an error that names the cause, and the service goes on.

use std::sync::Arc;

use serde_json::json;

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    every_bad_body_is_refused,
    documents_beyond_the_limits_are_refused,
    a_body_of_five_megabytes_is_refused
);

const JSON: &str = "application/json";

async fn every_bad_body_is_refused(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let table: &[(&str, &str, &[u8], &str)] = &[
        ("malformed", JSON, b"{\"query\": ", "invalid-json"),
        ("nothing", JSON, b"", "invalid-json"),
        ("not text", JSON, b"\xff\xfe\x00", "invalid-json"),
        (
            "trailing text",
            JSON,
            b"{\"query\":\"{ __typename }\"} x",
            "invalid-json",
        ),
        ("a number", JSON, b"1", "parse-failed"),
        ("no query", JSON, b"{}", "parse-failed"),
        (
            "a query that is a number",
            JSON,
            b"{\"query\": 1}",
            "parse-failed",
        ),
        (
            "variables that are a list",
            JSON,
            b"{\"query\":\"{ __typename }\",\"variables\":[]}",
            "parse-failed",
        ),
        (
            "a bad element in a batch",
            JSON,
            b"[{\"query\":\"{ __typename }\"}, 1]",
            "parse-failed",
        ),
        (
            "an unknown operation",
            JSON,
            b"{\"query\":\"query A { __typename }\",\"operationName\":\"B\"}",
            "validation-failed",
        ),
        (
            "two operations and no name",
            JSON,
            b"{\"query\":\"query A { __typename } query B { __typename }\"}",
            "validation-failed",
        ),
        (
            "plain text",
            "text/plain",
            b"{\"query\":\"{ __typename }\"}",
            "invalid-headers",
        ),
        (
            "a form",
            "application/x-www-form-urlencoded",
            b"query=%7B__typename%7D",
            "invalid-headers",
        ),
    ];
    let mut wrong = Vec::new();
    for (name, content_type, body, code) in table {
        let answer = jane.post(content_type, body.to_vec()).await;
        let told = answer
            .body
            .pointer("/errors/0/extensions/code")
            .and_then(|code| code.as_str());
        if told != Some(code) || answer.status >= 500 {
            wrong.push(format!(
                "{name}: expected {code}, got {} {}",
                answer.status, answer.text
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    jane.graphql("{ users { id } }").await.data();
}

#[track_caller]
fn assert_refused(query: &str, answer: &Answer) {
    let start = query.get(..60).unwrap_or(query);
    assert!(answer.status < 500, "{start} {} {}", answer.status, answer.text);
    assert!(answer.body.get("errors").is_some(), "{start} {}", answer.text);
    assert!(
        answer.text.len() < 10_000,
        "a refusal of {} bytes",
        answer.text.len()
    );
}

async fn documents_beyond_the_limits_are_refused(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let deep = format!(
        "{{ users {}{{ id }}{} }}",
        "{ roles { user ".repeat(50),
        "} }".repeat(50)
    );
    let deep_filter = format!(
        "{{ users(where: {}{{}}{}) {{ id }} }}",
        "{ _not: ".repeat(100),
        "}".repeat(100)
    );
    let wide = format!(
        "{{ {} }}",
        (0..1000)
            .map(|number| format!("a{number}: users {{ id }} "))
            .collect::<String>()
    );
    let long = format!("{{ users {{ {} }} }}", "id ".repeat(20_000));
    // As many as the limit of tokens lets through: the parser goes into each.
    let nested_lists = format!(
        "{{ users(where: {{ _and: {}{} }}) {{ id }} }}",
        "[".repeat(4_900),
        "]".repeat(4_900)
    );
    let nested_types = format!(
        "query ($a: {}uuid{}) {{ users {{ id }} }}",
        "[".repeat(4_900),
        "]".repeat(4_900)
    );
    let bomb = "{ users { ...a ...a } } fragment a on users { ...b ...b } fragment b on users { ...a }";
    for query in [
        deep.as_str(),
        &deep_filter,
        &wide,
        &long,
        &nested_lists,
        &nested_types,
        bomb,
    ] {
        assert_refused(query, &jane.graphql(query).await);
    }
    let variables = (0..200).fold(json!({}), |inner, _| json!({ "_not": inner }));
    let query = "query ($where: users_bool_exp) { users(where: $where) { id } }";
    assert_refused(
        query,
        &jane.graphql_with(query, json!({ "where": variables })).await,
    );
    jane.graphql("{ users { id } }").await.data();
}

async fn a_body_of_five_megabytes_is_refused(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let body = format!(
        "{{\"query\":\"{{ __typename }}\",\"variables\":{{\"x\":\"{}\"}}}}",
        "x".repeat(5_000_000)
    );
    // The service may close the connection before it has read everything.
    let request = app
        .public()
        .request(reqwest::Method::POST, "/v1/graphql")
        .header("content-type", JSON)
        .body(body);
    if let Ok(response) = request.send().await {
        let answer = Answer::read(response).await;
        assert_eq!(answer.status, 413, "{}", answer.text);
        assert!(!answer.error_code().is_empty());
    }
    app.public().graphql("{ __typename }").await.data();
}
