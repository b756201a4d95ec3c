//! `revokeSession`

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::caller::Caller;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    a_user_ends_another_session_of_theirs,
    a_session_of_another_user_is_not_found,
    it_needs_a_session
);

async fn revoke(caller: &Caller, id: impl Into<Value>) -> Answer {
    let query = "mutation ($id: uuid!) { revokeSession(id: $id) }";
    caller.graphql_with(query, json!({ "id": id.into() })).await
}

async fn a_user_ends_another_session_of_theirs(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let elsewhere = jane.sign_in_again().await;
    let answer = revoke(&jane, elsewhere.session.id.to_string()).await;
    assert_eq!(answer.data()["revokeSession"], json!(true));
    assert_eq!(
        elsewhere.graphql("{ users { id } }").await.error_code(),
        "invalid-jwt"
    );
    jane.graphql("{ users { id } }").await.data();
}

async fn a_session_of_another_user_is_not_found(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let (jane, john) = (app.user("jane").await, app.user("john").await);
    let of_john = revoke(&jane, john.session.id.to_string()).await;
    let of_nobody = revoke(&jane, "0190d1e0-0000-7000-8000-000000000000").await;
    assert_eq!(of_john.error_code(), "session-not-found");
    assert_eq!(of_john.text, of_nobody.text);
    john.graphql("{ users { id } }").await.data();
}

async fn it_needs_a_session(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    for caller in [app.public(), app.admin()] {
        let answer = revoke(&caller, jane.session.id.to_string()).await;
        assert!(answer.body.get("errors").is_some(), "{}", answer.text);
    }
    jane.graphql("{ users { id } }").await.data();
}
