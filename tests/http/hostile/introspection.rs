//! How much of the schema is told at once.

use std::sync::Arc;

use serde_json::json;

use super::{GROWTH, Stand, flood};
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(introspection_is_bounded,);

/// What GraphiQL and generators of code ask for.
const INTROSPECTION: &str = "query IntrospectionQuery { __schema {
  description queryType { name kind } mutationType { name kind } subscriptionType { name kind }
  types { ...FullType }
  directives { name description isRepeatable locations args(includeDeprecated: true) { ...InputValue } } } }
fragment FullType on __Type {
  kind name description specifiedByURL isOneOf
  fields(includeDeprecated: true) {
    name description args(includeDeprecated: true) { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason }
  inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef }
  enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } possibleTypes { ...TypeRef } }
fragment InputValue on __InputValue {
  name description type { ...TypeRef } defaultValue isDeprecated deprecationReason }
fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
  ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }";

async fn introspection_is_bounded(database: Arc<TestDatabase>) {
    let stand = Stand::new(&database).await;
    let nested = |levels| {
        let (inside, end) = ("inputFields { type { ".repeat(levels), "} }".repeat(levels));
        format!("{{ __type(name: \"users_bool_exp\") {{ {inside} name {end} }} }}")
    };
    let all = "types { fields { args { name type { name } } } }";
    let aliases = |count| (0..count).map(|number| format!("a{number}: __schema {{ {all} {all} }} "));
    let documents = [
        nested(6),
        nested(9),
        nested(4),
        format!("{{ {} }}", aliases(90).collect::<String>()),
        format!("{{ {} }}", aliases(200).collect::<String>()),
        format!("{{ __schema {{ {} }} }}", all.repeat(200)),
        format!(
            "{{ __schema {{ types {{ inputFields {{ {} }} }} }} }}",
            "name ".repeat(4_000)
        ),
    ];
    let public = &stand.process.caller;
    for document in &documents {
        for caller in [public, &stand.admin] {
            for answer in flood(&stand, caller, json!({ "query": document })).await {
                assert!(
                    answer.contains("validation-failed"),
                    "{document:.200} {answer:.300}"
                );
                assert!(answer.len() < 2_000, "a refusal of {} bytes", answer.len());
            }
        }
    }
    let tools = json!({ "query": INTROSPECTION });
    for caller in [public, &stand.admin] {
        let answer = caller.graphql(INTROSPECTION).await;
        assert!(
            answer
                .value("/__schema/types")
                .as_array()
                .is_some_and(|types| types.len() > 50)
        );
        let batch = caller.post_json(&json!(vec![tools.clone(); 20])).await;
        let answers = batch.body.as_array().unwrap();
        assert_eq!(answers[0], answer.body);
        assert!(answers[19]["errors"].is_array(), "everything was answered");
        assert!(batch.text.len() < 4 << 20, "{} bytes", batch.text.len());
    }
    stand.assert_memory(GROWTH);
}
