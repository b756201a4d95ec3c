//! Two processes on one PostgreSQL: what one ends the other refuses within the second

use std::sync::Arc;

use serde_json::{Value, json};

use super::token_cache::until_refused;
use crate::support::caller::{Caller, User};
use crate::support::database::{Kind, TestDatabase, run};
use crate::support::process::Process;
use crate::support::settings;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_process_ends_the_other_refuses() {
    run(Kind::Postgres, what_ends).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_process_takes_away_the_other_does_not_give() {
    run(Kind::Postgres, what_is_taken_away).await;
}

/// Two processes, and the administrator of the first.
async fn nodes(database: &Arc<TestDatabase>) -> (Process, Process, Caller) {
    // One address, as behind a balancer: tokens name it.
    let variables = [("PORTICO_PUBLIC_URL", "http://127.0.0.1:8080")];
    let one = Process::with(database, &variables).await;
    let two = Process::with(database, &variables).await;
    let admin = one.caller.with("x-hasura-admin-secret", settings::ADMIN_SECRET);
    (one, two, admin)
}

/// Whoever has the token on a node that remembers it.
async fn known(node: &Process, token: &str) -> Caller {
    let caller = node.caller.bearer(token);
    for _ in 0..5 {
        caller.graphql("{ users { id } }").await.data();
    }
    caller
}

async fn what_ends(database: Arc<TestDatabase>) {
    let (one, two, admin) = nodes(&database).await;
    let by_id = |operation: &str| format!("mutation ($id: uuid!) {{ {operation}(id: $id) }}");
    for (number, operation) in [
        "signOut(all: true)",
        "signOutOthers",
        "revokeSession",
        "changePassword",
    ]
    .into_iter()
    .enumerate()
    {
        let jane = User::sign_up_as(&one.caller, &format!("jane{number}")).await;
        let elsewhere = User::sign_in_as(&two.caller, &jane.email, &jane.password).await;
        let there = known(&two, &elsewhere.session.access_token).await;
        let answer = match operation {
            "revokeSession" => {
                let variables = json!({ "id": elsewhere.session.id });
                jane.graphql_with(&by_id(operation), variables).await
            }
            "changePassword" => {
                let query = "mutation ($current: String, $new: String!) { changePassword(currentPassword: $current, newPassword: $new) }";
                let variables = json!({ "current": jane.password, "new": "an entirely new password" });
                jane.graphql_with(query, variables).await
            }
            _ => jane.graphql(&format!("mutation {{ {operation} }}")).await,
        };
        answer.data();
        assert_eq!(until_refused(&there).await, "invalid-jwt", "{operation}");
        let answer = two.caller.refresh(&elsewhere.session.refresh_token).await;
        assert_eq!(answer.error_code(), "invalid-refresh-token", "{operation}");
    }
    for operation in ["disableUser", "lockUser", "endSessions", "deleteUser"] {
        let john = User::sign_up_as(&one.caller, &operation.to_lowercase()).await;
        let there = known(&two, &john.session.access_token).await;
        let query = match operation {
            "deleteUser" => "mutation ($id: uuid!) { deleteUser(id: $id) { id } }".to_owned(),
            _ => by_id(operation),
        };
        admin.graphql_with(&query, json!({ "id": john.id })).await.data();
        assert_eq!(until_refused(&there).await, "invalid-jwt", "{operation}");
        let answer = two.caller.refresh(&john.session.refresh_token).await;
        assert_eq!(answer.error_code(), "invalid-refresh-token", "{operation}");
    }
}

async fn what_is_taken_away(database: Arc<TestDatabase>) {
    let (one, two, admin) = nodes(&database).await;
    let jane = User::sign_up_as(&one.caller, "jane").await;

    // A personal access token, made on one and used on the other.
    let query = "mutation ($password: String!) { elevatePassword(password: $password) { accessToken } }";
    let answer = jane
        .graphql_with(query, json!({ "password": jane.password }))
        .await;
    let elevated = two.caller.bearer(&answer.string("/elevatePassword/accessToken"));
    // As late as the session ends, by the clock of the service.
    let later = jane
        .graphql("{ authRefreshTokens { expiresAt } }")
        .await
        .values("expiresAt");
    let query = "mutation ($at: timestamptz!) { createPat(expiresAt: $at) { id personalAccessToken } }";
    let answer = elevated.graphql_with(query, json!({ "at": later[0] })).await;
    let (token, id) = (
        answer.string("/createPat/personalAccessToken"),
        answer.string("/createPat/id"),
    );
    let query =
        "mutation ($token: String!) { signInPat(personalAccessToken: $token) { session { accessToken } } }";
    let sign_in = async |node: &Process| node.caller.graphql_with(query, json!({ "token": token })).await;
    let answer = sign_in(&two).await;
    let program = known(&two, &answer.string("/signInPat/session/accessToken")).await;
    sign_in(&one).await.data();
    let revoke = "mutation ($id: uuid!) { revokeSession(id: $id) }";
    jane.graphql_with(revoke, json!({ "id": id })).await.data();
    assert_eq!(until_refused(&program).await, "invalid-jwt");
    assert_eq!(sign_in(&two).await.error_code(), "invalid-pat");

    // A role, in a token that has it still.
    let there = known(&two, &jane.session.access_token).await;
    let as_me = there.with("x-hasura-role", "me");
    as_me.graphql("{ users { id } }").await.data();
    let query = "mutation ($id: uuid!) { setUserRoles(id: $id, roles: [\"user\"]) }";
    admin.graphql_with(query, json!({ "id": jane.id })).await.data();
    assert_eq!(until_refused(&as_me).await, "access-denied");
    there.graphql("{ users { id } }").await.data();
    let answer = two.caller.refresh(&jane.session.refresh_token).await;
    let renewed = two.caller.bearer(&answer.string("/refreshToken/accessToken"));
    let answer = renewed
        .with("x-hasura-role", "me")
        .graphql("{ users { id } }")
        .await;
    assert_eq!(answer.error_code(), "access-denied");
    assert_ne!(
        renewed.graphql("{ users { id } }").await.body["data"],
        Value::Null
    );
}
