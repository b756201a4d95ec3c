//! What a user sees of the own sessions, and how long they last

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::app::TestApp;
use crate::support::caller::{Caller, Session};
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    a_session_tells_where_it_began_and_where_it_was_used_last,
    what_a_device_is_called_is_shown_as_it_is,
    a_session_that_ended_is_shown_for_a_month,
    nobody_sees_the_sessions_of_others,
    a_session_ends_when_it_was_not_used_for_long_enough,
    a_session_ends_at_last_however_much_it_is_used,
);

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

async fn rows(caller: &Caller) -> Vec<Value> {
    let query = "{ authRefreshTokens(order_by: { id: asc }) {
      id userId type name ip userAgent authenticationMethods createdAt lastUsedAt expiresAt sessionExpiresAt revokedAt
    } }";
    let answer = caller.graphql(query).await;
    answer.value("/authRefreshTokens").as_array().unwrap().clone()
}

async fn row(caller: &Caller, id: Uuid) -> Value {
    let rows = rows(caller).await;
    rows.into_iter().find(|row| row["id"] == json!(id)).unwrap()
}

async fn refresh(caller: &Caller, token: &str) -> Session {
    Session::read(&caller.refresh(token).await, "/refreshToken")
}

async fn a_session_tells_where_it_began_and_where_it_was_used_last(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &[("PORTICO_TRUSTED_PROXIES", "127.0.0.1")]).await;
    let jane = app.user("jane").await;
    let phone = app
        .public()
        .with("x-forwarded-for", "192.0.2.7")
        .with("user-agent", "Phone/1");
    let answer = phone.sign_in(&jane.email, &jane.password).await;
    let session = Session::read(&answer, "/signInEmailPassword/session");
    assert_eq!(
        row(&jane, session.id).await,
        json!({
            "id": session.id, "userId": jane.id, "type": "regular", "name": null,
            "ip": "192.0.2.7", "userAgent": "Phone/1", "authenticationMethods": ["pwd"],
            "createdAt": "2026-03-01T09:00:00+00:00", "lastUsedAt": "2026-03-01T09:00:00+00:00",
            "expiresAt": "2026-03-31T09:00:00+00:00", "sessionExpiresAt": "2026-05-30T09:00:00+00:00",
            "revokedAt": null,
        })
    );
    app.clock.advance(600);
    let elsewhere = app
        .public()
        .with("x-forwarded-for", "2001:db8::7")
        .with("user-agent", "Phone/2");
    refresh(&elsewhere, &session.refresh_token).await;
    assert_eq!(
        row(&jane, session.id).await,
        json!({
            "id": session.id, "userId": jane.id, "type": "regular", "name": null,
            "ip": "2001:db8::7", "userAgent": "Phone/2", "authenticationMethods": ["pwd"],
            "createdAt": "2026-03-01T09:00:00+00:00", "lastUsedAt": "2026-03-01T09:10:00+00:00",
            "expiresAt": "2026-03-31T09:10:00+00:00", "sessionExpiresAt": "2026-05-30T09:00:00+00:00",
            "revokedAt": null,
        })
    );
    // A client that says nothing of itself, and the session that asks: it was used when it began.
    let silent = refresh(&app.public(), &jane.session.refresh_token).await;
    let seen = row(&jane, silent.id).await;
    assert_eq!(
        (&seen["ip"], &seen["userAgent"]),
        (&json!("127.0.0.1"), &Value::Null)
    );
}

async fn what_a_device_is_called_is_shown_as_it_is(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let long = "x".repeat(2_000);
    for (agent, shown) in [
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        (
            "'); DROP TABLE refresh_tokens; --",
            "'); DROP TABLE refresh_tokens; --",
        ),
        ("tab\there", "tabhere"),
        (&long, &long[..512]),
    ] {
        let device = app.public().with("user-agent", agent);
        let answer = device.sign_in(&jane.email, &jane.password).await;
        let session = Session::read(&answer, "/signInEmailPassword/session");
        assert_eq!(row(&jane, session.id).await["userAgent"], json!(shown));
    }
}

async fn a_session_that_ended_is_shown_for_a_month(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let (over, idle) = (jane.sign_in_again().await, jane.sign_in_again().await);
    app.clock.advance(60);
    over.graphql("mutation { signOut }").await.data();
    let ended = row(&jane, over.session.id).await;
    assert_eq!(ended["revokedAt"], json!("2026-03-01T09:01:00+00:00"));
    let living = "query ($now: timestamptz!) {
      authRefreshTokens(where: { revokedAt: { _is_null: true }, expiresAt: { _gt: $now } }) { id }
    }";
    let living = async |caller: &Caller, now: &str| {
        let answer = caller.graphql_with(living, json!({ "now": now })).await;
        answer.values("id").len()
    };
    assert_eq!(living(&jane, "2026-03-01T09:01:00Z").await, 2);

    // The session at hand goes on; the others end, and are deleted a month later.
    let mut own = jane.session.clone();
    for _ in 0..2 {
        app.clock.advance(20 * DAY);
        own = refresh(&app.public(), &own.refresh_token).await;
    }
    app.auth.maintain().await.unwrap();
    let me = app.public().bearer(&own.access_token);
    assert_eq!(living(&me, "2026-04-10T09:01:00Z").await, 1);
    assert_eq!(rows(&me).await.len(), 3, "those that ended are still shown");
    app.clock.advance(20 * DAY + HOUR);
    own = refresh(&app.public(), &own.refresh_token).await;
    app.auth.maintain().await.unwrap();
    let left = rows(&app.public().bearer(&own.access_token)).await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["id"], json!(own.id));
    let answer = app.public().refresh(&idle.session.refresh_token).await;
    assert_eq!(answer.error_code(), "invalid-refresh-token");
}

async fn nobody_sees_the_sessions_of_others(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let (jane, john) = (app.user("jane").await, app.user("john").await);
    let seen = rows(&jane).await;
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0]["id"], json!(jane.session.id));
    let by_key = "query ($id: uuid!) { authRefreshToken(id: $id) { id } }";
    let answer = jane.graphql_with(by_key, json!({ "id": john.session.id })).await;
    assert_eq!(answer.data()["authRefreshToken"], Value::Null);
    let delete = "mutation ($id: uuid!) { deleteAuthRefreshToken(id: $id) { id } }";
    let answer = jane.graphql_with(delete, json!({ "id": john.session.id })).await;
    assert_eq!(answer.data()["deleteAuthRefreshToken"], Value::Null);
    john.graphql("{ users { id } }").await.data();
    assert_eq!(rows(&app.admin()).await.len(), 2);
}

async fn a_session_ends_when_it_was_not_used_for_long_enough(database: Arc<TestDatabase>) {
    let variables = [
        ("PORTICO_SESSION_IDLE_LIFETIME", "2h"),
        ("PORTICO_ACCESS_TOKEN_LIFETIME", "2h"),
    ];
    let app = TestApp::with(&database, &variables).await;
    let jane = app.user("jane").await;
    app.clock.advance(2 * HOUR - 1);
    let next = refresh(&app.public(), &jane.session.refresh_token).await;
    app.clock.advance(2 * HOUR - 1);
    let me = app.public().bearer(&next.access_token);
    me.graphql("{ users { id } }").await.data();
    app.clock.advance(1);
    assert_eq!(me.graphql("{ users { id } }").await.error_code(), "invalid-jwt");
    let answer = app.public().refresh(&next.refresh_token).await;
    assert_eq!(answer.error_code(), "invalid-refresh-token");
}

async fn a_session_ends_at_last_however_much_it_is_used(database: Arc<TestDatabase>) {
    let variables = [
        ("PORTICO_SESSION_LIFETIME", "3h"),
        ("PORTICO_SESSION_IDLE_LIFETIME", "2h"),
        ("PORTICO_ACCESS_TOKEN_LIFETIME", "2h"),
    ];
    let app = TestApp::with(&database, &variables).await;
    let jane = app.user("jane").await;
    let mut session = jane.session.clone();
    for _ in 0..3 {
        app.clock.advance(HOUR - 1);
        session = refresh(&app.public(), &session.refresh_token).await;
    }
    let me = app.public().bearer(&session.access_token);
    me.graphql("{ users { id } }").await.data();
    app.clock.advance(3);
    // The token would have been good for longer: it ends with its session.
    assert_eq!(me.graphql("{ users { id } }").await.error_code(), "invalid-jwt");
    let answer = app.public().refresh(&session.refresh_token).await;
    assert_eq!(answer.error_code(), "invalid-refresh-token");
    jane.sign_in_again().await;
}
