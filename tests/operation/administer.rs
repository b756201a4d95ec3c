//! `disableUser`, `enableUser`, `lockUser`, `unlockUser`, `endSessions`

use std::sync::Arc;

use serde_json::json;
use uuid::Uuid;

use super::consequences::is_signed_in;
use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::caller::Caller;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    a_user_is_kept_out_and_let_in_again,
    whoever_is_unlocked_may_try_again_at_once,
    sessions_end_and_the_user_may_come_back,
    the_last_administrator_is_kept,
    only_administrators_have_them,
);

const OPERATIONS: [&str; 5] = [
    "disableUser",
    "enableUser",
    "lockUser",
    "unlockUser",
    "endSessions",
];

async fn administer(caller: &Caller, operation: &str, id: Uuid) -> Answer {
    let query = format!("mutation ($id: uuid!) {{ {operation}(id: $id) }}");
    caller.graphql_with(&query, json!({ "id": id })).await
}

async fn a_user_is_kept_out_and_let_in_again(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let admin = app.admin();
    for (out, back, code) in [
        ("disableUser", "enableUser", "disabled-user"),
        ("lockUser", "unlockUser", "locked-user"),
    ] {
        let jane = app.user(&out.to_lowercase()).await;
        // Twice: what is done already is no failure.
        for _ in 0..2 {
            assert_eq!(administer(&admin, out, jane.id).await.data()[out], json!(true));
        }
        assert!(!is_signed_in(&jane).await);
        let answer = app.public().sign_in(&jane.email, &jane.password).await;
        assert_eq!(answer.error_code(), code);
        administer(&admin, back, jane.id).await.data();
        assert!(!is_signed_in(&jane).await, "what ended stays so");
        app.public().sign_in(&jane.email, &jane.password).await.data();
        let query = "query ($id: uuid!) { auditEvents(where: { userId: { _eq: $id }, actorRole: { _eq: \"admin\" } }, order_by: { action: asc }) { action actorId } }";
        let answer = admin.graphql_with(query, json!({ "id": jane.id })).await;
        let told = |action: &str| json!({ "action": action, "actorId": null });
        assert_eq!(
            answer.data()["auditEvents"],
            json!([told(out), told(out), told(back)])
        );
    }
}

async fn whoever_is_unlocked_may_try_again_at_once(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    for _ in 0..10 {
        app.public().sign_in(&jane.email, "a wrong password").await;
    }
    let answer = app.public().sign_in(&jane.email, &jane.password).await;
    assert_eq!(answer.error_code(), "too-many-requests");
    administer(&app.admin(), "unlockUser", jane.id).await.data();
    app.public().sign_in(&jane.email, &jane.password).await.data();
}

async fn sessions_end_and_the_user_may_come_back(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let (jane, joe) = (app.user("jane").await, app.user("joe").await);
    let elsewhere = jane.sign_in_again().await;
    administer(&app.admin(), "endSessions", jane.id).await.data();
    assert!(!is_signed_in(&jane).await && !is_signed_in(&elsewhere).await);
    assert!(is_signed_in(&joe).await);
    assert!(is_signed_in(&jane.sign_in_again().await).await);
}

async fn the_last_administrator_is_kept(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let (jane, joe) = (app.user("jane").await, app.user("joe").await);
    let grant =
        "mutation ($id: uuid!) { insertAuthUserRole(object: { userId: $id, role: \"admin\" }) { id } }";
    for user in [&jane, &joe] {
        app.admin()
            .graphql_with(grant, json!({ "id": user.id }))
            .await
            .data();
    }
    let admin = jane.sign_in_again().await.with("x-hasura-role", "admin");
    administer(&admin, "disableUser", joe.id).await.data();
    for operation in ["disableUser", "lockUser"] {
        let answer = administer(&admin, operation, jane.id).await;
        assert_eq!(answer.error_code(), "last-administrator", "{operation}");
    }
    admin.graphql("{ users { id } }").await.data();
}

async fn only_administrators_have_them(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    for operation in OPERATIONS {
        for caller in [&app.public(), &*jane] {
            let answer = administer(caller, operation, jane.id).await;
            assert_eq!(answer.error_code(), "validation-failed", "{operation}");
        }
        let nobody = administer(&app.admin(), operation, Uuid::from_u128(7)).await;
        assert_eq!(nobody.error_code(), "user-not-found", "{operation}");
    }
    assert!(is_signed_in(&jane).await);
}
