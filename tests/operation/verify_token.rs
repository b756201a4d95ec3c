//! `verifyToken`

use std::sync::Arc;

use serde_json::json;

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::caller::Caller;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    a_good_token_is_confirmed,
    a_bad_token_is_refused,
    an_ended_session_is_refused
);

async fn verify(caller: &Caller, token: &str) -> Answer {
    let query = "mutation ($token: String) { verifyToken(token: $token) }";
    caller.graphql_with(query, json!({ "token": token })).await
}

async fn a_good_token_is_confirmed(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let answer = verify(&app.public(), &jane.session.access_token).await;
    assert_eq!(answer.data()["verifyToken"], json!(true));
    let answer = jane.graphql("mutation { verifyToken }").await;
    assert_eq!(answer.data()["verifyToken"], json!(true));
}

async fn a_bad_token_is_refused(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    for token in ["", "x", "a.b.c", &jane.session.refresh_token] {
        assert_eq!(
            verify(&app.public(), token).await.error_code(),
            "invalid-jwt",
            "{token}"
        );
    }
    app.clock.advance(901);
    assert_eq!(
        verify(&app.public(), &jane.session.access_token)
            .await
            .error_code(),
        "invalid-jwt"
    );
}

async fn an_ended_session_is_refused(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    jane.graphql("mutation { signOut }").await.data();
    assert_eq!(
        verify(&app.public(), &jane.session.access_token)
            .await
            .error_code(),
        "invalid-jwt"
    );
}
