//! Permissions from an operator's folder, and what becomes of a wrong one.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use portico_entity::catalogue::catalogue;
use serde_json::json;

use super::introspection::{Schema, caller};
use crate::support::app::TestApp;
use crate::support::caller::Caller;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::seed;

on_both_databases!(
    what_the_folder_says_takes_the_place_of_what_is_built_in,
    conditions_look_into_other_tables_and_at_other_columns,
    a_list_of_the_session_is_compared_with,
    a_role_that_nobody_knows_has_no_table
);

/// A folder of the tests.
pub(super) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("permission/metadata")
        .join(name)
}

/// A node with the permissions of a folder, over the seeded data.
pub(super) async fn seeded(database: &Arc<TestDatabase>, folder: &str) -> TestApp {
    let folder = fixture(folder);
    let app = TestApp::with(database, &[("PORTICO_METADATA", folder.to_str().unwrap())]).await;
    seed::insert(&database.connect().await).await;
    app
}

async fn what_the_folder_says_takes_the_place_of_what_is_built_in(database: Arc<TestDatabase>) {
    let app = seeded(&database, "replaced").await;
    let user = Schema::read(&app, "user").await;
    // Replaced: the action of the role on the table.
    assert!(user.has("users", "displayName") && !user.has("users", "email"));
    assert!(user.has("users_bool_exp", "id") && !user.has("users_bool_exp", "email"));
    // Kept: the other actions, roles and tables.
    assert!(user.has("users_set_input", "gender"));
    assert!(Schema::read(&app, "me").await.has("users", "email"));
    assert!(user.has("query_root", "langs"));
    // Gone: a table of which the file alone is to hold.
    assert!(
        !user.has("query_root", "contacts") && !Schema::read(&app, "me").await.has("query_root", "contacts")
    );
    assert!(Schema::read(&app, "admin").await.has("query_root", "contacts"));
    // The root fields that are left.
    assert!(!user.has("query_root", "users") && user.has("query_root", "user"));
    let answer = caller(&app, "user").graphql("{ users { id } }").await;
    assert_eq!(answer.error_code(), "validation-failed");
    // Whom the folder forbids to look.
    let look = "{ __schema { queryType { name } } }";
    let answer = caller(&app, "anonymous").graphql(look).await;
    assert_eq!(answer.error_code(), "not-supported");
}

async fn conditions_look_into_other_tables_and_at_other_columns(database: Arc<TestDatabase>) {
    let app = seeded(&database, "cells").await;
    // Acme has an owner, Jane: every other member of it is seen; Beta has none.
    let answer = caller(&app, "exists").graphql("{ members { name } }").await;
    assert_eq!(answer.values("name"), ["John"]);
}

async fn a_list_of_the_session_is_compared_with(database: Arc<TestDatabase>) {
    let app = seeded(&database, "cells").await;
    let listed = |names: &str| caller(&app, "listed").with("x-hasura-names", names);
    let query = "{ members(order_by: { name: asc }) { name } }";
    let answer = listed(r#"{Ana,"John B"}"#).graphql(query).await;
    assert_eq!(answer.values("name"), ["Ana", "John B"]);
    assert!(listed("{}").graphql(query).await.values("name").is_empty());
    assert_eq!(listed("{Ana").graphql(query).await.error_code(), "data-exception");
    let answer = caller(&app, "listed").graphql(query).await;
    assert_eq!(answer.error_code(), "not-found");
    assert_eq!(
        answer.body["errors"][0]["message"],
        "missing session variable: \"x-hasura-names\""
    );
}

async fn a_role_that_nobody_knows_has_no_table(database: Arc<TestDatabase>) {
    let app = seeded(&database, "cells").await;
    let nobody = Schema::read(&app, "nobody").await;
    // What every signed-in user may ask, and nothing else.
    assert_eq!(nobody.members("query_root"), ["authConfig", "myFactors"]);
    for table in &catalogue().tables {
        assert!(!nobody.has("query_root", table.plural), "{}", table.plural);
        assert!(!nobody.has("query_root", table.singular), "{}", table.singular);
    }
    let answer = caller(&app, "nobody").graphql("{ users { id } }").await;
    assert_eq!(answer.error_code(), "validation-failed");
}

/// Writes a folder: each file with its text.
fn written(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_folder_is_refused_with_file_line_and_reason() {
    let database = Arc::new(
        TestDatabase::new(crate::support::database::Kind::Sqlite)
            .await
            .unwrap(),
    );
    let databases = (
        "databases/databases.yaml",
        "- name: default\n  tables:\n    - \"!include users.yaml\"\n",
    );
    let users = ("databases/users.yaml", "table: users\n");
    let cases: [(&[(&str, &str)], &str); 11] = [
        (&[], "databases/databases.yaml: cannot be read"),
        (&[databases], "databases/users.yaml: cannot be read"),
        (
            &[
                databases,
                (
                    "databases/users.yaml",
                    "table: users\nselect_permissions:\n- role: user\n  permission:\n    columns: [nobody]\n    filter: {}\n",
                ),
            ],
            "databases/users.yaml, line 5: table users has no column nobody",
        ),
        (
            &[
                databases,
                ("databases/users.yaml", "table: users\nselect_permissions: [\n"),
            ],
            "databases/users.yaml, line",
        ),
        (
            &[databases, users, ("version.yaml", "version: 2\n")],
            "version.yaml, line 1: the version of the layout has to be 3",
        ),
        (
            &[databases, users, ("actions.yaml", "actions:\n  - name: pay\n")],
            "actions.yaml, line 1: what this file asks for is not here",
        ),
        (
            &[
                databases,
                users,
                (
                    "inherited_roles.yaml",
                    "- role_name: a\n  role_set: [user]\n- role_name: b\n  role_set: [nobody]\n",
                ),
            ],
            "inherited_roles.yaml, line 3: there is no role nobody",
        ),
        (
            &[
                databases,
                users,
                (
                    "inherited_roles.yaml",
                    "- role_name: a\n  role_set: [b]\n- role_name: b\n  role_set: [a]\n",
                ),
            ],
            "inherited_roles.yaml, line 1: the role inherits from itself",
        ),
        (
            &[
                databases,
                users,
                ("inherited_roles.yaml", "- role_name: a\n  role_set: [admin]\n"),
            ],
            "line 2: no role inherits from admin",
        ),
        (
            &[databases, users, ("allow_list.yaml", "- collection: app\n")],
            "allow_list.yaml, line 1: there is no collection app",
        ),
        (
            &[(
                "databases/databases.yaml",
                "- name: default\n  tables: []\n  functions: [x]\n",
            )],
            "databases/databases.yaml, line 3: there are no functions here",
        ),
    ];
    for (files, told) in cases {
        let folder = written(files);
        let reason = TestApp::refused(
            &database,
            &[("PORTICO_METADATA", folder.path().to_str().unwrap())],
        )
        .await;
        assert!(reason.contains(told), "{files:?}: {reason}");
        assert!(reason.contains(folder.path().to_str().unwrap()), "{reason}");
    }
    database.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_say_nothing_are_no_mistake() {
    let database = Arc::new(
        TestDatabase::new(crate::support::database::Kind::Sqlite)
            .await
            .unwrap(),
    );
    let folder = written(&[
        ("version.yaml", "version: 3\n"),
        (
            "databases/databases.yaml",
            "- name: default\n  tables: \"!include tables.yaml\"\n  functions: \"!include functions.yaml\"\n",
        ),
        ("databases/tables.yaml", ""),
        ("databases/functions.yaml", "[]\n"),
        (
            "actions.yaml",
            "actions: []\ncustom_types:\n  enums: []\n  objects: []\n",
        ),
        ("network.yaml", "{}\n"),
        ("remote_schemas.yaml", "[]\n"),
        ("inherited_roles.yaml", "[]\n"),
        ("query_collections.yaml", "[]\n"),
        ("allow_list.yaml", "[]\n"),
        ("actions.graphql", "type Mutation { pay: Boolean }\n"),
    ]);
    let app = TestApp::with(
        &database,
        &[("PORTICO_METADATA", folder.path().to_str().unwrap())],
    )
    .await;
    let answer = Caller::clone(&app.admin())
        .graphql("{ langs(limit: 0) { code } }")
        .await;
    assert_eq!(answer.data(), &json!({ "langs": [] }));
    database.finish().await;
}
