//! `signOutOthers`

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    only_the_session_that_asks_goes_on,
    fifty_that_end_each_other_leave_one_at_most,
    it_needs_a_session,
);

async fn only_the_session_that_asks_goes_on(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let (jane, john) = (app.user("jane").await, app.user("john").await);
    let others = [jane.sign_in_again().await, jane.sign_in_again().await];
    for _ in 0..2 {
        let answer = jane.graphql("mutation { signOutOthers }").await;
        assert_eq!(answer.data()["signOutOthers"], json!(true));
        for other in &others {
            let answer = other.graphql("{ users { id } }").await;
            assert_eq!(answer.error_code(), "invalid-jwt");
            let answer = app.public().refresh(&other.session.refresh_token).await;
            assert_eq!(answer.error_code(), "invalid-refresh-token");
        }
    }
    jane.graphql("{ users { id } }").await.data();
    app.public().refresh(&jane.session.refresh_token).await.data();
    john.graphql("{ users { id } }").await.data();
    let query = "{ auditEvents(where: { action: { _eq: \"signOutOthers\" } }) { sessionId } }";
    let events = app.admin().graphql(query).await.values("sessionId");
    assert_eq!(
        events,
        [json!(jane.session.id)],
        "what changes nothing is no event"
    );
}

async fn fifty_that_end_each_other_leave_one_at_most(database: Arc<TestDatabase>) {
    let variables = [
        ("PORTICO_LIMIT_SIGN_INS", "1000"),
        ("PORTICO_LIMIT_FAILURES", "1000"),
        // Fifty hashes, and tests beside them.
        ("PORTICO_REQUEST_TIMEOUT", "10m"),
    ];
    let app = TestApp::with(&database, &variables).await;
    let jane = app.user("jane").await;
    let sessions = join_all((0..50).map(|_| jane.sign_in_again())).await;
    let query = "mutation { signOutOthers }";
    let answers = join_all(sessions.iter().map(|session| session.graphql(query))).await;
    assert!(
        answers
            .iter()
            .all(|answer| { answer.body.get("errors").is_none() || answer.error_code() == "invalid-jwt" })
    );
    let query = "{ authRefreshTokens(where: { revokedAt: { _is_null: true } }) { userId } }";
    let living = app.admin().graphql(query).await.values("userId").len();
    assert!(living <= 1, "{living} sessions go on");
}

async fn it_needs_a_session(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    for caller in [app.public(), app.admin()] {
        let answer = caller.graphql("mutation { signOutOthers }").await;
        assert!(answer.body.get("errors").is_some(), "{}", answer.text);
    }
    jane.graphql("{ users { id } }").await.data();
}
