//! What a session is to be like: type `app`, with lifetimes of its own and the name of a device

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::caller::{Caller, Session, User};
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    the_session_of_an_application_lasts_longer,
    a_session_has_the_name_of_its_device,
    every_way_in_takes_the_options,
);

const DAY: i64 = 24 * 3_600;
const SIGN_IN: &str = "mutation ($email: citext!, $password: String!, $session: SessionOptions) {
  signInEmailPassword(email: $email, password: $password, session: $session) {
    session { accessToken accessTokenExpiresIn refreshToken refreshTokenId }
  }
}";

async fn sign_in(caller: &Caller, user: &User, session: Value) -> Answer {
    let variables = json!({ "email": user.email, "password": user.password, "session": session });
    caller.graphql_with(SIGN_IN, variables).await
}

async fn refresh(caller: &Caller, session: &Session) -> Session {
    Session::read(&caller.refresh(&session.refresh_token).await, "/refreshToken")
}

async fn the_session_of_an_application_lasts_longer(database: Arc<TestDatabase>) {
    let variables = [
        ("PORTICO_APP_SESSION_IDLE_LIFETIME", "60d"),
        ("PORTICO_APP_SESSION_LIFETIME", "150d"),
    ];
    let app = TestApp::with(&database, &variables).await;
    let jane = app.user("jane").await;
    let answer = sign_in(
        &app.public(),
        &jane,
        json!({ "type": "app", "name": "Jane’s phone" }),
    )
    .await;
    let mut session = Session::read(&answer, "/signInEmailPassword/session");
    let query =
        "{ authRefreshTokens(where: { type: { _eq: app } }) { type name expiresAt sessionExpiresAt } }";
    assert_eq!(
        jane.graphql(query).await.value("/authRefreshTokens"),
        &json!([{
            "type": "app", "name": "Jane’s phone",
            "expiresAt": "2026-04-30T09:00:00+00:00", "sessionExpiresAt": "2026-07-29T09:00:00+00:00",
        }])
    );
    // A regular session would have ended after 30 days without use, and after 90 at last.
    for _ in 0..2 {
        app.clock.advance(59 * DAY);
        session = refresh(&app.public(), &session).await;
    }
    let me = app.public().bearer(&session.access_token);
    let shown = me.graphql(query).await;
    assert_eq!(shown.values("expiresAt"), [json!("2026-08-26T09:00:00+00:00")]);
    let answer = app.public().refresh(&jane.session.refresh_token).await;
    assert_eq!(answer.error_code(), "invalid-refresh-token");
    // Signing out elsewhere ends it like any other.
    let jane = jane.sign_in_again().await;
    jane.graphql("mutation { signOutOthers }").await.data();
    assert_eq!(me.graphql(query).await.error_code(), "invalid-jwt");

    let answer = sign_in(&app.public(), &jane, json!({ "type": "app" })).await;
    let idle = Session::read(&answer, "/signInEmailPassword/session");
    app.clock.advance(60 * DAY);
    let answer = app.public().refresh(&idle.refresh_token).await;
    assert_eq!(answer.error_code(), "invalid-refresh-token");
}

async fn a_session_has_the_name_of_its_device(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    for (given, shown) in [
        (json!({ "name": " Kitchen " }), json!("Kitchen")),
        (json!({ "type": "regular", "name": null }), Value::Null),
        (json!({}), Value::Null),
        (Value::Null, Value::Null),
    ] {
        let answer = sign_in(&app.public(), &jane, given).await;
        let session = Session::read(&answer, "/signInEmailPassword/session");
        let query = "query ($id: uuid!) { authRefreshToken(id: $id) { name type } }";
        let row = jane.graphql_with(query, json!({ "id": session.id })).await;
        assert_eq!(
            row.value("/authRefreshToken"),
            &json!({ "name": shown, "type": "regular" })
        );
    }
    for (given, code) in [
        (json!({ "name": "" }), "invalid-request"),
        (json!({ "name": "x".repeat(65) }), "invalid-request"),
        (json!({ "name": "a\u{7}b" }), "invalid-request"),
        (json!({ "type": "pat" }), "validation-failed"),
        (json!({ "type": "forever" }), "validation-failed"),
        (json!({ "lifetime": 7 }), "validation-failed"),
        (json!("app"), "invalid-request"),
        (json!({ "cookie": true }), "invalid-request"),
    ] {
        let answer = sign_in(&app.public(), &jane, given.clone()).await;
        assert_eq!(answer.error_code(), code, "{given}: {}", answer.text);
    }
}

async fn every_way_in_takes_the_options(database: Arc<TestDatabase>) {
    const FIELDS: &str = "{ __schema { mutationType { fields {
      name type { ofType { name } } args { name type { name } }
    } } } }";
    let app = TestApp::new(&database).await;
    let answer = app.public().graphql(FIELDS).await;
    let fields = answer.value("/__schema/mutationType/fields").as_array().unwrap();
    let mut ways = 0;
    for field in fields
        .iter()
        .filter(|field| field["type"]["ofType"]["name"] == "SessionPayload")
    {
        // A personal access token is a session already.
        let takes = field["args"]
            .as_array()
            .unwrap()
            .iter()
            .any(|argument| argument["type"]["name"] == "SessionOptions");
        assert_eq!(takes, field["name"] != "signInPat", "{field}");
        ways += 1;
    }
    assert!(ways > 5);
    let sign_up = "mutation {
      signUpUsernamePassword(username: \"joe\", password: \"a long walk by the sea\", session: { type: app, name: \"Joe\" }) {
        session { refreshTokenId }
      }
    }";
    let id = app.public().graphql(sign_up).await.values("refreshTokenId");
    let rows = app
        .admin()
        .graphql("{ authRefreshTokens { id type name } }")
        .await;
    let row = json!({ "id": id[0], "type": "app", "name": "Joe" });
    assert_eq!(rows.value("/authRefreshTokens"), &json!([row]));
}
