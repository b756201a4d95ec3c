//! `schema.graphql` is the schema of the administrator; `portico schema > schema.graphql` renews it.

use std::path::Path;

use super::introspection::Schema;
use crate::support::app::TestApp;
use crate::support::database::{Kind, TestDatabase};
use crate::support::process;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_file_is_the_schema_of_the_running_service() {
    let database = TestDatabase::new(Kind::Sqlite).await.unwrap();
    let file =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../schema.graphql")).unwrap();
    let output = process::command(&database).arg("schema").output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let printed = String::from_utf8(output.stdout).unwrap();
    let changed = printed
        .lines()
        .zip(file.lines())
        .find(|(now, before)| now != before);
    assert!(printed == file, "the schema has changed, first here: {changed:?}");

    let app = TestApp::new(&database).await;
    let running = Schema::read(&app, "admin").await;
    for (name, _) in running
        .types()
        .filter(|(name, _)| !name.starts_with("__") && !BUILT_IN.contains(&name.as_str()))
    {
        let defined = ["type", "input", "enum", "scalar", "interface", "union"]
            .iter()
            .any(|keyword| {
                file.lines()
                    .any(|line| line.strip_prefix(keyword).is_some_and(|rest| names(rest, name)))
            });
        assert!(defined, "{name} is not in the file");
    }
    database.finish().await;
}

const BUILT_IN: [&str; 5] = ["Boolean", "Float", "ID", "Int", "String"];

/// Whether the rest of a definition's line begins with this name.
fn names(rest: &str, name: &str) -> bool {
    rest.split_whitespace()
        .next()
        .is_some_and(|word| word.trim_end_matches('{') == name)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_role_has_a_schema_of_its_own() {
    let database = TestDatabase::new(Kind::Sqlite).await.unwrap();
    let print = |role: &str| {
        let output = process::command(&database)
            .args(["schema", "--role", role])
            .output()
            .unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    let (_, user) = print("user");
    let (_, public) = print("public");
    assert!(
        user.contains("type users ") && !user.contains("deletedAt"),
        "{user}"
    );
    assert!(public.contains("signUpEmailPassword") && !public.contains("type users_bool_exp"));
}
