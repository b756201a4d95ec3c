//! `signInPat`: until when, from where and how often.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::json;

use super::{EXPIRY, program, sign_in, token};
use crate::support::app::TestApp;
use crate::support::caller::Caller;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    a_token_signs_in_until_it_expires,
    a_user_who_may_not_act_has_tokens_that_wait,
    a_token_that_is_no_good_is_like_any_other,
    fifty_at_once_are_let_in_and_none_after_it_was_revoked,
    signing_in_is_counted,
    a_token_of_the_predecessor_works,
);

async fn a_token_signs_in_until_it_expires(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let variables = json!({ "name": "backup", "metadata": { "host": "a" } });
    let (token, id) = token(&jane, &app.public(), variables).await;
    assert!(token.starts_with("pat_"));
    app.clock.advance(60);
    let here = app.public().with("user-agent", "backup/1");
    let answer = sign_in(&here, &token).await;
    let session = answer.value("/signInPat/session");
    assert_eq!(session["user"]["id"], json!(jane.id));
    assert_eq!(session["refreshToken"], json!(null));
    assert_eq!(session["refreshTokenId"], json!(id));
    let me = here.bearer(session["accessToken"].as_str().unwrap());
    let rows = "{ authRefreshTokens(where: { type: { _eq: pat } }) {
      id type name metadata expiresAt lastUsedAt ip userAgent allowedRoles authenticationMethods revokedAt
    } }";
    let answer = me.graphql(rows).await;
    let row = json!({
        "id": id, "type": "pat", "name": "backup", "metadata": { "host": "a" },
        "expiresAt": "2026-04-01T00:00:00+00:00", "lastUsedAt": "2026-03-01T09:01:00+00:00",
        "ip": "127.0.0.1", "userAgent": "backup/1", "allowedRoles": null,
        "authenticationMethods": ["pat"], "revokedAt": null,
    });
    assert_eq!(answer.value("/authRefreshTokens"), &json!([row]));
    assert!(!answer.text.contains(&token), "a token is shown once");

    // On the day before, and not on the day.
    app.clock.advance(30 * 24 * 3_600);
    let me = program(&app.public(), &token).await;
    me.graphql("{ users { id } }").await.data();
    app.clock.advance(15 * 3_600 - 120);
    let me = program(&app.public(), &token).await;
    me.graphql("{ users { id } }").await.data();
    app.clock.advance(60);
    assert_eq!(me.graphql("{ users { id } }").await.error_code(), "invalid-jwt");
    let answer = sign_in(&app.public(), &token).await;
    assert_eq!(answer.error_code(), "invalid-pat");
}

async fn a_user_who_may_not_act_has_tokens_that_wait(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let (token, _) = token(&jane, &app.public(), json!({})).await;
    let me = program(&app.public(), &token).await;
    for (off, on, code) in [
        ("disableUser", "enableUser", "disabled-user"),
        ("lockUser", "unlockUser", "locked-user"),
    ] {
        let call = async |operation: &str| {
            let query = format!("mutation ($id: uuid!) {{ {operation}(id: $id) }}");
            app.admin()
                .graphql_with(&query, json!({ "id": jane.id }))
                .await
                .data();
        };
        call(off).await;
        assert_eq!(me.graphql("{ users { id } }").await.error_code(), "invalid-jwt");
        assert_eq!(sign_in(&app.public(), &token).await.error_code(), code);
        call(on).await;
        let again = program(&app.public(), &token).await;
        again.graphql("{ users { id } }").await.data();
    }
}

async fn a_token_that_is_no_good_is_like_any_other(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let (revoked, id) = token(&jane, &app.public(), json!({})).await;
    let revoke = "mutation ($id: uuid!) { revokeSession(id: $id) }";
    jane.graphql_with(revoke, json!({ "id": id })).await.data();
    let (expired, _) = token(
        &jane,
        &app.public(),
        json!({ "expiresAt": "2026-03-01T09:00:01Z" }),
    )
    .await;
    app.clock.advance(1);
    let mut answers = Vec::new();
    for bad in [
        revoked.as_str(),
        &expired,
        "",
        "pat_",
        "pat_AAAA",
        "0190d1e0-0000-7000-8000-000000000000",
        &jane.session.refresh_token,
        &jane.session.access_token,
        "' OR 1 = 1 --",
        "\u{0}",
        &"x".repeat(100_000),
    ] {
        let answer = sign_in(&app.public(), bad).await;
        assert_eq!(answer.error_code(), "invalid-pat", "{bad:.40}");
        answers.push(answer.text);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    // Nor is one a refresh token.
    let (good, _) = token(&jane, &app.public(), json!({})).await;
    let answer = app.public().refresh(&good).await;
    assert_eq!(answer.error_code(), "invalid-refresh-token");
    program(&app.public(), &good).await;
}

async fn fifty_at_once_are_let_in_and_none_after_it_was_revoked(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &[("PORTICO_LIMIT_SIGN_INS", "1000")]).await;
    let jane = app.user("jane").await;
    let (token, id) = token(&jane, &app.public(), json!({})).await;
    let public = app.public();
    let entered = join_all((0..50).map(|_| program(&public, &token))).await;
    let revoke = "mutation ($id: uuid!) { revokeSession(id: $id) }";
    let revoking = jane.graphql_with(revoke, json!({ "id": id }));
    let (late, revoked) = tokio::join!(join_all((0..50).map(|_| sign_in(&public, &token))), revoking);
    revoked.data();
    let late = late.iter().filter(|answer| answer.body.get("errors").is_none());
    let late = late.map(|answer| public.bearer(&answer.string("/signInPat/session/accessToken")));
    let mut all: Vec<Caller> = entered.into_iter().chain(late).collect();
    all.dedup_by(|one, other| one.headers == other.headers);
    for program in &all {
        assert_eq!(
            program.graphql("{ users { id } }").await.error_code(),
            "invalid-jwt"
        );
    }
}

async fn signing_in_is_counted(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &[("PORTICO_LIMIT_SIGN_INS", "5")]).await;
    let public = app.public();
    let answers = join_all((0..50).map(|_| sign_in(&public, "pat_unknown"))).await;
    let count = |code: &str| {
        answers
            .iter()
            .filter(|answer| answer.error_code() == code)
            .count()
    };
    assert_eq!((count("invalid-pat"), count("too-many-requests")), (5, 45));
    let query = "{ auditEvents(where: { action: { _eq: \"signInPat\" } }) { outcome } }";
    let events = app.admin().graphql(query).await.values("outcome");
    assert_eq!(events, vec![json!("refused"); 5]);
}

async fn a_token_of_the_predecessor_works(database: Arc<TestDatabase>) {
    use sea_orm::ActiveValue::Set;
    use sea_orm::EntityTrait;
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let token = "5b1e2f9c-6a3d-4c59-9d0e-3c9f6f7a8b1d";
    // What `sha256sum` says of the token, in the form of the table.
    let hash = "\\x7830f8529ce946b256729909e91d20e167ca45d07f8ff12177cbfd50f823848d";
    let row = portico_entity::refresh_tokens::ActiveModel {
        id: Set(uuid::Uuid::from_u128(7)),
        user_id: Set(jane.id),
        expires_at: Set(EXPIRY.parse().unwrap()),
        r#type: Set("pat".to_owned()),
        refresh_token_hash: Set(Some(hash.to_owned())),
        ..Default::default()
    };
    let connection = database.connect().await;
    portico_entity::refresh_tokens::Entity::insert(row)
        .exec_without_returning(&connection)
        .await
        .unwrap();
    program(&app.public(), token)
        .await
        .graphql("{ users { id } }")
        .await
        .data();
}
