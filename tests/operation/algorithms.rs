//! Access tokens signed in each of the ways an operator can choose.

use std::sync::Arc;

use serde_json::json;

use super::token;
use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    every_algorithm_signs_what_it_accepts,
    a_change_of_algorithm_keeps_the_sessions
);

async fn every_algorithm_signs_what_it_accepts(database: Arc<TestDatabase>) {
    for (algorithm, kind) in [("ES256", Some("EC")), ("RS256", Some("RSA")), ("HS256", None)] {
        let app = TestApp::with(&database, &[("PORTICO_SIGNING_ALGORITHM", algorithm)]).await;
        let user = app.user(&algorithm.to_lowercase()).await;
        assert_eq!(token::header(&user.session.access_token)["alg"], algorithm);
        assert_eq!(
            user.graphql("{ users { id } }").await.values("id"),
            [json!(user.id)]
        );
        let keys = app.public().get("/.well-known/jwks.json").await;
        let key = token::header(&user.session.access_token)["kid"].clone();
        let published = keys.body["keys"]
            .as_array()
            .unwrap()
            .iter()
            .find(|found| found["kid"] == key);
        // Whoever knows a shared secret can sign: it is never published, nor is any private part.
        assert_eq!(
            published.map(|found| found["kty"].clone()),
            kind.map(|kind| json!(kind)),
            "{algorithm}"
        );
        for private in ["\"d\"", "\"k\"", "\"p\"", "\"q\""] {
            assert!(!keys.text.contains(private), "{algorithm} publishes {private}");
        }
    }
}

async fn a_change_of_algorithm_keeps_the_sessions(database: Arc<TestDatabase>) {
    let before = TestApp::new(&database).await;
    let jane = before.user("jane").await;
    database.finish().await;
    let after = TestApp::with(&database, &[("PORTICO_SIGNING_ALGORITHM", "ES256")]).await;
    after
        .public()
        .bearer(&jane.session.access_token)
        .graphql("{ users { id } }")
        .await
        .data();
    let answer = after.public().refresh(&jane.session.refresh_token).await;
    assert_eq!(
        token::header(&answer.string("/refreshToken/accessToken"))["alg"],
        "ES256"
    );
}
