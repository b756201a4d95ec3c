//! `createPat`: who may, and what may be asked for.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::json;

use super::{CREATE, create, elevated, execute, program, token};
use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    a_token_needs_an_elevated_session_where_there_can_be_one,
    what_is_asked_for_has_to_be_allowed,
    fifty_made_at_once_are_fifty,
    a_user_has_so_many_and_no_more,
    the_owner_is_told,
);

async fn a_token_needs_an_elevated_session_where_there_can_be_one(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let answer = create(&jane, json!({})).await;
    assert_eq!(answer.error_code(), "elevated-claim-required");
    let anew = elevated(&jane, &app.public()).await;
    create(&anew, json!({})).await.data();
    app.clock.advance(601);
    let jane = jane.sign_in_again().await;
    assert_eq!(
        create(&jane, json!({})).await.error_code(),
        "elevated-claim-required"
    );
    // Whoever signs in by mail alone has nothing to be proved by.
    execute(&database, "UPDATE users SET password_hash = NULL").await;
    create(&jane, json!({})).await.data();
    execute(
        &database,
        "UPDATE users SET active_mfa_type = 'totp', totp_secret = 'x'",
    )
    .await;
    assert_eq!(
        create(&jane, json!({})).await.error_code(),
        "elevated-claim-required"
    );
}

async fn what_is_asked_for_has_to_be_allowed(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &[("PORTICO_PAT_LIFETIME", "7d")]).await;
    let jane = app.user("jane").await;
    let jane = elevated(&jane, &app.public()).await;
    let time = "2026-03-02T00:00:00Z";
    for (variables, code, said) in [
        (
            json!({ "expiresAt": "2026-03-01T09:00:00Z" }),
            "invalid-request",
            "expiresAt",
        ),
        (
            json!({ "expiresAt": "2026-03-08T09:00:01Z" }),
            "invalid-request",
            "expiresAt",
        ),
        (json!({ "expiresAt": "tomorrow" }), "invalid-request", "expiresAt"),
        (json!({ "expiresAt": "" }), "invalid-request", "expiresAt"),
        (json!({ "expiresAt": 7 }), "invalid-request", "expiresAt"),
        (
            json!({ "expiresAt": time, "name": "" }),
            "invalid-request",
            "name",
        ),
        (
            json!({ "expiresAt": time, "name": "x".repeat(65) }),
            "invalid-request",
            "name",
        ),
        (
            json!({ "expiresAt": time, "name": "two\nlines" }),
            "invalid-request",
            "name",
        ),
        (
            json!({ "expiresAt": time, "metadata": [] }),
            "invalid-request",
            "metadata",
        ),
        (
            json!({ "expiresAt": time, "metadata": { "a": "\0" } }),
            "invalid-request",
            "metadata",
        ),
        (
            json!({ "expiresAt": time, "roles": [] }),
            "invalid-request",
            "allowedRoles",
        ),
        (
            json!({ "expiresAt": time, "roles": ["admin"] }),
            "role-not-allowed",
            "",
        ),
        (
            json!({ "expiresAt": time, "roles": ["user", ""] }),
            "role-not-allowed",
            "",
        ),
    ] {
        let answer = create(&jane, variables.clone()).await;
        assert_eq!(answer.error_code(), code, "{variables}: {}", answer.text);
        let message = answer
            .body
            .pointer("/errors/0/message")
            .unwrap()
            .as_str()
            .unwrap();
        assert!(message.contains(said), "{variables}: {message}");
    }
    let answer = app
        .public()
        .graphql_with(CREATE, json!({ "expiresAt": time }))
        .await;
    assert_eq!(answer.error_code(), "validation-failed");
    let variables = json!({ "expiresAt": "2026-03-08T10:00:00+01:00", "name": " Ján’s <b>phone</b> " });
    create(&jane, variables).await.data();
    let answer = jane
        .graphql("{ authRefreshTokens(where: { type: { _eq: pat } }) { name } }")
        .await;
    assert_eq!(answer.values("name"), [json!("Ján’s <b>phone</b>")]);
}

/// Of fifty at once none is refused for want of a connection where the machine is busy.
const MANY: [(&str, &str); 2] = [
    ("PORTICO_LIMIT_SIGN_INS", "1000"),
    ("PORTICO_DATABASE_ACQUIRE_TIMEOUT", "25s"),
];

async fn fifty_made_at_once_are_fifty(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &MANY).await;
    let jane = app.user("jane").await;
    let jane = elevated(&jane, &app.public()).await;
    let answers = join_all((0..50).map(|_| create(&jane, json!({})))).await;
    let mut tokens: Vec<String> = answers
        .iter()
        .map(|answer| answer.string("/createPat/personalAccessToken"))
        .collect();
    tokens.sort();
    tokens.dedup();
    assert_eq!(tokens.len(), 50);
    for token in tokens.iter().take(3) {
        program(&app.public(), token).await;
    }
}

async fn the_owner_is_told(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let (token, id) = token(&jane, &app.public(), json!({})).await;
    let mails = app.public().get("/dev/outbox.json").await;
    assert!(
        mails.text.contains("A personal access token was made"),
        "{}",
        mails.text
    );
    assert!(!mails.text.contains(&token));
    program(&app.public(), &token).await;
    let query = "{ auditEvents(where: { action: { _in: [\"createPat\", \"signInPat\"] } }, order_by: { action: asc }) {
      action outcome userId actorId sessionId
    } }";
    let answer = app.admin().graphql(query).await;
    let event = |action: &str| json!({ "action": action, "outcome": "success", "userId": jane.id, "actorId": jane.id, "sessionId": id });
    assert_eq!(
        answer.value("/auditEvents"),
        &json!([event("createPat"), event("signInPat")])
    );
}

async fn a_user_has_so_many_and_no_more(database: Arc<TestDatabase>) {
    let settings = [MANY.as_slice(), &[("PORTICO_LIMIT_PATS", "3")]].concat();
    let app = TestApp::with(&database, &settings).await;
    let jane = app.user("jane").await;
    let anew = elevated(&jane, &app.public()).await;
    let answers = join_all((0..50).map(|_| create(&anew, json!({})))).await;
    let (made, refused): (Vec<_>, Vec<_>) = answers
        .iter()
        .partition(|answer| answer.body.get("errors").is_none());
    assert_eq!(made.len(), 3);
    assert!(
        refused
            .iter()
            .all(|answer| answer.error_code() == "too-many-pats")
    );
    // Another one for each that is good no more, and for every user.
    let id = made[0].string("/createPat/id");
    let revoke = "mutation ($id: uuid!) { revokeSession(id: $id) }";
    jane.graphql_with(revoke, json!({ "id": id })).await.data();
    create(&anew, json!({ "expiresAt": "2026-03-01T09:01:00Z" }))
        .await
        .data();
    assert_eq!(create(&anew, json!({})).await.error_code(), "too-many-pats");
    app.clock.advance(60);
    create(&anew, json!({})).await.data();
    let john = app.user("john").await;
    create(&elevated(&john, &app.public()).await, json!({}))
        .await
        .data();
}
