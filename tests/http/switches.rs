//! What an operator can switch off.

use std::sync::Arc;

use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    without_introspection_only_the_administrator_sees_the_schema,
    without_graphiql_there_is_no_page
);

async fn without_introspection_only_the_administrator_sees_the_schema(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &[("PORTICO_INTROSPECTION", "false")]).await;
    let jane = app.user("jane").await;
    for query in [
        "{ __schema { types { name } } }",
        "{ __type(name: \"users\") { name } }",
        "{ users { id } x: __schema { types { name } } }",
        "{ ... { ...all } } fragment all on query_root { __schema { types { name } } }",
    ] {
        for caller in [&app.public(), &*jane] {
            let answer = caller.graphql(query).await;
            assert!(
                ["not-supported", "validation-failed"].contains(&answer.error_code()),
                "{}",
                answer.text
            );
            assert!(!answer.text.contains("\"types\""), "{}", answer.text);
        }
        app.admin().graphql(query).await.data();
    }
    jane.graphql("{ __typename users { __typename } }").await.data();
    // Nor does an error tell what exists beside what was misspelt.
    let answer = jane.graphql("{ users { displayNam } }").await;
    assert!(!answer.text.contains("displayName"), "{}", answer.text);
}

async fn without_graphiql_there_is_no_page(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &[("PORTICO_GRAPHIQL", "false")]).await;
    assert_eq!(app.public().get("/graphiql").await.status, 404);
}
