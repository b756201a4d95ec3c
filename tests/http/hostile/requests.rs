//! Documents and variables of which there is far too much.

use std::sync::Arc;

use serde_json::json;

use super::{GROWTH, Stand, flood};
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    fifty_thousand_tokens_are_refused,
    variables_of_a_megabyte_are_read,
    fragments_that_are_endless_are_refused,
);

/// How many MiB more the service may have in use after eight bodies of a megabyte at once, whose values are many times their text.
const GROWTH_BY_VALUES: u64 = 250;

async fn fifty_thousand_tokens_are_refused(database: Arc<TestDatabase>) {
    let stand = Stand::new(&database).await;
    let documents = [
        format!("{{ users {{ {} }} }}", "id ".repeat(50_000)),
        format!(
            "{{ users(where: {{ id: {{ _in: [{}] }} }}) {{ id }} }}",
            "\"x\" ".repeat(50_000)
        ),
        format!("{{ users {{ id }} }} {}", "# a comment\n".repeat(50_000)),
        "{".repeat(50_000),
        "[".repeat(50_000),
        "fragment a on users { id } ".repeat(8_000),
        format!("query ({}) {{ users {{ id }} }}", "$a: Int ".repeat(12_500)),
        // To the parser a block string that has no end is many strings, and it looks for the end of each.
        format!(
            "{{ users(where: {{ displayName: {{ _in: [\"\"\"\\\\{}\"] }} }}) {{ id }} }}",
            "\"\"\"\"\\\\".repeat(100_000)
        ),
    ];
    for document in documents {
        let harmless = document.contains('#');
        for answer in flood(&stand, &stand.admin, json!({ "query": document })).await {
            assert_eq!(answer.contains("validation-failed"), !harmless, "{answer:.300}");
            assert!(answer.len() < 2_000, "a refusal of {} bytes", answer.len());
        }
    }
    stand.assert_memory(GROWTH);
}

async fn variables_of_a_megabyte_are_read(database: Arc<TestDatabase>) {
    let stand = Stand::new(&database).await;
    let list = "query ($where: users_bool_exp) { users(where: $where) { id } }";
    let text = "x".repeat(1 << 20);
    let ids: Vec<_> = (0..26_000_u128).map(uuid::Uuid::from_u128).collect();
    let words = vec!["x"; 250_000];
    let members: serde_json::Map<_, _> = (0..60_000)
        .map(|number| (format!("key {number}"), json!(number)))
        .collect();
    let conditions = vec![json!({ "displayName": { "_eq": "x" } }); 30_000];
    let fewer = vec![json!({ "displayName": { "_eq": "x" } }); 1_000];
    let orders = vec![json!({ "id": "asc" }); 20_000];
    let names: serde_json::Map<_, _> = (0..60_000)
        .map(|number| (format!("key{number}"), json!({})))
        .collect();
    for (query, variables) in [
        (list, json!({ "where": { "displayName": { "_eq": text } } })),
        (list, json!({ "where": { "displayName": { "_ilike": text } } })),
        (list, json!({ "where": { "id": { "_in": ids } } })),
        (list, json!({ "where": { "displayName": { "_in": words } } })),
        (list, json!({ "where": { "metadata": { "_eq": members } } })),
        (list, json!({ "where": { "_or": fewer } })),
        (
            "query ($order: [users_order_by!]) { users(order_by: $order) { id } }",
            json!({ "order": orders }),
        ),
        (list, json!({ "where": { "_or": conditions } })),
        (list, json!({ "where": names })),
        (
            "query ($x: jsonb) { users(where: { metadata: { _eq: $x } }) { id } }",
            json!({ "x": members }),
        ),
        (
            "query ($x: String) { users(where: { displayName: { _eq: $x } }) { id } }",
            json!({ "x": text }),
        ),
        ("query { users { id } }", json!({ "further": text })),
    ] {
        let answers = flood(
            &stand,
            &stand.jane,
            json!({ "query": query, "variables": variables }),
        )
        .await;
        for answer in answers {
            assert!(!answer.contains("unexpected\""), "{answer:.300}");
            assert!(answer.len() < 2_000, "an answer of {} bytes", answer.len());
        }
    }
    stand.assert_memory(GROWTH_BY_VALUES);
}

/// A text as a part of an address.
fn in_address(text: &str) -> String {
    let letters = text.bytes().map(|letter| match letter.is_ascii_alphanumeric() {
        true => char::from(letter).to_string(),
        false => format!("%{letter:02x}"),
    });
    letters.collect()
}

async fn fragments_that_are_endless_are_refused(database: Arc<TestDatabase>) {
    let stand = Stand::new(&database).await;
    let doubled = |of: &str| {
        (0..30)
            .map(|number| {
                let next = number + 1;
                format!("fragment f{number} on {of} {{ ...f{next} ...f{next} }} ")
            })
            .chain([format!("fragment f30 on {of} {{ __typename }}")])
            .collect::<String>()
    };
    let documents = [
        "query A { __schema { ...a } } fragment a on __Schema { queryType { name } ...a }".to_owned(),
        "query A { __schema { types { ...a } } } fragment a on __Type { ofType { ...a } }".to_owned(),
        "query A { ...a } fragment a on query_root { __schema { ...a } }".to_owned(),
        format!("query A {{ __schema {{ ...f0 }} }} {}", doubled("__Schema")),
        // Operations that are not asked for.
        format!(
            "query A {{ __typename }} query B {{ ...f0 }} {}",
            doubled("query_root")
        ),
        format!(
            "query A {{ __typename }} query B {{ __schema {{ ...f0 }} }} {}",
            doubled("__Schema")
        ),
        "query A { __typename } query B { ...a } fragment a on query_root { ...a }".to_owned(),
        // Fragments that no operation spreads.
        "query A { authConfig { __typename } } fragment a on users { id { ...b } } fragment b on users { ...b }"
            .to_owned(),
        "query A { users { id } } fragment a on users { id { ...b } } fragment b on users { ...b }".to_owned(),
        format!(
            "query A {{ authConfig {{ __typename }} }} fragment a on users {{ id {{ ...f0 }} }} {}",
            doubled("users").replace("__typename", "id @skip(if: true)")
        ),
        // Each spreads the next.
        format!(
            "query A {{ authConfig {{ __typename }} }} {} fragment f800 on users {{ id @skip(if: true) }}",
            (0..800)
                .map(|number| format!("fragment f{number} on users {{ ...f{} }} ", number + 1))
                .collect::<String>()
        ),
    ];
    for caller in [&stand.process.caller, &stand.admin] {
        for document in &documents {
            let body = json!({ "query": document, "operationName": "A" });
            let alone = caller.post_json(&body).await;
            let batch = caller.post_json(&json!([body])).await;
            let path = format!("/v1/graphql?operationName=A&query={}", in_address(document));
            let read = caller.get(&path).await;
            for (answer, error) in [
                (&alone, &alone.body["errors"][0]),
                (&batch, &batch.body[0]["errors"][0]),
                (&read, &read.body["errors"][0]),
            ] {
                let code = &error["extensions"]["code"];
                assert_eq!(code, "validation-failed", "{document:.200} {}", answer.text);
            }
        }
    }
    stand.serve().await;
}
