//! Data beside operations and introspection is answered as data alone is.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::seed;

on_both_databases!(
    variables_of_every_kind_are_taken,
    the_user_of_a_new_session_is_selected_with_variables,
    a_path_that_leads_nowhere_is_null,
    an_object_of_which_directives_leave_nothing_is_empty,
    an_error_names_what_was_asked_for,
    what_fails_is_null,
);

async fn variables_of_every_kind_are_taken(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    seed::insert(&database.connect().await).await;
    let admin = app.admin();
    for (declared, field, variables) in [
        (
            "($o: order_by)",
            "users(order_by: { username: $o }) { username }",
            json!({ "o": "desc" }),
        ),
        (
            "($o: [users_order_by!])",
            "users(order_by: $o) { username }",
            json!({ "o": [{ "locale": "asc" }, { "username": "desc" }] }),
        ),
        (
            "($o: [users_order_by!] = { username: desc })",
            "users(order_by: $o) { username }",
            json!({}),
        ),
        (
            "($d: [users_select_column!])",
            "users(distinct_on: $d, order_by: { locale: asc, username: asc }) { username }",
            json!({ "d": ["locale"] }),
        ),
        (
            "($by: [users_select_column!]!)",
            "usersGroupBy(by: $by, order_by: { key: { locale: asc } }) { key { locale } }",
            json!({ "by": ["locale"] }),
        ),
        (
            "($o: order_by!)",
            "users(order_by: { username: asc }) { username roles(order_by: { role: $o }) { role } }",
            json!({ "o": "desc" }),
        ),
        (
            "($w: users_bool_exp!, $n: Int, $p: String)",
            "users(where: $w, limit: $n) { username metadata(path: $p) }",
            json!({ "w": { "username": { "_eq": "john" } }, "n": 1, "p": "$.a" }),
        ),
        (
            "($yes: Boolean!)",
            "users(order_by: { username: asc }) { username id @skip(if: $yes) } users(order_by: { username: asc }) { username locale @include(if: $yes) }",
            json!({ "yes": true }),
        ),
    ] {
        let alone = format!("query {declared} {{ {field} }}");
        let alone = admin.graphql_with(&alone, variables.clone()).await;
        for other in ["authConfig { __typename }", "__schema { __typename }"] {
            let beside = format!("query {declared} {{ {field} {other} }}");
            for _ in 0..2 {
                let answer = admin.graphql_with(&beside, variables.clone()).await;
                for (name, value) in alone.data().as_object().unwrap() {
                    assert_eq!(&answer.data()[name], value, "{beside}");
                }
            }
        }
    }
}

async fn the_user_of_a_new_session_is_selected_with_variables(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let query = "mutation ($email: citext!, $password: String!, $o: order_by!, $n: Int) {
      one: signInEmailPassword(email: $email, password: $password) {
        session { accessTokenExpiresIn user { id } me: user { roles(order_by: { role: $o }, limit: $n) { role } } }
        session { user { email } }
      }
    }";
    for (order, role) in [("asc", "me"), ("desc", "user")] {
        let variables = json!({ "email": jane.email, "password": jane.password, "o": order, "n": 1 });
        let answer = app.public().graphql_with(query, variables).await;
        assert_eq!(
            answer.value("/one/session/user"),
            &json!({ "id": jane.id, "email": jane.email })
        );
        assert_eq!(
            answer.value("/one/session/me"),
            &json!({ "roles": [{ "role": role }] })
        );
    }
}

async fn a_path_that_leads_nowhere_is_null(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let answer = app
        .public()
        .graphql(
            "mutation { signUpEmailPassword(email: \"jane@example.org\", password: \"correct horse battery\") {
              session { user { metadata(path: \"theme\") whole: metadata } }
            } }",
        )
        .await;
    assert_eq!(
        answer.value("/signUpEmailPassword/session/user"),
        &json!({ "metadata": null, "whole": {} })
    );
    let answer = app
        .admin()
        .graphql("{ users { metadata(path: \"nope\") } authConfig { __typename } }")
        .await;
    assert_eq!(answer.value("/users"), &json!([{ "metadata": null }]));
}

async fn an_object_of_which_directives_leave_nothing_is_empty(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let sign_in = "mutation ($a: Boolean!, $email: citext!, $password: String!) {
      one: signInEmailPassword(email: $email, password: $password) { session @include(if: $a) { accessToken } }
      two: signInEmailPassword(email: $email, password: $password) { session { ...token } mfa { ...ticket } }
    }
    fragment token on Session { ... @include(if: $a) { accessToken } user { id @include(if: $a) } }
    fragment ticket on MfaChallenge { ticket @include(if: $a) }";
    let answers = |a: bool| {
        let variables = json!({ "a": a, "email": jane.email, "password": jane.password });
        let (public, jane) = (app.public(), &jane);
        async move {
            let read = "query ($a: Boolean!) {
              __schema { queryType { name @include(if: $a) } types { ... @include(if: $a) { name } } }
              __type(name: \"nothing\") { name @include(if: $a) }
              users { ...nothing roles { role @include(if: $a) } metadata }
              authConfig { defaultRole @include(if: $a) }
            }
            fragment nothing on users { id @include(if: $a) }";
            let signed_in = public.graphql_with(sign_in, variables).await;
            let read = jane.graphql_with(read, json!({ "a": a })).await;
            (signed_in.data().clone(), read.data().clone())
        }
    };
    let _ = answers(true).await;
    let (signed_in, read) = answers(false).await;
    assert_eq!(
        signed_in,
        json!({ "one": {}, "two": { "session": { "user": {} }, "mfa": null } })
    );
    assert_eq!(read["__schema"]["queryType"], json!({}));
    let types = read["__schema"]["types"].as_array().unwrap();
    assert!(!types.is_empty() && types.iter().all(|found| found == &json!({})));
    assert_eq!(read["__type"], Value::Null);
    assert_eq!(read["users"], json!([{ "roles": [{}, {}], "metadata": {} }]));
    assert_eq!(read["authConfig"], json!({}));
}

async fn an_error_names_what_was_asked_for(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let query = "mutation ($x: Boolean!) {
      signInEmailPassword(email: \"nobody@example.org\", password: \"wrong wrong wrong\") {
        session @skip(if: $x) { accessToken }
      }
    }";
    for x in [false, true] {
        let answer = app.public().graphql_with(query, json!({ "x": x })).await;
        let error = &answer.body["errors"][0];
        assert_eq!(error["extensions"]["code"], "invalid-email-password");
        assert_eq!(error["extensions"]["path"], "$.selectionSet.signInEmailPassword");
        assert_eq!(error["path"], json!(["signInEmailPassword"]));
    }
}

async fn what_fails_is_null(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let admin = app.admin();
    let other = json!({ "__typename": "AuthConfig" });
    let query = "query ($n: Int) { me { id } authConfig { __typename } users(limit: $n) { email } }";
    let data = |n: i32| {
        let answer = admin.graphql_with(query, json!({ "n": n }));
        async move { answer.await.body["data"].clone() }
    };
    // Nobody is signed in, so that `me` fails; `users` is never null.
    assert_eq!(
        data(1).await,
        json!({ "me": null, "authConfig": other, "users": [{ "email": jane.email }] })
    );
    assert_eq!(data(-1).await, Value::Null);
    // What is done is told.
    let mutation = "mutation ($email: citext!, $password: String!) {
      one: signInEmailPassword(email: $email, password: \"wrong wrong wrong\") { session { user { email } } }
      two: signInEmailPassword(email: $email, password: $password) { session { user { email } } }
      three: createUser(email: $email) { id }
    }";
    let variables = json!({ "email": jane.email, "password": jane.password });
    let answer = admin.graphql_with(mutation, variables).await;
    assert_eq!(
        answer.body["data"],
        json!({ "two": { "session": { "user": { "email": jane.email } } }, "three": null })
    );
    assert_eq!(answer.body["errors"].as_array().unwrap().len(), 2);
}
