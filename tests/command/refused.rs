//! What a command refuses, and how it tells.

use std::sync::Arc;

use serde_json::{Value, json};

use super::portico;
use super::user::PASSWORD;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::process::{self, Process};

on_both_databases!(
    a_program_reads_of_any_error,
    bad_input_is_named_and_changes_nothing,
);

async fn a_program_reads_of_any_error(database: Arc<TestDatabase>) {
    let mut command = process::command(&database);
    command
        .env("PORTICO_DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing")
        .args(["user", "list", "--json"]);
    let ended = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let error = String::from_utf8(ended.stderr).unwrap();
    let error: Value = serde_json::from_str(error.lines().last().unwrap()).unwrap();
    assert_eq!(error["error"]["code"], "unavailable", "{error}");
    let message = error["error"]["message"].as_str().unwrap();
    assert!(message.starts_with("cannot connect to the database"), "{message}");
}

async fn bad_input_is_named_and_changes_nothing(database: Arc<TestDatabase>) {
    let _service = Process::start(&database).await;
    for (arguments, input, code, said) in [
        (
            &["create"][..],
            "",
            "invalid-request",
            "email or username is needed",
        ),
        (
            &["create", "--email", "nobody"],
            "",
            "invalid-request",
            "email must be a valid email address",
        ),
        (
            &["create", "--email", "a@b.c", "--locale", "english"],
            "",
            "invalid-request",
            "locale must be a language code of two letters",
        ),
        (
            &["create", "--email", "a@b.c", "--metadata", "{"],
            "",
            "invalid-request",
            "metadata must be a JSON object",
        ),
        (
            &["create", "--email", "a@b.c", "--metadata", "7"],
            "",
            "invalid-request",
            "metadata must be a JSON object",
        ),
        (
            &["create", "--email", "a@b.c", "--display-name", "a\nb"],
            "",
            "invalid-request",
            "displayName must not contain control characters",
        ),
        (
            &["create", "--email", "a@b.c", "--role", "nobody"],
            "",
            "role-not-allowed",
            "The role is not allowed",
        ),
        (
            &["create", "--email", "a@b.c", "--password"],
            "short\n",
            "password-too-short",
            "The password needs at least 8 characters",
        ),
        (
            &["create", "--email", "a@b.c", "--password"],
            "",
            "invalid-request",
            "password is missing: it is read from the terminal or from standard input",
        ),
        (
            &["create", "--email", "a@b.c", "--imported-hash"],
            "plain\n",
            "invalid-request",
            "importedHash must be a hash by Argon2, bcrypt, scrypt or PBKDF2 in the form the README names",
        ),
        (&["show", "nobody"], "", "user-not-found", "No such user: nobody"),
        (
            &["show", "nobody@example.org"],
            "",
            "user-not-found",
            "No such user: nobody@example.org",
        ),
        (
            &["disable", "018f0000-0000-7000-8000-000000000000"],
            "",
            "user-not-found",
            "No such user: 018f0000-0000-7000-8000-000000000000",
        ),
    ] {
        let arguments = [&["user"], arguments, &["--json"]].concat();
        let refused = portico(&database, &arguments, input).await.refused();
        assert_eq!(refused, json!({ "code": code, "message": said }), "{arguments:?}");
    }
    let text = portico(&database, &["user", "create"], "").await;
    assert_eq!(
        text.error,
        "portico: email or username is needed (invalid-request)\n"
    );
    // What is no command line at all has another code.
    for arguments in [
        &["user"][..],
        &["user", "ban", "x"],
        &["user", "show"],
        &["user", "create", "--password", PASSWORD],
        &["user", "list", "--limit", "-1"],
        &[
            "user",
            "create",
            "--send-verification-email",
            "--send-password-reset-email",
        ],
    ] {
        assert_eq!(portico(&database, arguments, "").await.code, 2, "{arguments:?}");
    }
    assert_eq!(
        portico(&database, &["user", "list", "--json"], "").await.json(),
        json!([])
    );
}
