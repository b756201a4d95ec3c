//! What is written down about who did what, and who reads it.

use std::collections::BTreeSet;
use std::sync::Arc;

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use super::create_user::create;
use super::set_user_roles::set_roles;
use crate::support::app::TestApp;
use crate::support::at_rest;
use crate::support::caller::User;
use crate::support::database::{Kind, TestDatabase, on_both_databases};

on_both_databases!(
    a_user_reads_what_concerns_them_and_nobody_elses_address,
    nobody_changes_what_is_written,
    guesses_at_the_admin_secret_are_written_down,
    each_flow_is_written_down_with_its_outcome,
    a_secret_that_were_kept_would_be_found,
);

async fn events(reader: &crate::support::caller::Caller, columns: &str) -> Vec<Value> {
    let answer = reader
        .graphql(&format!(
            "{{ auditEvents(order_by: {{ createdAt: asc }}) {{ {columns} }} }}"
        ))
        .await;
    answer.value("/auditEvents").as_array().unwrap().clone()
}

async fn a_user_reads_what_concerns_them_and_nobody_elses_address(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let (jane, mallory, boss) = (
        app.user("jane").await,
        app.user("mallory").await,
        app.user("boss").await,
    );
    set_roles(&app.admin(), boss.id, &["user", "admin"], None)
        .await
        .data();
    let boss = boss.sign_in_again().await;
    let as_admin = boss.with("x-hasura-role", "admin");
    // A token that is sent along hides nothing from whoever is attacked.
    mallory.sign_in(&jane.email, "a wrong password").await;
    let unlock = "mutation ($id: uuid!) { unlockUser(id: $id) }";
    as_admin
        .graphql_with(unlock, json!({ "id": jane.id }))
        .await
        .data();
    app.admin()
        .graphql_with(unlock, json!({ "id": jane.id }))
        .await
        .data();
    let rename =
        "mutation ($id: uuid!) { updateUser(pk_columns: { id: $id }, _set: { disabled: false }) { id } }";
    as_admin
        .graphql_with(rename, json!({ "id": jane.id }))
        .await
        .data();

    let own = events(&jane, "action outcome userId sessionId ip userAgent").await;
    let actions: Vec<_> = own
        .iter()
        .map(|event| (&event["action"], &event["outcome"]))
        .collect();
    assert_eq!(
        actions,
        [
            (&json!("signUpEmailPassword"), &json!("success")),
            (&json!("signInEmailPassword"), &json!("refused")),
        ]
    );
    assert_eq!(own[1]["sessionId"], Value::Null, "of mallory");
    assert!(own.iter().all(|event| event["userId"] == json!(jane.id)));
    for column in ["actorId", "actorRole", "details", "requestId", "code"] {
        let answer = jane.graphql(&format!("{{ auditEvents {{ {column} }} }}")).await;
        assert_eq!(answer.error_code(), "validation-failed", "{column}");
    }
    let everything = events(&app.admin(), "action userId actorId actorRole details").await;
    let attack = everything
        .iter()
        .find(|event| event["details"]["signedInAs"] == json!(mallory.id));
    let attack = attack.unwrap();
    assert_eq!(
        (&attack["userId"], &attack["actorId"]),
        (&json!(jane.id), &Value::Null)
    );
    let by_boss = everything
        .iter()
        .filter(|event| event["actorId"] == json!(boss.id) && event["userId"] == json!(jane.id));
    assert!(by_boss.clone().count() >= 2, "{everything:?}");
    assert!(by_boss.clone().all(|event| event["actorRole"] == "admin"));
    assert!(
        events(&mallory, "userId")
            .await
            .iter()
            .all(|event| event["userId"] == json!(mallory.id))
    );
    assert_eq!(
        app.public().graphql("{ auditEvents { id } }").await.error_code(),
        "validation-failed"
    );
}

async fn nobody_changes_what_is_written(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let before = events(&app.admin(), "id action ip").await;
    for mutation in [
        "updateAuditEvents(where: {}, _set: { ip: null }) { affected_rows }",
        "deleteAuditEvents(where: {}) { affected_rows }",
        "insertAuditEvents(objects: []) { affected_rows }",
        "insertAuditEvent(object: {}) { id }",
        "deleteAuditEvent(id: \"018f0000-0000-7000-8000-000000000000\") { id }",
    ] {
        for caller in [&app.admin(), &*jane] {
            let answer = caller.graphql(&format!("mutation {{ {mutation} }}")).await;
            assert_eq!(answer.error_code(), "validation-failed", "{mutation}");
        }
    }
    let connection = database.connect().await;
    let mut statements = vec!["UPDATE audit_events SET ip = NULL", "DELETE FROM audit_events"];
    if database.kind == Kind::Postgres {
        statements.push("TRUNCATE audit_events");
    }
    for sql in statements {
        let refused = connection.execute_unprepared(sql).await.unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{sql}: {refused}");
    }
    assert_eq!(events(&app.admin(), "id action ip").await, before);
    // Also what concerns somebody who is no more.
    let delete = "mutation ($id: uuid!) { deleteUser(id: $id) { id } }";
    app.admin()
        .graphql_with(delete, json!({ "id": jane.id }))
        .await
        .data();
    assert!(events(&app.admin(), "id").await.len() > before.len());
}

async fn guesses_at_the_admin_secret_are_written_down(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &[("PORTICO_LIMIT_ADMIN_SECRETS", "3")]).await;
    for number in 0..10 {
        let guess = format!("a wrong secret of sufficient length {number}");
        app.public()
            .with("x-hasura-admin-secret", &guess)
            .graphql("{ __typename }")
            .await;
    }
    app.clock.advance(61);
    let told = events(&app.admin(), "action outcome code ip actorId").await;
    let guess = json!({ "action": "adminSecret", "outcome": "refused", "code": "access-denied", "ip": "127.0.0.1", "actorId": null });
    assert_eq!(told, [guess.clone(), guess.clone(), guess], "those that counted");
}

/// Every flow once as it should be and once refused.
async fn each_flow_is_written_down_with_its_outcome(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let (admin, public) = (app.admin(), app.public());
    let jane = app.user("jane").await;
    public.sign_up(&jane.email, &jane.password).await;
    public.sign_in(&jane.email, "a wrong password").await;
    let elsewhere = jane.sign_in_again().await;
    let old = elsewhere.session.refresh_token.clone();
    public.refresh(&old).await.data();
    app.clock.advance(11);
    public.refresh(&old).await;
    let other = jane.sign_in_again().await;
    let named = "mutation { signUpUsernamePassword(username: \"ada.l\", password: \"correct horse battery\") { session { accessToken } } }";
    public.graphql(named).await.data();
    public.graphql(named).await;
    for password in ["correct horse battery", "a wrong password"] {
        let query = "mutation ($password: String!) { signInUsernamePassword(username: \"ada.l\", password: $password) { session { accessToken } } }";
        public.graphql_with(query, json!({ "password": password })).await;
    }
    for password in [jane.password.as_str(), "a wrong password"] {
        let variables = json!({ "password": password });
        let elevate =
            "mutation ($password: String!) { elevatePassword(password: $password) { accessToken } }";
        jane.graphql_with(elevate, variables.clone()).await;
        let change = "mutation ($password: String!) { changePassword(currentPassword: $password, newPassword: \"a wholly new phrase\") }";
        jane.graphql_with(change, variables).await;
    }
    let jane = User::sign_in_as(&public, &jane.email, "a wholly new phrase").await;
    for query in [
        "mutation { sendPasswordResetEmail(email: \"jane@example.org\") }",
        "mutation { sendPasswordResetEmail(email: \"nobody@example.org\") }",
        "mutation { sendVerificationEmail(email: \"jane@example.org\") }",
        "mutation { signInOtpEmail(email: \"jane@example.org\") }",
        "mutation { signInPasswordlessEmail(email: \"jane@example.org\") }",
        "mutation { verifySignInOtpEmail(email: \"jane@example.org\", otp: \"000000\") { session { accessToken } } }",
        "mutation { confirmTicket(ticket: \"unknown\") { session { accessToken } } }",
        "mutation { resetPassword(ticket: \"unknown\", newPassword: \"another new phrase\") }",
        "mutation { exchangeCode(code: \"unknown\", codeVerifier: \"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk\") { session { accessToken } } }",
        "mutation { revokeSession(id: \"018f0000-0000-7000-8000-000000000000\") }",
        "mutation { signOut }",
    ] {
        jane.graphql(query).await;
    }
    drop(other);
    create(&admin, json!({ "email": "new@example.org" })).await.data();
    create(&admin, json!({ "email": "new@example.org" })).await;
    set_roles(&admin, jane.id, &["user"], None).await.data();
    set_roles(&admin, jane.id, &["nobody"], None).await;
    for operation in [
        "disableUser",
        "enableUser",
        "lockUser",
        "unlockUser",
        "endSessions",
    ] {
        let query = format!("mutation ($id: uuid!) {{ {operation}(id: $id) }}");
        for id in [jane.id, uuid::Uuid::from_u128(7)] {
            admin.graphql_with(&query, json!({ "id": id })).await;
        }
    }
    let told: BTreeSet<(String, String)> = events(&admin, "action outcome")
        .await
        .iter()
        .map(|event| (text(event, "action"), text(event, "outcome")))
        .collect();
    let both = [
        "signUpEmailPassword",
        "signInEmailPassword",
        "signUpUsernamePassword",
        "signInUsernamePassword",
        "elevatePassword",
        "changePassword",
        "sendPasswordResetEmail",
        "createUser",
        "setUserRoles",
        "disableUser",
        "enableUser",
        "lockUser",
        "unlockUser",
        "endSessions",
    ];
    let once = [
        ("refreshToken", "refused"),
        ("sendVerificationEmail", "success"),
        ("signInOtpEmail", "success"),
        ("signInPasswordlessEmail", "success"),
        ("verifySignInOtpEmail", "refused"),
        ("confirmTicket", "refused"),
        ("resetPassword", "refused"),
        ("exchangeCode", "refused"),
        ("revokeSession", "refused"),
        ("signOut", "success"),
    ];
    let both = both
        .iter()
        .flat_map(|action| [(*action, "success"), (*action, "refused")]);
    for (action, outcome) in both.chain(once) {
        assert!(
            told.contains(&(action.to_owned(), outcome.to_owned())),
            "{action} {outcome}: {told:?}"
        );
    }
    let secrets = database.secrets.kept_by_nobody();
    assert!(secrets.len() > 20, "only {} secrets are known", secrets.len());
    at_rest::check_absent(&database, &secrets).await;
    for event in events(&admin, "outcome code details requestId ip userAgent").await {
        let refused = event["outcome"] == "refused";
        assert_eq!(event["code"].is_string(), refused, "{event}");
        assert_eq!(event["details"]["reason"].is_string(), refused, "{event}");
        assert!(
            event["requestId"].is_string() && event["ip"].is_string(),
            "{event}"
        );
    }
}

fn text(event: &Value, name: &str) -> String {
    event[name].as_str().unwrap().to_owned()
}

/// The search for secrets is one that finds.
async fn a_secret_that_were_kept_would_be_found(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    app.user("jane").await;
    let kept = ["jane@example.org".to_owned(), "signUpEmailPassword".to_owned()];
    for secret in kept {
        let database = Arc::clone(&database);
        let search = tokio::spawn(async move { at_rest::check_absent(&database, &[secret]).await });
        assert!(search.await.is_err());
    }
    at_rest::check_absent(&database, &["a secret that nobody has".to_owned()]).await;
}
