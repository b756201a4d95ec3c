//! Roles that may send what is listed and nothing else; and a directive that other services know.

use std::sync::Arc;

use serde_json::json;

use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::seed;

on_both_databases!(
    a_role_in_trusted_mode_sends_listed_documents_alone,
    cached_is_read_and_changes_nothing
);

async fn a_role_in_trusted_mode_sends_listed_documents_alone(database: Arc<TestDatabase>) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/permission/metadata/trusted");
    let variables = [
        ("PORTICO_METADATA", folder),
        ("PORTICO_TRUSTED_ROLES", "user,public,stranger"),
    ];
    let app = TestApp::with(&database, &variables).await;
    let as_role = |role: &str| {
        let admin = app.admin().with("x-hasura-role", role);
        admin.with("x-hasura-user-id", &seed::JANE.to_string())
    };
    let user = as_role("user");
    for _ in 0..2 {
        // For every role, and told with other spaces.
        let answer = user
            .graphql_with(
                "query Languages($n:Int){langs(limit:$n){__typename code}}",
                json!({ "n": 0 }),
            )
            .await;
        assert_eq!(answer.data(), &json!({ "langs": [] }));
        // For this role.
        assert_eq!(
            user.graphql("{ orgs { id } }").await.data(),
            &json!({ "orgs": [] })
        );
        let told_otherwise = "{ __typename me { id metadata(path:\"timezone\") __typename } }";
        assert_eq!(user.graphql(told_otherwise).await.data()["me"], json!(null));
        for other in [
            "{ orgs { id name } }",
            "{ orgs { id } langs { code } }",
            "{ __schema { queryType { name } } }",
            // What stands behind a field is not another's.
            "{ me { id metadata __typename(path: \"timezone\") } }",
            "{ me { id metadata(path: \"timezone\" __typename) } }",
        ] {
            let answer = user.graphql(other).await;
            assert_eq!(answer.error_code(), "validation-failed");
            assert_eq!(answer.body["errors"][0]["message"], "query is not allowed");
        }
        // What another role may send unasked was not made this one's by it.
        as_role("me").graphql("{ orgs { id name } }").await.data();
        app.admin().graphql("{ orgs { id name archived } }").await.data();
        // Nor by another role that no permission names.
        as_role("guest").graphql("{ __typename }").await.data();
        let answer = as_role("stranger").graphql("{ __typename }").await;
        assert_eq!(answer.body["errors"][0]["message"], "query is not allowed");
    }
    let answer = app.public().graphql("{ orgs { id } }").await;
    assert_eq!(answer.body["errors"][0]["message"], "query is not allowed");
    let answer = app.public().sign_in("jane@example.org", "x").await;
    assert_eq!(answer.body["errors"][0]["message"], "query is not allowed");
}

async fn cached_is_read_and_changes_nothing(database: Arc<TestDatabase>) {
    let admin = TestApp::new(&database).await.admin();
    for query in [
        "query @cached { langs(limit: 0) { code } }",
        "query A @cached(ttl: 5, refresh: true) { langs(limit: 0) { code } }",
    ] {
        assert_eq!(admin.graphql(query).await.data(), &json!({ "langs": [] }));
    }
    for query in [
        "query @cached @cached { langs { code } }",
        "query @cached(ttl: \"5\") { langs { code } }",
        "query @cached(until: 5) { langs { code } }",
        "query @stored { langs { code } }",
        "{ langs @cached { code } }",
        "mutation @cached { signOut }",
    ] {
        assert_eq!(
            admin.graphql(query).await.error_code(),
            "validation-failed",
            "{query}"
        );
    }
}
