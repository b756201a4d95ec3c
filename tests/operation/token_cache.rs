//! Access tokens that the service remembers, and what ends them at once or within a second.

use std::sync::Arc;
use std::time::{Duration, Instant};

use portico_auth::Auth;
use sea_orm::ConnectionTrait;
use serde_json::json;

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::caller::Caller;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    a_token_is_looked_up_once,
    the_next_request_knows_of_a_mutation,
    the_next_request_knows_that_its_session_ended,
    a_user_disabled_in_the_database_is_refused_on_every_node,
    a_role_taken_in_the_database_is_lost_on_every_node,
    a_session_that_ended_ends_on_every_node,
    without_a_memory_every_session_is_looked_up,
);

async fn ask(caller: &Caller) -> Answer {
    caller.graphql("{ users { id } }").await
}

/// Asks until the token is remembered; nothing is while a slow machine reads no changes.
async fn remember(auth: &Auth, caller: &Caller) {
    let began = Instant::now();
    let before = auth.token_counters().hits;
    while auth.token_counters().hits == before {
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "no token is remembered"
        );
        ask(caller).await.data();
    }
}

/// Asks until refused: a second at most, and what a slow machine adds.
pub(super) async fn until_refused(caller: &Caller) -> String {
    let began = Instant::now();
    loop {
        let answer = ask(caller).await;
        if answer.body.get("errors").is_some() {
            return answer.error_code().to_owned();
        }
        assert!(began.elapsed() < Duration::from_secs(2), "still let through");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn execute(database: &TestDatabase, sql: &str) {
    database.connect().await.execute_unprepared(sql).await.unwrap();
}

async fn a_token_is_looked_up_once(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    remember(&app.auth, &jane).await;
    let counters = app.auth.token_counters();
    assert_eq!(counters.entries, 1);
    assert!(counters.hits > 0 && counters.misses > 0);
    app.clock.advance(15 * 60);
    assert_eq!(ask(&jane).await.error_code(), "invalid-jwt");
}

async fn the_next_request_knows_of_a_mutation(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    // Both ways a request takes: planned, and by the plan at hand.
    for name in ["jane", "john"] {
        let user = app.user(name).await;
        remember(&app.auth, &user).await;
        let query = "mutation ($id: uuid!) {
          updateUser(pk_columns: { id: $id }, _set: { disabled: true }) { id }
        }";
        let answer = app.admin().graphql_with(query, json!({ "id": user.id })).await;
        assert_eq!(answer.value("/updateUser/id"), &json!(user.id));
        assert_eq!(ask(&user).await.error_code(), "invalid-jwt");
    }
}

async fn the_next_request_knows_that_its_session_ended(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let (elsewhere, reused) = (jane.sign_in_again().await, jane.sign_in_again().await);
    for session in [&jane, &elsewhere, &reused] {
        remember(&app.auth, session).await;
    }
    let revoke = "mutation ($id: uuid!) { revokeSession(id: $id) }";
    let id = elsewhere.session.id;
    jane.graphql_with(revoke, json!({ "id": id })).await.data();
    assert_eq!(ask(&elsewhere).await.error_code(), "invalid-jwt");

    app.public().refresh(&reused.session.refresh_token).await.data();
    remember(&app.auth, &reused).await;
    app.clock.advance(11);
    let again = app.public().refresh(&reused.session.refresh_token).await;
    assert_eq!(again.error_code(), "invalid-refresh-token");
    assert_eq!(ask(&reused).await.error_code(), "invalid-jwt");

    remember(&app.auth, &jane).await;
    jane.graphql("mutation { signOut }").await.data();
    assert_eq!(ask(&jane).await.error_code(), "invalid-jwt");
}

async fn a_user_disabled_in_the_database_is_refused_on_every_node(database: Arc<TestDatabase>) {
    let one = TestApp::new(&database).await;
    let two = TestApp::node(&database, Arc::clone(&one.clock), &[]).await;
    let jane = one.user("jane").await;
    let on_two = two.public().bearer(&jane.session.access_token);
    remember(&one.auth, &jane).await;
    remember(&two.auth, &on_two).await;
    execute(&database, "UPDATE users SET disabled = TRUE").await;
    assert_eq!(until_refused(&jane).await, "invalid-jwt");
    assert_eq!(until_refused(&on_two).await, "invalid-jwt");
}

async fn a_role_taken_in_the_database_is_lost_on_every_node(database: Arc<TestDatabase>) {
    let one = TestApp::new(&database).await;
    let two = TestApp::node(&database, Arc::clone(&one.clock), &[]).await;
    let jane = one.user("jane").await;
    let as_me = jane.with("x-hasura-role", "me");
    let on_two = two
        .public()
        .bearer(&jane.session.access_token)
        .with("x-hasura-role", "me");
    remember(&one.auth, &as_me).await;
    remember(&two.auth, &on_two).await;
    execute(&database, "DELETE FROM user_roles WHERE role = 'me'").await;
    until_refused(&as_me).await;
    until_refused(&on_two).await;
    ask(&jane).await.data();
}

async fn a_session_that_ended_ends_on_every_node(database: Arc<TestDatabase>) {
    let one = TestApp::new(&database).await;
    let two = TestApp::node(&database, Arc::clone(&one.clock), &[]).await;
    let jane = one.user("jane").await;
    let on_two = two.public().bearer(&jane.session.access_token);
    remember(&two.auth, &on_two).await;
    jane.graphql("mutation { signOut }").await.data();
    assert_eq!(ask(&jane).await.error_code(), "invalid-jwt");
    assert_eq!(until_refused(&on_two).await, "invalid-jwt");
}

async fn without_a_memory_every_session_is_looked_up(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &[("PORTICO_TOKEN_CACHE", "0")]).await;
    let jane = app.user("jane").await;
    for _ in 0..3 {
        ask(&jane).await.data();
    }
    assert_eq!(app.auth.token_counters().hits, 0);
    execute(&database, "UPDATE users SET disabled = TRUE").await;
    assert_eq!(ask(&jane).await.error_code(), "invalid-jwt");
}
