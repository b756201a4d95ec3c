//! `signOut`

use std::sync::Arc;

use serde_json::json;

use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    signing_out_ends_this_session_only,
    signing_out_everywhere_ends_every_session,
    a_refresh_token_alone_ends_its_session,
    signing_out_everywhere_needs_a_session,
    other_nodes_hear_of_it_within_a_second,
);

async fn signing_out_ends_this_session_only(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let elsewhere = jane.sign_in_again().await;
    let answer = jane.graphql("mutation { signOut }").await;
    assert_eq!(answer.data()["signOut"], json!(true));
    assert_eq!(jane.graphql("{ users { id } }").await.error_code(), "invalid-jwt");
    assert_eq!(
        app.public()
            .refresh(&jane.session.refresh_token)
            .await
            .error_code(),
        "invalid-refresh-token"
    );
    elsewhere.graphql("{ users { id } }").await.data();
}

async fn signing_out_everywhere_ends_every_session(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let (jane, john) = (app.user("jane").await, app.user("john").await);
    let elsewhere = jane.sign_in_again().await;
    jane.graphql("mutation { signOut(all: true) }").await.data();
    for session in [&jane, &elsewhere] {
        assert_eq!(
            session.graphql("{ users { id } }").await.error_code(),
            "invalid-jwt"
        );
        assert_eq!(
            app.public()
                .refresh(&session.session.refresh_token)
                .await
                .error_code(),
            "invalid-refresh-token"
        );
    }
    john.graphql("{ users { id } }").await.data();
    jane.sign_in_again().await;
}

async fn a_refresh_token_alone_ends_its_session(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let query = "mutation ($token: String) { signOut(refreshToken: $token) }";
    let variables = json!({ "token": jane.session.refresh_token });
    assert_eq!(
        app.public().graphql_with(query, variables).await.data()["signOut"],
        json!(true)
    );
    assert_eq!(jane.graphql("{ users { id } }").await.error_code(), "invalid-jwt");
}

async fn signing_out_everywhere_needs_a_session(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    app.user("jane").await;
    for caller in [app.public(), app.admin()] {
        let answer = caller.graphql("mutation { signOut(all: true) }").await;
        assert!(answer.body.get("errors").is_some(), "{}", answer.text);
    }
}

async fn other_nodes_hear_of_it_within_a_second(database: Arc<TestDatabase>) {
    let one = TestApp::new(&database).await;
    let two = TestApp::node(&database, Arc::clone(&one.clock), &[]).await;
    let jane = one.user("jane").await;
    let on_two = two.public().bearer(&jane.session.access_token);
    on_two.graphql("{ users { id } }").await.data();
    jane.graphql("mutation { signOut }").await.data();
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(
        on_two.graphql("{ users { id } }").await.error_code(),
        "invalid-jwt"
    );
}
