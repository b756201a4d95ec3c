//! `refreshToken`

use std::sync::Arc;

use futures_util::future::join_all;
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::token;
use crate::support::app::TestApp;
use crate::support::caller::{Session, User};
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    a_refresh_replaces_the_token_and_keeps_the_session,
    fifty_at_once_get_one_equal_successor,
    two_nodes_at_once_give_one_equal_successor,
    the_previous_token_gives_the_same_successor_within_ten_seconds,
    the_previous_token_ends_the_session_after_ten_seconds,
    an_older_token_ends_the_session_at_once,
    a_forged_token_is_merely_invalid,
    a_token_of_another_service_is_merely_invalid,
    garbage_is_merely_invalid,
    an_idle_session_expires,
    the_successor_stands_nowhere_in_the_database,
    an_expired_access_token_beside_it_is_refused,
    a_document_known_already_is_answered_as_at_first,
    a_token_of_hasura_auth_is_exchanged_once,
    a_token_of_hasura_auth_that_comes_again_ends_the_session,
    a_token_of_hasura_auth_that_comes_again_ends_the_session_however_far_it_is,
    a_token_of_hasura_auth_signs_out,
    a_session_of_hasura_auth_lives_as_long_as_others,
);

async fn rotate(app: &TestApp, token: &str) -> Session {
    Session::read(&app.public().refresh(token).await, "/refreshToken")
}

async fn assert_ended(app: &TestApp, user: &User, token: &str) {
    assert_eq!(user.graphql("{ users { id } }").await.error_code(), "invalid-jwt");
    assert_eq!(
        app.public().refresh(token).await.error_code(),
        "invalid-refresh-token"
    );
}

async fn a_refresh_replaces_the_token_and_keeps_the_session(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    assert!(jane.session.refresh_token.starts_with("prt_"));
    app.clock.advance(60);
    let next = rotate(&app, &jane.session.refresh_token).await;
    assert_ne!(next.refresh_token, jane.session.refresh_token);
    assert_ne!(next.access_token, jane.session.access_token);
    assert_eq!(next.id, jane.session.id);
    let answer = app
        .public()
        .bearer(&next.access_token)
        .graphql("{ users { id } }")
        .await;
    assert_eq!(answer.values("id"), [json!(jane.id)]);
    rotate(&app, &next.refresh_token).await;
}

async fn fifty_at_once_get_one_equal_successor(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let sessions = join_all((0..50).map(|_| rotate(&app, &jane.session.refresh_token))).await;
    let successor = &sessions[0].refresh_token;
    assert!(sessions.iter().all(|session| session.refresh_token == *successor));
    assert!(sessions.iter().all(|session| session.id == jane.session.id));
    rotate(&app, successor).await;
}

async fn two_nodes_at_once_give_one_equal_successor(database: Arc<TestDatabase>) {
    let one = TestApp::new(&database).await;
    let two = TestApp::node(&database, Arc::clone(&one.clock), &[]).await;
    let jane = one.user("jane").await;
    let token = &jane.session.refresh_token;
    let sessions =
        join_all((0..20).map(|number| rotate(if number % 2 == 0 { &one } else { &two }, token))).await;
    assert!(
        sessions
            .iter()
            .all(|session| session.refresh_token == sessions[0].refresh_token)
    );
    // What one node signed the other accepts.
    let answer = two
        .public()
        .bearer(&jane.session.access_token)
        .graphql("{ users { id } }")
        .await;
    assert_eq!(answer.values("id"), [json!(jane.id)]);
}

async fn the_previous_token_gives_the_same_successor_within_ten_seconds(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let next = rotate(&app, &jane.session.refresh_token).await;
    app.clock.advance(9);
    let again = rotate(&app, &jane.session.refresh_token).await;
    assert_eq!(next.refresh_token, again.refresh_token);
}

async fn the_previous_token_ends_the_session_after_ten_seconds(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let elsewhere = jane.sign_in_again().await;
    let next = rotate(&app, &jane.session.refresh_token).await;
    app.clock.advance(11);
    let answer = app.public().refresh(&jane.session.refresh_token).await;
    assert_eq!(answer.error_code(), "invalid-refresh-token");
    assert_ended(&app, &jane, &next.refresh_token).await;
    // Other sessions live on, and the theft is recorded.
    rotate(&app, &elsewhere.session.refresh_token).await;
    let answer = app.admin().graphql("{ auditEvents { action sessionId } }").await;
    assert!(
        answer.values("sessionId").contains(&json!(jane.session.id)),
        "{}",
        answer.text
    );
}

async fn an_older_token_ends_the_session_at_once(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let second = rotate(&app, &jane.session.refresh_token).await;
    let third = rotate(&app, &second.refresh_token).await;
    let answer = app.public().refresh(&jane.session.refresh_token).await;
    assert_eq!(answer.error_code(), "invalid-refresh-token");
    assert_ended(&app, &jane, &third.refresh_token).await;
}

async fn a_forged_token_is_merely_invalid(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let next = rotate(&app, &jane.session.refresh_token).await;
    app.clock.advance(60);
    // The session id and the generation are real, the proof is not.
    for token in [&jane.session.refresh_token, &next.refresh_token] {
        let answer = app.public().refresh(&token::forged(token)).await;
        assert_eq!(answer.error_code(), "invalid-refresh-token");
    }
    assert_eq!(
        jane.graphql("{ users { id } }").await.values("id"),
        [json!(jane.id)]
    );
    rotate(&app, &next.refresh_token).await;
}

async fn a_token_of_another_service_is_merely_invalid(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let elsewhere = TestDatabase::new(database.kind).await.unwrap();
    let other = TestApp::new(&elsewhere).await;
    let john = other.user("john").await;
    let answer = app.public().refresh(&john.session.refresh_token).await;
    assert_eq!(answer.error_code(), "invalid-refresh-token");
    elsewhere.finish().await;
}

async fn garbage_is_merely_invalid(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let long = "x".repeat(100_000);
    for garbage in [
        "",
        "prt_",
        "prt_AAAA",
        "not a token",
        "0190d1e0-0000-7000-8000-000000000000",
        "prt_ü",
        &long,
    ] {
        let answer = app.public().refresh(garbage).await;
        assert_eq!(answer.error_code(), "invalid-refresh-token", "{}", &answer.text);
    }
}

async fn an_idle_session_expires(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    app.clock.advance(400 * 24 * 3600);
    let answer = app.public().refresh(&jane.session.refresh_token).await;
    assert_eq!(answer.error_code(), "invalid-refresh-token");
}

async fn the_successor_stands_nowhere_in_the_database(database: Arc<TestDatabase>) {
    use sea_orm::EntityTrait;
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let next = rotate(&app, &jane.session.refresh_token).await;
    let connection = database.connect().await;
    let row = portico_entity::refresh_tokens::Entity::find_by_id(next.id)
        .one(&connection)
        .await
        .unwrap()
        .unwrap();
    let sealed = String::from_utf8_lossy(row.sealed_successor.as_deref().unwrap_or_default()).into_owned();
    let stored = format!(
        "{:?} {:?} {sealed}",
        row.refresh_token_hash, row.previous_token_hash
    );
    assert!(!stored.contains(&next.refresh_token) && !stored.contains(&next.refresh_token["prt_".len()..]));
}

async fn an_expired_access_token_beside_it_is_refused(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    app.clock.advance(3600);
    // A broken credential is refused, never ignored: clients refresh without it.
    assert_eq!(
        jane.refresh(&jane.session.refresh_token).await.error_code(),
        "invalid-jwt"
    );
    rotate(&app, &jane.session.refresh_token).await;
}

async fn a_document_known_already_is_answered_as_at_first(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let mut token = app.user("jane").await.session.refresh_token;
    let documents = [
        "mutation ($token: String) { refreshToken(refreshToken: $token) { refreshToken } }",
        "mutation Named($token: String!) {
          again: refreshToken(refreshToken: $token) { type: __typename ...Tokens accessTokenExpiresIn refreshToken }
        }
        fragment Tokens on Session { refreshToken id: refreshTokenId }",
        "mutation ($token: String) { refreshToken(refreshToken: $token) { refreshToken user { displayName } } }",
        "mutation ($token: String, $more: Boolean = false) {
          refreshToken(refreshToken: $token) { refreshToken accessToken @include(if: $more) }
        }",
    ];
    for document in documents {
        let mut shapes = Vec::new();
        for _ in 0..3 {
            let answer = app
                .public()
                .graphql_with(document, json!({ "token": token }))
                .await;
            let session = answer.data().as_object().unwrap().values().next().unwrap();
            token = session["refreshToken"].as_str().unwrap().to_owned();
            // Tokens differ each time, and nothing else does.
            let shape = answer.text.replace(&token, "token");
            shapes.push(shape.split("accessToken\"").next().unwrap().to_owned());
        }
        assert!(shapes.iter().all(|shape| *shape == shapes[0]), "{shapes:#?}");
        // Another node has yet to read the document.
        let fresh = TestApp::new(&database).await;
        for variables in [
            json!({ "token": "prt_garbage" }),
            json!({ "token": null }),
            json!({}),
            json!({ "token": 5 }),
            json!({ "token": ["x"] }),
            json!({ "token": "prt_garbage", "other": 1 }),
        ] {
            let first = fresh.public().graphql_with(document, variables.clone()).await;
            let again = app.public().graphql_with(document, variables.clone()).await;
            assert!(first.body.get("errors").is_some(), "{}", first.text);
            assert_eq!(
                (first.status, &first.text),
                (again.status, &again.text),
                "{variables}"
            );
        }
    }
}

/// A refresh token as Hasura Auth hands it out.
const ADOPTED: &str = "11111111-2222-4333-8444-555555555555";
/// The same as Hasura Auth keeps it.
const ADOPTED_HASH: &str = "\\xcf4c4732fd3b8f8a55b60871950a2f22c893ea7afd75d2146826534e3f67cc49";

/// Somebody with a session that Hasura Auth began.
async fn with_adopted(app: &TestApp, database: &TestDatabase) -> User {
    let jane = app.user("jane").await;
    let sql = format!(
        "INSERT INTO refresh_tokens (expires_at, user_id, refresh_token_hash) \
         SELECT '2999-01-01T00:00:00+00:00', user_id, '{ADOPTED_HASH}' FROM refresh_tokens"
    );
    let connection = database.connect().await;
    connection.execute_unprepared(&sql).await.unwrap();
    jane
}

async fn a_token_of_hasura_auth_is_exchanged_once(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = with_adopted(&app, &database).await;
    let next = rotate(&app, &ADOPTED.to_uppercase()).await;
    assert_ne!(next.id, jane.session.id);
    assert!(next.refresh_token.starts_with("prt_"));
    let caller = app.public().bearer(&next.access_token);
    assert_eq!(
        caller.graphql("{ users { id } }").await.values("id"),
        [json!(jane.id)]
    );
    // Another tab gets the same.
    app.clock.advance(9);
    assert_eq!(rotate(&app, ADOPTED).await.refresh_token, next.refresh_token);
    let unknown = "11111111-2222-4333-8444-555555555556";
    let answer = app.public().refresh(unknown).await;
    assert_eq!(answer.error_code(), "invalid-refresh-token");
    rotate(&app, &next.refresh_token).await;
}

async fn a_token_of_hasura_auth_that_comes_again_ends_the_session(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    with_adopted(&app, &database).await;
    let next = rotate(&app, ADOPTED).await;
    app.clock.advance(11);
    for token in [ADOPTED, &next.refresh_token] {
        let answer = app.public().refresh(token).await;
        assert_eq!(answer.error_code(), "invalid-refresh-token");
    }
}

async fn a_token_of_hasura_auth_that_comes_again_ends_the_session_however_far_it_is(
    database: Arc<TestDatabase>,
) {
    for (generations, seconds) in [(1, 11), (2, 0), (2, 11), (3, 11)] {
        let database = TestDatabase::new(database.kind).await.unwrap();
        let app = TestApp::new(&database).await;
        with_adopted(&app, &database).await;
        let mut current = rotate(&app, ADOPTED).await;
        for _ in 1..generations {
            current = rotate(&app, &current.refresh_token).await;
        }
        app.clock.advance(seconds);
        for token in [ADOPTED, &current.refresh_token] {
            let answer = app.public().refresh(token).await;
            assert_eq!(answer.error_code(), "invalid-refresh-token", "{generations}");
        }
        let answer = app
            .public()
            .bearer(&current.access_token)
            .graphql("{ me { id } }")
            .await;
        assert_eq!(answer.error_code(), "invalid-jwt");
        let told = "{ auditEvents(where: { action: { _eq: \"refreshToken\" } }) { sessionId } }";
        let told = app.admin().graphql(told).await.values("sessionId");
        assert_eq!(told.first(), Some(&json!(current.id)), "{generations}");
        database.finish().await;
    }
}

async fn a_token_of_hasura_auth_signs_out(database: Arc<TestDatabase>) {
    let sign_out = "mutation ($token: String) { signOut(refreshToken: $token) }";
    for generations in 0..=3 {
        let database = TestDatabase::new(database.kind).await.unwrap();
        let app = TestApp::new(&database).await;
        with_adopted(&app, &database).await;
        let mut token = ADOPTED.to_owned();
        for _ in 0..generations {
            token = rotate(&app, &token).await.refresh_token;
        }
        let variables = json!({ "token": ADOPTED });
        app.public()
            .graphql_with(sign_out, variables.clone())
            .await
            .data();
        for token in [ADOPTED, &token] {
            let answer = app.public().refresh(token).await;
            assert_eq!(answer.error_code(), "invalid-refresh-token");
        }
        // As with any other token, once it was exchanged.
        if generations > 0 {
            app.public().graphql_with(sign_out, variables).await.data();
        }
        database.finish().await;
    }
}

async fn a_session_of_hasura_auth_lives_as_long_as_others(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    with_adopted(&app, &database).await;
    let mut current = rotate(&app, ADOPTED).await;
    let id = current.id;
    let query = "query ($id: uuid!) { authRefreshToken(id: $id) { sessionExpiresAt } }";
    let ends_at = async || {
        let answer = app.admin().graphql_with(query, json!({ "id": id })).await;
        answer.string("/authRefreshToken/sessionExpiresAt")
    };
    let first = ends_at().await;
    let days = 24 * 3_600;
    for _ in 0..3 {
        app.clock.advance(29 * days);
        current = rotate(&app, &current.refresh_token).await;
    }
    assert_eq!(ends_at().await, first);
    // One that was exchanged before exchanges said so is given an end as well.
    let endless = "UPDATE refresh_tokens SET session_expires_at = NULL WHERE generation = 4";
    let connection = database.connect().await;
    connection.execute_unprepared(endless).await.unwrap();
    current = rotate(&app, &current.refresh_token).await;
    assert_ne!(ends_at().await, first);
    let back = format!("UPDATE refresh_tokens SET session_expires_at = '{first}' WHERE generation = 5");
    connection.execute_unprepared(&back).await.unwrap();
    app.clock.advance(3 * days);
    let answer = app.public().refresh(&current.refresh_token).await;
    assert_eq!(answer.error_code(), "invalid-refresh-token");
}
