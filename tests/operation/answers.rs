//! Of what an operation came to is told what was selected, by the names that were asked for.

use std::sync::Arc;

use serde_json::{Value, json};

use super::second_factor::enrol;
use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    names_are_those_asked_for,
    an_object_of_which_nothing_is_selected_is_empty,
    a_user_that_cannot_be_read_leaves_the_session,
    a_variable_inside_an_argument_may_be_missing,
);

async fn names_are_those_asked_for(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = enrol(&app, "jane").await.user;
    let read = "{ config: authConfig { kind: __typename role: defaultRole defaultRole }
      factors: myFactors { is: __typename app: totp } }";
    assert_eq!(
        jane.graphql(read).await.data(),
        &json!({
            "config": { "kind": "AuthConfig", "role": "user", "defaultRole": "user" },
            "factors": { "is": "Factors", "app": true },
        })
    );
    let sign_in = "mutation ($email: citext!, $password: String!) {
      root: __typename
      one: signInEmailPassword(email: $email, password: $password) {
        kind: __typename none: session { accessToken } factor: mfa { kind: __typename ways: factors }
      }
    }";
    let variables = json!({ "email": jane.email, "password": jane.password });
    let answer = app.public().graphql_with(sign_in, variables).await;
    assert_eq!(
        answer.data(),
        &json!({
            "root": "mutation_root",
            "one": {
                "kind": "SessionPayload",
                "none": null,
                "factor": { "kind": "MfaChallenge", "ways": ["totp", "recovery-code"] },
            },
        })
    );
    let refresh = "mutation ($token: String!) { next: refreshToken(refreshToken: $token) {
      kind: __typename id: refreshTokenId again: refreshTokenId who: user { kind: __typename id }
    } }";
    let variables = json!({ "token": jane.session.refresh_token });
    let answer = app.public().graphql_with(refresh, variables).await;
    let next = answer.value("/next");
    assert_eq!(
        (&next["kind"], &next["who"]),
        (&json!("Session"), &json!({ "kind": "users", "id": jane.id }))
    );
    assert!(next["id"].is_string() && next["id"] == next["again"]);
}

async fn an_object_of_which_nothing_is_selected_is_empty(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let query = "mutation ($a: Boolean!) {
      generateTotp { kind: __typename @include(if: $a) address: uri @include(if: $a) }
    }";
    let answer = jane.graphql_with(query, json!({ "a": true })).await;
    assert_eq!(answer.value("/generateTotp/kind"), "GeneratedTotp");
    assert!(answer.string("/generateTotp/address").starts_with("otpauth:"));
    let answer = jane.graphql_with(query, json!({ "a": false })).await;
    assert_eq!(answer.data(), &json!({ "generateTotp": {} }));
}

async fn a_user_that_cannot_be_read_leaves_the_session(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let query = "mutation ($email: citext!, $password: String!, $n: Int) {
      in: signInEmailPassword(email: $email, password: $password) {
        session { accessTokenExpiresIn user { id roles(limit: $n) { role } } }
      }
    }";
    let variables = |n: i32| json!({ "email": jane.email, "password": jane.password, "n": n });
    // Known to be valid from the first time.
    app.public().graphql_with(query, variables(1)).await.data();
    let answer = app.public().graphql_with(query, variables(-1)).await;
    assert_eq!(answer.status, 200);
    let session = answer.body.pointer("/data/in/session").unwrap();
    assert_eq!(session["user"], Value::Null);
    assert!(session["accessTokenExpiresIn"].is_number());
    let errors = answer.body["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "{}", answer.text);
    assert_eq!(errors[0]["path"], json!(["in", "session", "user"]));
    assert_eq!(
        errors[0]["extensions"]["path"],
        "$.selectionSet.in.selectionSet.session.selectionSet.user.selectionSet.roles.args.limit"
    );
    assert_eq!(errors[0]["locations"], json!([{ "line": 3, "column": 40 }]));
}

async fn a_variable_inside_an_argument_may_be_missing(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let query = "mutation ($email: citext!, $name: String, $locale: String = \"de\", $roles: [String!]) {
      signUpEmailPassword(
        email: $email, password: \"correct horse battery\",
        options: { displayName: $name, locale: $locale, allowedRoles: $roles }
      ) { session { user { displayName locale } } }
    }";
    for (email, name) in [("jane@example.org", None), ("john@example.org", Some("John"))] {
        let mut variables = json!({ "email": email });
        if let Some(name) = name {
            variables["name"] = json!(name);
        }
        let answer = app.public().graphql_with(query, variables).await;
        let user = answer.value("/signUpEmailPassword/session/user");
        assert_eq!(user["locale"], "de");
        assert_eq!(user["displayName"] == "John", name.is_some(), "{user}");
    }
}
