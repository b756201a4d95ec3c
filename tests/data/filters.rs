//! Every operator on columns of every type, with what matches, what does not, nulls, empty lists and what does
//! not fit: tables of conditions, each with the names of the rows it finds or with the code and path of its
//! error, the same on both databases.

mod costly;
mod patterns;
mod rows;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::caller::Caller;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(every_condition_finds_its_rows);

/// A file of conditions on one table: its first line says which, and which column names a row.
struct Table {
    file: String,
    root: String,
    type_name: String,
    name: String,
    lines: Vec<(Value, String)>,
}

fn tables() -> Vec<Table> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/filters");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut tables: Vec<Table> = files
        .filter(|file| file.extension().is_some_and(|kind| kind == "txt"))
        .map(|file| {
            table(
                file.file_stem().unwrap().to_str().unwrap(),
                &fs::read_to_string(&file).unwrap(),
            )
        })
        .collect();
    tables.sort_by(|one, other| one.file.cmp(&other.file));
    tables
}

fn table(file: &str, text: &str) -> Table {
    let mut lines = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let head: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
    let [root, type_name, name] = head[..] else {
        panic!("{file}: root field, type and column")
    };
    let lines = lines.map(|line| {
        let (condition, expected) = line
            .rsplit_once(" => ")
            .unwrap_or_else(|| panic!("{file}: {line}"));
        let condition =
            serde_json::from_str(condition).unwrap_or_else(|error| panic!("{file}: {line}: {error}"));
        (condition, expected.trim().to_owned())
    });
    Table {
        file: file.to_owned(),
        root: root.to_owned(),
        type_name: type_name.to_owned(),
        name: name.to_owned(),
        lines: lines.collect(),
    }
}

async fn every_condition_finds_its_rows(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    rows::insert(&database.connect().await).await;
    let (mut differences, mut count) = (Vec::new(), 0);
    for table in tables() {
        for (condition, expected) in &table.lines {
            count += 1;
            for (way, found) in ask(&app.admin(), &table, condition).await {
                if found != *expected {
                    differences.push(format!(
                        "{} {condition} {way}\n  expected {expected}\n  found    {found}",
                        table.file
                    ));
                }
            }
        }
    }
    assert!(
        differences.is_empty(),
        "{} of {count} conditions differ\n{}",
        differences.len(),
        differences.join("\n")
    );
}

/// Asks with the condition in the document, in a variable, and again beside the plan at hand.
async fn ask(caller: &Caller, table: &Table, condition: &Value) -> Vec<(&'static str, String)> {
    let Table {
        root,
        type_name,
        name,
        ..
    } = table;
    let select = format!("order_by: {{ {name}: asc }}) {{ {name} }} }}");
    let literal = format!("{{ {root}(where: {}, {select}", graphql(condition));
    let variable = format!("query ($where: {type_name}_bool_exp!) {{ {root}(where: $where, {select}");
    let mut found = Vec::new();
    for (way, query, variables) in [
        ("in the document", &literal, json!({})),
        ("in a variable", &variable, json!({ "where": condition })),
        ("in a variable again", &variable, json!({ "where": condition })),
    ] {
        // Enum values are words in a document and strings in a variable.
        if way == "in the document" && table.file == "enum" {
            continue;
        }
        found.push((way, told(&caller.graphql_with(query, variables).await, name)));
    }
    found
}

/// The names of the rows, or the code and the path of the error.
fn told(answer: &Answer, name: &str) -> String {
    match answer.body.pointer("/errors/0/extensions") {
        Some(error) => format!(
            "{} {}",
            error["code"].as_str().unwrap(),
            error["path"]
                .as_str()
                .unwrap()
                .replace("$.selectionSet.", "")
                .replace(".args.where", "")
        ),
        None => {
            let names = answer.values(name);
            let names: Vec<&str> = names.iter().map(|name| name.as_str().unwrap()).collect();
            if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(" ")
            }
        }
    }
}

/// JSON as a literal of a document.
pub(super) fn graphql(value: &Value) -> String {
    match value {
        Value::Object(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, value)| match (key.as_str(), value) {
                    // These name columns and constraints: they are values of enums.
                    ("arguments" | "constraint", Value::String(name)) => format!("{key}: {name}"),
                    ("update_columns", Value::Array(names)) => {
                        let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
                        format!("{key}: [{}]", names.join(", "))
                    }
                    (key, value) => format!("{key}: {}", graphql(value)),
                })
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Array(elements) => {
            let elements: Vec<String> = elements.iter().map(graphql).collect();
            format!("[{}]", elements.join(", "))
        }
        plain => plain.to_string(),
    }
}
