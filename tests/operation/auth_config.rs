//! `authConfig`

use std::sync::Arc;

use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(anybody_reads_how_to_sign_in);

async fn anybody_reads_how_to_sign_in(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let fields = "{ __type(name: \"AuthConfig\") { fields { name type { kind ofType { kind } } } } }";
    let answer = app.public().graphql(fields).await;
    assert!(!answer.values("name").is_empty(), "{}", answer.text);
    for caller in [&app.public(), &*jane, &app.admin()] {
        let answer = caller.graphql("{ authConfig { __typename } }").await;
        assert_eq!(answer.string("/authConfig/__typename"), "AuthConfig");
    }
}
