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
    of_many_rows_those_follow_that_were_there,
    an_address_that_changes_with_the_key_is_told,
    an_administrator_who_writes_an_own_address_stays_signed_in,
    what_proves_a_user_is_no_data,
);

/// By data: as one row, as many, as several changes, and as a row that is there; the last way is the operation.
const WAYS: [&str; 5] = [
    "updateUser(pk_columns: { id: $id }, _set: { email: $email }) { id }",
    "updateUsers(where: { id: { _eq: $id } }, _set: { email: $email }) { affected_rows }",
    "update_users_many(updates: [{ where: { id: { _eq: $id } }, _set: { email: $email } }]) { affected_rows }",
    "insertUser(object: { id: $id, email: $email, locale: \"en\" }, on_conflict: { constraint: users_pkey, update_columns: [email] }) { id }",
    "changeEmail",
];

async fn write(caller: &Caller, field: &str, user: &User, email: &str) {
    let query = format!("mutation ($id: uuid!, $email: citext!) {{ {field} }}");
    let variables = json!({ "id": user.id, "email": email });
    caller.graphql_with(&query, variables).await.data();
}

/// What the audit says of changes of a user.
async fn audit(app: &TestApp, id: &Value) -> Vec<Value> {
    let query = "query ($id: uuid!) { auditEvents(where: { userId: { _eq: $id }, action: { _in: [\"emailChanged\", \"updateUser\", \"updateUsers\", \"update_users_many\", \"insertUser\", \"insertUsers\"] } }, order_by: { createdAt: asc }) { details } }";
    let answer = app.admin().graphql_with(query, json!({ "id": id })).await;
    answer.values("details")
}

/// How often somebody was told at an address that another one took its place.
async fn told(app: &TestApp, address: &str) -> usize {
    let list = app.public().get("/dev/outbox.json").await;
    let told = |mail: &&Value| mail["template"] == "email-replaced" && mail["to"] == address;
    list.body.as_array().unwrap().iter().filter(told).count()
}

async fn an_address_changes_alike(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &LIMITS).await;
    for (number, field) in WAYS.into_iter().enumerate() {
        let user = app.user(&format!("ada{number}")).await;
        let elsewhere = user.sign_in_again().await;
        let (former, new) = (user.email.clone(), format!("new{number}@example.org"));
        // Confirmed first: a code mailed to an address that was never confirmed would take the account over.
        let confirmed = "mutation ($id: uuid!) { updateUser(pk_columns: { id: $id }, _set: { emailVerified: true }) { id } }";
        let id = json!(user.id);
        app.admin()
            .graphql_with(confirmed, json!({ "id": id }))
            .await
            .data();
        let before = audit(&app, &id).await.len();
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
        let audited = audit(&app, &id).await;
        assert_eq!(audited.len(), before + 1, "{field}");
        let columns = json!(["email"]);
        assert_eq!(
            audited[before]["columns"] == columns,
            field != "changeEmail",
            "{audited:?}"
        );
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
    for field in &WAYS[..4] {
        write(&app.admin(), field, &ada, &ada.email).await;
        assert!(is_signed_in(&ada).await, "{field}");
    }
    // Of many rows one changes.
    let query = "mutation ($where: users_bool_exp!) { updateUsers(where: $where, _set: { email: \"ada@example.org\" }) { affected_rows } }";
    let gone = json!({ "where": { "id": { "_in": [ada.id] } } });
    app.admin().graphql_with(query, gone).await.data();
    assert!(is_signed_in(&ada).await && is_signed_in(&bob).await);
    assert_eq!(told(&app, &ada.email).await, 0);
}

async fn of_many_rows_those_follow_that_were_there(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &LIMITS).await;
    let (ada, bob, eve) = (
        app.user("ada").await,
        app.user("bob").await,
        app.user("eve").await,
    );
    let grace = "01890000-0000-7000-8000-000000000001";
    let query = "mutation ($rows: [users_insert_input!]!, $where: users_bool_exp) { insertUsers(objects: $rows, on_conflict: { constraint: users_pkey, update_columns: [email], where: $where }) { affected_rows } }";
    let rows = json!([
        { "id": ada.id, "email": "lovelace@example.org", "locale": "en" },
        { "id": bob.id, "email": bob.email, "locale": "en" },
        { "id": eve.id, "email": "adam@example.org", "locale": "en" },
        { "id": grace, "email": "grace@example.org", "locale": "en" },
    ]);
    let variables = json!({ "rows": rows, "where": { "id": { "_neq": eve.id } } });
    let answer = app.admin().graphql_with(query, variables).await;
    assert_eq!(answer.value("/insertUsers/affected_rows"), 3);
    assert!(!is_signed_in(&ada).await && is_signed_in(&bob).await && is_signed_in(&eve).await);
    for (address, times) in [(&ada.email, 1), (&bob.email, 0), (&eve.email, 0)] {
        assert_eq!(told(&app, address).await, times, "{address}");
    }
    assert_eq!(told(&app, "grace@example.org").await, 0);
    assert_eq!(audit(&app, &json!(ada.id)).await[0]["columns"], json!(["email"]));
    let new = audit(&app, &json!(grace)).await;
    assert_eq!(
        (new.len(), &new[0]["columns"]),
        (1, &Value::Null),
        "all of it is new"
    );
}

async fn an_address_that_changes_with_the_key_is_told(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &LIMITS).await;
    let named = |number: usize| format!("01890000-0000-7000-8000-00000000000{number}");
    for number in 0..2 {
        let user = app.user(&format!("ada{number}")).await;
        let (id, to) = (user.id, named(number));
        let values = format!("id: \"{to}\", email: \"new{number}@example.org\"");
        let name = format!(
            "mutation {{ updateUser(pk_columns: {{ id: \"{id}\" }}, _set: {{ username: \"ada{number}\" }}) {{ id }} }}"
        );
        app.admin().graphql(&name).await.data();
        let query = match number {
            0 => format!("updateUser(pk_columns: {{ id: \"{id}\" }}, _set: {{ {values} }}) {{ id }}"),
            _ => format!(
                "insertUser(object: {{ username: \"ada{number}\", locale: \"en\", {values} }}, on_conflict: {{ constraint: users_username_key, update_columns: [email, id] }}) {{ id }}"
            ),
        };
        let answer = app.admin().graphql(&format!("mutation {{ {query} }}")).await;
        assert_eq!(answer.values("id"), [json!(to)]);
        assert!(!is_signed_in(&user).await);
        assert_eq!(told(&app, &user.email).await, 1, "{query}");
    }
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
