//! A case is a folder with `request.graphql`, perhaps `variables.json`, and an answer per role.
//!
//! In an expected answer `"<any>"` stands for any value, and an error is held against the members that the
//! expectation has: a code and a path are promised, the wording of a message is not.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::answer::Answer;

/// One request and what each role gets.
#[derive(Debug)]
pub(super) struct Case {
    folder: PathBuf,
    query: String,
    /// The body to post.
    pub(super) request: Value,
}

/// Every case below this folder, in alphabetical order.
pub(super) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    collect(&root(), &mut cases);
    cases.sort_by(|one, other| one.folder.cmp(&other.folder));
    assert!(!cases.is_empty());
    cases
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data")
}

fn collect(folder: &Path, cases: &mut Vec<Case>) {
    if let Ok(query) = fs::read_to_string(folder.join("request.graphql")) {
        cases.push(Case::read(folder.to_owned(), query));
    }
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.is_dir())
        .for_each(|path| collect(&path, cases));
}

impl Case {
    fn read(folder: PathBuf, query: String) -> Self {
        let mut request = json!({ "query": query });
        if let Ok(variables) = fs::read_to_string(folder.join("variables.json")) {
            request["variables"] = serde_json::from_str(&variables).unwrap();
        }
        Self {
            folder,
            query,
            request,
        }
    }

    /// Whether the data has to be restored afterwards.
    pub(super) fn writes(&self) -> bool {
        self.query.starts_with("mutation")
    }

    /// The answer a role is to get; nothing where the case says nothing about the role.
    pub(super) fn expected(&self, role: &str) -> Option<Value> {
        let text = fs::read_to_string(self.folder.join(format!("{role}.json"))).ok()?;
        Some(serde_json::from_str(&text).unwrap())
    }

    /// Holds an answer against the expected one; says what differs.
    pub(super) fn compare(&self, role: &str, expected: &Value, answer: &Answer) -> Result<(), String> {
        if answer.status == 200 && matches(expected, &without_empty_data(&answer.body), false) {
            return Ok(());
        }
        let name = self.folder.strip_prefix(root()).unwrap().display();
        Err(format!(
            "{name} as {role}\n  expected {expected}\n  answered {} {}",
            answer.status, answer.text
        ))
    }
}

/// The specification wants `"data": null` beside an error of the execution; an expectation leaves it out.
fn without_empty_data(body: &Value) -> Value {
    let mut body = body.clone();
    if let Some(members) = body
        .as_object_mut()
        .filter(|members| members.get("data") == Some(&Value::Null))
    {
        members.remove("data");
    }
    body
}

fn matches(expected: &Value, answered: &Value, partly: bool) -> bool {
    match (expected, answered) {
        (Value::String(any), _) if any == "<any>" => true,
        (Value::Object(expected), Value::Object(answered)) => {
            (partly || expected.len() == answered.len())
                && expected.iter().all(|(name, value)| {
                    answered
                        .get(name)
                        .is_some_and(|found| matches(value, found, partly || name == "errors"))
                })
        }
        (Value::Array(expected), Value::Array(answered)) => {
            expected.len() == answered.len()
                && expected
                    .iter()
                    .zip(answered)
                    .all(|(value, found)| matches(value, found, partly))
        }
        _ => expected == answered,
    }
}
