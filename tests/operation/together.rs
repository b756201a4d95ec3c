//! Operations beside each other and beside data.

use std::sync::Arc;

use serde_json::json;

use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    each_operation_commits_by_itself,
    what_is_given_twice_under_one_name_runs_once,
    a_document_that_mixes_data_and_operations_is_refused,
    a_flood_of_sign_ins_is_answered_or_refused_and_others_go_on,
    activity_is_written_every_five_minutes_at_most,
);

async fn each_operation_commits_by_itself(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let answer = app
        .public()
        .graphql(
            "mutation {
              one: signUpUsernamePassword(username: \"jane\", password: \"correct horse battery\") { session { user { username } } }
              two: signUpUsernamePassword(username: \"jane\", password: \"correct horse battery\") { session { user { username } } }
            }",
        )
        .await;
    assert_eq!(answer.error_code(), "username-already-in-use");
    assert_eq!(
        app.admin()
            .graphql("{ users { username } }")
            .await
            .values("username"),
        [json!("jane")]
    );
}

async fn what_is_given_twice_under_one_name_runs_once(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let query = "mutation ($username: String!, $more: Boolean!) {
      signUp: signUpUsernamePassword(username: $username, password: \"correct horse battery\") { session { user { username } } }
      ...More
      ... @include(if: $more) { signUp: signUpUsernamePassword(username: $username, password: \"correct horse battery\") { session { accessToken } } }
    }
    fragment More on mutation_root {
      signUp: signUpUsernamePassword(username: $username, password: \"correct horse battery\") { session { user { displayName @skip(if: $more) locale } } }
    }";
    for (username, more) in [("jane", true), ("mary", false)] {
        let variables = json!({ "username": username, "more": more });
        let answer = app.public().graphql_with(query, variables).await;
        let session = answer.value("/signUp/session");
        assert_eq!(session["user"]["username"], username, "{session}");
        assert_eq!(session["user"]["locale"], "en", "{session}");
        assert_eq!(session["user"].get("displayName").is_some(), !more, "{session}");
        assert_eq!(session.get("accessToken").is_some(), more, "{session}");
    }
    let different = "mutation {
      signUp: signUpUsernamePassword(username: \"one\", password: \"correct horse battery\") { session { accessToken } }
      signUp: signUpUsernamePassword(username: \"two\", password: \"correct horse battery\") { session { accessToken } }
    }";
    let answer = app.public().graphql(different).await;
    assert_eq!(answer.error_code(), "validation-failed");
    let users = app
        .admin()
        .graphql("{ users(order_by: { username: asc }) { username } }")
        .await;
    assert_eq!(users.values("username"), [json!("jane"), json!("mary")]);
}

async fn a_document_that_mixes_data_and_operations_is_refused(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let query = "mutation ($id: uuid!) {
      updateUser(pk_columns: { id: $id }, _set: { displayName: \"changed\" }) { id }
      signOut
    }";
    let answer = jane.graphql_with(query, json!({ "id": jane.id })).await;
    assert_eq!(answer.error_code(), "validation-failed");
    let answer = jane.graphql("{ users { displayName } }").await;
    assert_ne!(answer.values("displayName"), [json!("changed")]);
}

async fn a_flood_of_sign_ins_is_answered_or_refused_and_others_go_on(database: Arc<TestDatabase>) {
    let variables = [
        ("PORTICO_LIMIT_SIGN_INS", "100000"),
        ("PORTICO_LIMIT_FAILURES", "100000"),
    ];
    let app = TestApp::with(&database, &variables).await;
    let jane = app.user("jane").await;
    let public = app.public();
    let sign_ins =
        futures_util::future::join_all((0..200).map(|_| public.sign_in(&jane.email, &jane.password)));
    let meanwhile = async {
        for _ in 0..20 {
            jane.graphql("{ users { id } }").await.data();
        }
        std::time::Instant::now()
    };
    let flood = async { (sign_ins.await, std::time::Instant::now()) };
    let ((answers, flood_over), others_over) = tokio::join!(flood, meanwhile);
    assert!(others_over < flood_over, "reading waited for the flood");
    let (refused, answered): (Vec<_>, Vec<_>) = answers
        .iter()
        .partition(|answer| answer.body.get("errors").is_some());
    assert!(
        refused
            .iter()
            .all(|answer| answer.error_code() == "too-many-requests" && answer.status == 429)
    );
    assert!(answered.len() > 20, "only {} were answered", answered.len());
}

async fn activity_is_written_every_five_minutes_at_most(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let mut token = jane.session.refresh_token.clone();
    let mut seen = Vec::new();
    for seconds in [0, 200, 200] {
        app.clock.advance(seconds);
        token = app
            .public()
            .refresh(&token)
            .await
            .string("/refreshToken/refreshToken");
        app.auth.flush_last_seen().await.unwrap();
        seen.extend(
            app.admin()
                .graphql("{ users { lastSeen } }")
                .await
                .values("lastSeen"),
        );
    }
    let start = "2026-03-01T09:00:00+00:00";
    assert_eq!(seen, [start, start, "2026-03-01T09:06:40+00:00"]);
}
