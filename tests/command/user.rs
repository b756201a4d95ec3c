//! `portico user`

use std::sync::Arc;

use portico_auth::Clock;
use portico_server::SystemClock;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use super::portico;
use crate::support::caller::User;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::process::Process;
use crate::support::telephone::Telephone;

on_both_databases!(
    a_user_is_made_shown_and_listed,
    what_a_command_does_counts_at_once_where_the_service_runs,
    roles_and_passwords_are_set,
    what_is_listed_is_how_it_is,
    factors_are_shown_and_taken_away,
    a_database_that_is_new_is_made,
);

pub(super) const PASSWORD: &str = "correct horse battery";

async fn a_user_is_made_shown_and_listed(database: Arc<TestDatabase>) {
    let service = Process::start(&database).await;
    let made = portico(
        &database,
        &[
            "user",
            "create",
            "--email",
            "Ada@Bücher.example",
            "--username",
            "ada",
            "--display-name",
            "Ada",
            "--role",
            "me",
            "--role",
            "admin",
            "--locale",
            "fr",
            "--metadata",
            "{\"team\":7}",
            "--email-verified",
            "--password",
            "--json",
        ],
        &format!("{PASSWORD}\n"),
    )
    .await
    .json();
    for (name, value) in [
        ("email", json!("ada@xn--bcher-kva.example")),
        ("username", json!("ada")),
        ("displayName", json!("Ada")),
        ("locale", json!("fr")),
        ("metadata", json!({ "team": 7 })),
        ("defaultRole", json!("me")),
        ("roles", json!(["admin", "me"])),
        ("emailVerified", json!(true)),
        ("active", json!(true)),
    ] {
        assert_eq!(made[name], value, "{name}");
    }
    let ada = User::sign_in_as(&service.caller, "ada@bücher.example", PASSWORD).await;
    for who in [made["id"].as_str().unwrap(), "ADA@Bücher.example", "Ada"] {
        let shown = portico(&database, &["user", "show", who, "--json"], "")
            .await
            .json();
        assert_eq!(shown["id"], made["id"], "{who}");
        let text = portico(&database, &["user", "show", who], "").await;
        assert!(
            text.output.contains("email") && text.output.contains("ada@xn--bcher-kva.example"),
            "{text:?}"
        );
        assert!(text.error.is_empty(), "{text:?}");
    }
    portico(
        &database,
        &[
            "user",
            "create",
            "--email",
            "grace@example.org",
            "--disabled",
            "--json",
        ],
        "",
    )
    .await
    .json();
    let emails = |list: Value| -> Vec<String> {
        let users = list.as_array().unwrap().iter();
        users
            .map(|user| user["email"].as_str().unwrap().to_owned())
            .collect()
    };
    for (arguments, expected) in [
        (&[][..], &["grace@example.org", "ada@xn--bcher-kva.example"][..]),
        (&["--limit", "1"], &["grace@example.org"]),
        (&["--limit", "1", "--offset", "1"], &["ada@xn--bcher-kva.example"]),
        (&["--search", "GRACE"], &["grace@example.org"]),
        (&["--search", "%"], &[]),
        (&["--role", "admin"], &["ada@xn--bcher-kva.example"]),
        (&["--disabled"], &["grace@example.org"]),
        (&["--deleted"], &[]),
    ] {
        let arguments = [&["user", "list", "--json"], arguments].concat();
        let listed = portico(&database, &arguments, "").await.json();
        assert_eq!(emails(listed), expected, "{arguments:?}");
    }
    let table = portico(&database, &["user", "list"], "").await.output;
    assert!(table.starts_with("ID ") && table.lines().count() == 3, "{table}");
    let sessions = portico(&database, &["user", "sessions", "ada", "--json"], "")
        .await
        .json();
    assert_eq!(sessions[0]["id"], json!(ada.session.id));
}

async fn what_a_command_does_counts_at_once_where_the_service_runs(database: Arc<TestDatabase>) {
    let service = Process::start(&database).await;
    let jane = User::sign_up_as(&service.caller, "jane").await;
    for (out, back, member) in [("disable", "enable", "disabled"), ("lock", "unlock", "isLocked")] {
        let jane = jane.sign_in_again().await;
        jane.graphql("{ me { id } }").await.data();
        let shown = portico(&database, &["user", out, &jane.email, "--json"], "")
            .await
            .json();
        assert_eq!(shown[member], json!(true));
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        assert_eq!(jane.graphql("{ me { id } }").await.error_code(), "invalid-jwt");
        assert!(
            service
                .caller
                .sign_in(&jane.email, &jane.password)
                .await
                .body
                .get("errors")
                .is_some()
        );
        portico(&database, &["user", back, &jane.email], "").await;
    }
    let jane = jane.sign_in_again().await;
    let left = portico(
        &database,
        &["user", "sessions", &jane.email, "--end", "--json"],
        "",
    )
    .await
    .json();
    assert_eq!(left, json!([]));
    let all = portico(
        &database,
        &["user", "sessions", &jane.email, "--all", "--json"],
        "",
    )
    .await
    .json();
    assert!(!all.as_array().unwrap().is_empty());
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(jane.graphql("{ me { id } }").await.error_code(), "invalid-jwt");
    let query = "{ auditEvents(where: { actorRole: { _eq: \"command-line\" } }, order_by: { createdAt: asc }) { action userId actorId ip outcome } }";
    let admin = service
        .caller
        .with("x-hasura-admin-secret", crate::support::settings::ADMIN_SECRET);
    let told = |action: &str| json!({ "action": action, "userId": jane.id, "actorId": null, "ip": null, "outcome": "success" });
    let actions = [
        "disableUser",
        "enableUser",
        "lockUser",
        "unlockUser",
        "endSessions",
    ];
    assert_eq!(
        admin.graphql(query).await.data()["auditEvents"],
        json!(actions.map(told))
    );
}

async fn roles_and_passwords_are_set(database: Arc<TestDatabase>) {
    let service = Process::start(&database).await;
    let jane = User::sign_up_as(&service.caller, "jane").await;
    let set = ["user", "roles", &jane.email, "--set", "me,admin", "--json"];
    let roles = portico(&database, &set, "").await.json();
    assert_eq!(roles, json!({ "defaultRole": "me", "roles": ["admin", "me"] }));
    let last = ["user", "roles", &jane.email, "--set", "me", "--json"];
    let last = portico(&database, &last, "").await.refused();
    assert_eq!(last["code"], "last-administrator");
    let shown = portico(&database, &["user", "roles", &jane.email], "")
        .await
        .output;
    assert!(shown.contains("admin,me"), "{shown}");

    let reset = ["user", "reset-password", &jane.email, "--json"];
    for (typed, code) in [
        ("short", "password-too-short"),
        ("password1", "password-too-common"),
        ("", "invalid-request"),
    ] {
        let refused = portico(&database, &reset, typed).await.refused();
        assert_eq!(refused["code"], code, "{typed}");
    }
    database.secrets.add("a wholly new phrase");
    portico(&database, &reset, "a wholly new phrase\r\n").await.json();
    let old = service.caller.sign_in(&jane.email, &jane.password).await;
    assert_eq!(old.error_code(), "invalid-email-password");
    User::sign_in_as(&service.caller, &jane.email, "a wholly new phrase").await;
    let outbox = async || service.caller.get("/dev/outbox.json").await.text;
    assert!(outbox().await.contains("password-changed"));
    portico(
        &database,
        &["user", "reset-password", &jane.email, "--mail", "--json"],
        "",
    )
    .await
    .json();
    assert!(outbox().await.contains("password-reset"));
    let admin = service
        .caller
        .with("x-hasura-admin-secret", crate::support::settings::ADMIN_SECRET);
    let query = "{ auditEvents(where: { action: { _eq: \"sendPasswordResetEmail\" } }) { userId actorRole outcome } }";
    let told = json!([{ "userId": jane.id, "actorRole": "command-line", "outcome": "success" }]);
    assert_eq!(admin.graphql(query).await.data()["auditEvents"], told);
    // Nobody is mailed who is gone.
    let gone = User::sign_up_as(&service.caller, "gone").await;
    let delete = "mutation ($id: uuid!) { updateUser(pk_columns: { id: $id }, _set: { deletedAt: \"2026-03-01T09:00:00Z\" }) { id } }";
    admin.graphql_with(delete, json!({ "id": gone.id })).await.data();
    let id = gone.id.to_string();
    let refused = portico(
        &database,
        &["user", "reset-password", &id, "--mail", "--json"],
        "",
    )
    .await;
    assert_eq!(refused.refused()["code"], "user-not-found");
}

async fn what_is_listed_is_how_it_is(database: Arc<TestDatabase>) {
    let service = Process::start(&database).await;
    let jane = User::sign_up_as(&service.caller, "jane").await;
    let listed = async |more: &[&str]| {
        let arguments = [&["user", "sessions", &jane.email, "--json"], more].concat();
        let sessions = portico(&database, &arguments, "").await.json();
        sessions.as_array().unwrap().len()
    };
    assert_eq!((listed(&[]).await, listed(&["--all"]).await), (1, 1));
    let connection = database.connect().await;
    let over = "UPDATE refresh_tokens SET session_expires_at = '2020-01-01T00:00:00+00:00'";
    connection.execute_unprepared(over).await.unwrap();
    assert_eq!((listed(&[]).await, listed(&["--all"]).await), (0, 1));
    let waits = "UPDATE users SET activated_at = NULL";
    connection.execute_unprepared(waits).await.unwrap();
    let table = portico(&database, &["user", "list"], "").await.output;
    assert!(table.trim_end().ends_with("inactive"), "{table}");
}

async fn factors_are_shown_and_taken_away(database: Arc<TestDatabase>) {
    let service = Process::start(&database).await;
    let jane = User::sign_up_as(&service.caller, "jane").await;
    let secret = jane.graphql("mutation { generateTotp { totpSecret } }").await;
    let telephone = Telephone::new(&secret.string("/generateTotp/totpSecret"));
    let code = telephone.code_at(SystemClock.now());
    let enable = format!("mutation {{ enableTotp(code: \"{code}\") }}");
    jane.graphql(&enable).await.data();
    let shown = async |command: &str| {
        portico(&database, &["user", command, &jane.email, "--json"], "")
            .await
            .json()
    };
    let (some, none) = (
        json!({ "totp": true, "securityKeys": 0, "recoveryCodesLeft": 10 }),
        json!({ "totp": false, "securityKeys": 0, "recoveryCodesLeft": 0 }),
    );
    assert_eq!(shown("factors").await, some);
    assert_eq!(shown("reset-factors").await, none);
    jane.sign_in_again().await.graphql("{ me { id } }").await.data();
}

/// The first administrator may be there before the first start.
async fn a_database_that_is_new_is_made(database: Arc<TestDatabase>) {
    let create = [
        "user",
        "create",
        "--username",
        "root.admin",
        "--role",
        "admin",
        "--password",
        "--json",
    ];
    portico(&database, &create, "correct horse battery").await.json();
    let service = Process::start(&database).await;
    let sign_in = "mutation { signInUsernamePassword(username: \"root.admin\", password: \"correct horse battery\") { session { accessToken } } }";
    let token = service.caller.graphql(sign_in).await;
    let admin = service
        .caller
        .bearer(&token.string("/signInUsernamePassword/session/accessToken"));
    assert_eq!(
        admin.graphql("{ users { username } }").await.values("username"),
        [json!("root.admin")]
    );
}
