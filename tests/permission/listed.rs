//! Introspection lists everything in alphabetical order and says what it is.

use std::sync::Arc;

use serde_json::{Value, json};

use super::ROLES;
use super::introspection::caller;
use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::process;

on_both_databases!(
    every_list_is_in_alphabetical_order,
    every_type_says_what_it_is,
    the_command_prints_what_the_service_answers,
);

async fn every_list_is_in_alphabetical_order(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let members = "{ n: name args { n: name } type { name } }";
    let query = format!(
        "query ($name: String!) {{
          __schema {{ types {{ name ...members enumValues {{ n: name }} }} directives {{ n: name args {{ n: name }} }} }}
          __type(name: $name) {{ name ...members inputFields {{ n: name }} }}
        }}
        fragment members on __Type {{ f: fields {members} inputFields {{ n: name type {{ name }} }} }}"
    );
    for role in ROLES {
        let answer = caller(&app, role)
            .graphql_with(&query, json!({ "name": "query_root" }))
            .await;
        let mut lists = 0;
        check(answer.data(), &mut lists);
        assert!(lists > 30, "only {lists} lists for {role}");
    }
}

/// Every list of named things is sorted by their names.
fn check(value: &Value, lists: &mut usize) {
    match value {
        Value::Array(elements) => {
            let name = |element: &Value| {
                let name = element.get("n").or_else(|| element.get("name"));
                name.and_then(Value::as_str).unwrap().to_owned()
            };
            let names: Vec<String> = elements.iter().map(name).collect();
            assert!(names.is_sorted(), "{names:?}");
            *lists += 1;
            elements.iter().for_each(|element| check(element, lists));
        }
        Value::Object(members) => members.values().for_each(|member| check(member, lists)),
        _ => {}
    }
}

async fn every_type_says_what_it_is(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    for role in ROLES {
        let answer = caller(&app, role)
            .graphql("{ __schema { types { name description } } }")
            .await;
        let types = answer.value("/__schema/types");
        let silent: Vec<&Value> = types
            .as_array()
            .unwrap()
            .iter()
            .filter(|found| found["name"] != "ID" && found["description"].as_str().is_none_or(str::is_empty))
            .collect();
        assert!(silent.is_empty(), "{role}: {silent:?}");
    }
}

async fn the_command_prints_what_the_service_answers(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let output = process::command(&database)
        .args(["schema", "--json"])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    let query = "{ __schema { types { name description fields { name description args { name } } inputFields { name } enumValues { name } } } }";
    let answer = app.admin().graphql(query).await;
    assert_eq!(outline(answer.data()), outline(&printed));
}

/// The names of all types with those of their members.
fn outline(data: &Value) -> Vec<(String, Vec<String>)> {
    let name = |value: &Value| value["name"].as_str().unwrap().to_owned();
    let types = data["__schema"]["types"].as_array().unwrap().iter();
    let members = |found: &Value| {
        ["fields", "inputFields", "enumValues"]
            .iter()
            .filter_map(|kind| found[kind].as_array())
            .flatten()
            .map(name)
            .collect()
    };
    types.map(|found| (name(found), members(found))).collect()
}
