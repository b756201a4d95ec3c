//! An address that an administrator writes is followed by what follows where its owner changes it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{LIMITS, changed};
use crate::operation::consequences::is_signed_in;
use crate::support::app::TestApp;
use crate::support::caller::{Caller, User};
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::mailbox::{ask, code, enter, mail, run, ticket};

on_both_databases!(
    an_address_changes_alike,
    an_address_that_stays_is_followed_by_nothing,
    an_administrator_who_writes_an_own_address_stays_signed_in,
    what_proves_a_user_is_no_data,
);

/// By data: as one row, as many, and as several changes; the last way is the operation.
const WAYS: [&str; 4] = [
    "updateUser(pk_columns: { id: $id }, _set: { email: $email }) { id }",
    "updateUsers(where: { id: { _eq: $id } }, _set: { email: $email }) { affected_rows }",
    "update_users_many(updates: [{ where: { id: { _eq: $id } }, _set: { email: $email } }]) { affected_rows }",
    "changeEmail",
];

async fn write(caller: &Caller, field: &str, user: &User, email: &str) {
    let query = format!("mutation ($id: uuid!, $email: citext!) {{ {field} }}");
    let variables = json!({ "id": user.id, "email": email });
    caller.graphql_with(&query, variables).await.data();
}

async fn audit(app: &TestApp, user: &User) -> usize {
    let query = "query ($id: uuid!) { auditEvents(where: { userId: { _eq: $id }, action: { _in: [\"emailChanged\", \"updateUser\", \"updateUsers\", \"update_users_many\"] } }) { id } }";
    let answer = app.admin().graphql_with(query, json!({ "id": user.id })).await;
    answer.values("id").len()
}

async fn an_address_changes_alike(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &LIMITS).await;
    for (number, field) in WAYS.into_iter().enumerate() {
        let user = app.user(&format!("ada{number}")).await;
        let elsewhere = user.sign_in_again().await;
        let (former, new) = (user.email.clone(), format!("new{number}@example.org"));
        // Confirmed first: a code mailed to an address that was never confirmed would take the account over.
        let confirmed = "mutation ($id: uuid!) { updateUser(pk_columns: { id: $id }, _set: { emailVerified: true }) { id } }";
        let id = json!({ "id": user.id });
        app.admin().graphql_with(confirmed, id).await.data();
        let before = audit(&app, &user).await;
        ask(&app, "signInOtpEmail", &former).await;
        let open = code(&mail(&app, &former).await);
        ask(&app, "sendPasswordResetEmail", &former).await;
        let reset = ticket(&mail(&app, &former).await);
        app.clock.advance(1);
        let template = match field {
            "changeEmail" => {
                changed(&app, &user, &former, &new).await;
                "email-changed"
            }
            _ => {
                write(&app.admin(), field, &user, &new).await;
                "email-replaced"
            }
        };
        assert!(!is_signed_in(&elsewhere).await, "{field}");
        assert_eq!(is_signed_in(&user).await, field == "changeEmail");
        assert_eq!(audit(&app, &user).await, before + 1, "{field}");
        let told = mail(&app, &former).await;
        assert_eq!(told["template"], template);
        assert!(told["text"].as_str().unwrap().contains(&former), "{told}");
        assert_eq!(
            enter(&app, &former, &open).await.error_code(),
            "invalid-ticket",
            "{field}"
        );
        let arguments = [
            ("ticket", reset.as_str()),
            ("newPassword", "something else entirely"),
        ];
        let late = run(&app.public(), "resetPassword", &arguments, "").await;
        assert_eq!(late.error_code(), "invalid-ticket", "{field}: {}", late.text);
        let with_former = app.public().sign_in(&former, &user.password).await;
        assert_eq!(with_former.error_code(), "invalid-email-password", "{field}");
        User::sign_in_as(&app.public(), &new, &user.password).await;
    }
}

async fn an_address_that_stays_is_followed_by_nothing(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &LIMITS).await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    for field in &WAYS[..3] {
        write(&app.admin(), field, &ada, &ada.email).await;
        assert!(is_signed_in(&ada).await, "{field}");
    }
    // Of many rows one changes.
    let query = "mutation ($where: users_bool_exp!) { updateUsers(where: $where, _set: { email: \"ada@example.org\" }) { affected_rows } }";
    let gone = json!({ "where": { "id": { "_in": [ada.id] } } });
    app.admin().graphql_with(query, gone).await.data();
    assert!(is_signed_in(&ada).await && is_signed_in(&bob).await);
    let list = app.public().get("/dev/outbox.json").await;
    let told = |mail: &&Value| mail["template"] == "email-replaced";
    assert_eq!(list.body.as_array().unwrap().iter().filter(told).count(), 0);
}

async fn an_administrator_who_writes_an_own_address_stays_signed_in(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &LIMITS).await;
    let ada = app.user("ada").await;
    let grant =
        "mutation ($id: uuid!) { insertAuthUserRole(object: { userId: $id, role: \"admin\" }) { id } }";
    app.admin()
        .graphql_with(grant, json!({ "id": ada.id }))
        .await
        .data();
    let ada = ada.sign_in_again().await;
    let elsewhere = ada.sign_in_again().await;
    let admin = ada.elevated().await.with("x-hasura-role", "admin");
    write(&admin, WAYS[0], &ada, "lovelace@example.org").await;
    assert!(is_signed_in(&ada).await && !is_signed_in(&elsewhere).await);
    assert_eq!(mail(&app, "ada@example.org").await["template"], "email-replaced");
}

/// Passwords and secrets change by operations alone, which have consequences of their own.
async fn what_proves_a_user_is_no_data(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &LIMITS).await;
    let ada = app.user("ada").await;
    for column in [
        "passwordHash",
        "totpSecret",
        "otpHash",
        "ticket",
        "currentChallenge",
    ] {
        for query in [
            format!(
                "mutation ($id: uuid!) {{ updateUser(pk_columns: {{ id: $id }}, _set: {{ {column}: \"x\" }}) {{ id }} }}"
            ),
            format!(
                "mutation ($id: uuid!) {{ insertUser(object: {{ id: $id, {column}: \"x\" }}) {{ id }} }}"
            ),
            format!(
                "mutation ($id: uuid!) {{ insertUser(object: {{ id: $id }}, on_conflict: {{ constraint: users_pkey, update_columns: [{column}] }}) {{ id }} }}"
            ),
        ] {
            let answer = app.admin().graphql_with(&query, json!({ "id": ada.id })).await;
            assert_eq!(answer.error_code(), "validation-failed", "{query}");
        }
    }
    for column in ["refreshTokenHash", "previousTokenHash", "sealedSuccessor"] {
        let query = format!(
            "mutation ($id: uuid!) {{ insertAuthRefreshToken(object: {{ userId: $id, type: pat, expiresAt: \"2099-01-01\", {column}: \"x\" }}) {{ id }} }}"
        );
        let answer = app.admin().graphql_with(&query, json!({ "id": ada.id })).await;
        assert_eq!(answer.error_code(), "validation-failed", "{query}");
    }
    assert!(is_signed_in(&ada).await);
}
