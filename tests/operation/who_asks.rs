//! Who asks: what the headers of a request make of its caller, as a table of cases.

use std::sync::Arc;

use serde_json::json;

use super::token;
use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::caller::Caller;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::settings::ADMIN_SECRET;

on_both_databases!(
    every_kind_of_caller,
    headers_that_are_repeated_or_no_text_are_refused,
    a_token_of_another_service_is_refused,
    a_token_ends_after_fifteen_minutes
);

const SECRET: &str = "x-hasura-admin-secret";
const ROLE: &str = "x-hasura-role";

/// What it is about, the headers sent, and what they make of the caller.
type Case<'case> = (&'case str, &'case [(&'case str, &'case str)], Is);

/// What a caller turns out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Is {
    /// Sees no data, only the operations open to everybody.
    Public,
    Admin,
    /// Sees the row of Jane and no other.
    Jane,
    /// Sees the row of John and no other.
    John,
    Refused(&'static str),
}

async fn who(caller: &Caller, jane: &str, john: &str) -> Is {
    let answer = caller.graphql("{ users { id } }").await;
    if answer.body.get("errors").is_none() {
        let ids = answer.values("id");
        return match ids.as_slice() {
            [id] if id == jane => Is::Jane,
            [id] if id == john => Is::John,
            ids if ids.len() == 2 => Is::Admin,
            _ => panic!("{}", answer.text),
        };
    }
    match answer.error_code() {
        "validation-failed" => {
            caller.graphql("{ authConfig { __typename } }").await.data();
            Is::Public
        }
        code => Is::Refused(match code {
            "access-denied" => "access-denied",
            "invalid-jwt" => "invalid-jwt",
            "invalid-headers" => "invalid-headers",
            "not-found" => "not-found",
            _ => panic!("{}", answer.text),
        }),
    }
}

async fn every_kind_of_caller(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let (jane, john) = (app.user("jane").await, app.user("john").await);
    let (jane_id, john_id) = (jane.id.to_string(), john.id.to_string());
    let access = jane.session.access_token.as_str();
    let bearer = format!("Bearer {access}");
    let spoiled = spoiled(access);
    let table: &[Case] = &[
        ("nothing", &[], Is::Public),
        ("a role without credentials", &[(ROLE, "admin")], Is::Public),
        (
            "a user id without credentials",
            &[("x-hasura-user-id", &jane_id)],
            Is::Public,
        ),
        ("the admin secret", &[(SECRET, ADMIN_SECRET)], Is::Admin),
        (
            "the admin secret by its other name",
            &[("x-hasura-access-key", ADMIN_SECRET)],
            Is::Admin,
        ),
        (
            "a wrong admin secret",
            &[(SECRET, "a wrong secret of sufficient length")],
            Is::Refused("access-denied"),
        ),
        (
            "an empty admin secret",
            &[(SECRET, "")],
            Is::Refused("access-denied"),
        ),
        (
            "the admin secret cut short",
            &[(SECRET, &ADMIN_SECRET[1..])],
            Is::Refused("access-denied"),
        ),
        (
            "a wrong admin secret beside a good token",
            &[(SECRET, "wrong"), ("authorization", &bearer)],
            Is::Refused("access-denied"),
        ),
        (
            "two secrets, one of them wrong",
            &[(SECRET, ADMIN_SECRET), ("x-hasura-access-key", "wrong")],
            Is::Refused("access-denied"),
        ),
        (
            "the admin secret as another user",
            &[
                (SECRET, ADMIN_SECRET),
                (ROLE, "user"),
                ("x-hasura-user-id", &john_id),
            ],
            Is::John,
        ),
        (
            "the admin secret as a user without an id",
            &[(SECRET, ADMIN_SECRET), (ROLE, "user")],
            Is::Refused("not-found"),
        ),
        (
            "the admin secret as the public",
            &[(SECRET, ADMIN_SECRET), (ROLE, "public")],
            Is::Public,
        ),
        (
            "the admin secret with a role unknown",
            &[(SECRET, ADMIN_SECRET), (ROLE, "bogus")],
            Is::Public,
        ),
        ("a token", &[("authorization", &bearer)], Is::Jane),
        (
            "a token, scheme in lower case",
            &[("authorization", &format!("bearer {access}"))],
            Is::Jane,
        ),
        (
            "a token with an allowed role",
            &[("authorization", &bearer), (ROLE, "me")],
            Is::Jane,
        ),
        (
            "a token with a role not allowed",
            &[("authorization", &bearer), (ROLE, "admin")],
            Is::Refused("access-denied"),
        ),
        (
            "a token with an empty role",
            &[("authorization", &bearer), (ROLE, "")],
            Is::Refused("access-denied"),
        ),
        (
            "a token with the id of another user beside it",
            &[("authorization", &bearer), ("x-hasura-user-id", &john_id)],
            Is::Jane,
        ),
        (
            "an unsigned token",
            &[("authorization", &spoiled.unsigned)],
            Is::Refused("invalid-jwt"),
        ),
        (
            "a token of algorithm none",
            &[("authorization", &spoiled.none)],
            Is::Refused("invalid-jwt"),
        ),
        (
            "a token of algorithm none in other letters",
            &[("authorization", &spoiled.odd_none)],
            Is::Refused("invalid-jwt"),
        ),
        (
            "a token of another algorithm",
            &[("authorization", &spoiled.symmetric)],
            Is::Refused("invalid-jwt"),
        ),
        (
            "a token with changed claims",
            &[("authorization", &spoiled.promoted)],
            Is::Refused("invalid-jwt"),
        ),
        (
            "a token under an unknown key",
            &[("authorization", &spoiled.unknown_key)],
            Is::Refused("invalid-jwt"),
        ),
        (
            "a garbled token",
            &[("authorization", "Bearer garbage")],
            Is::Refused("invalid-jwt"),
        ),
        (
            "a refresh token",
            &[("authorization", &format!("Bearer {}", jane.session.refresh_token))],
            Is::Refused("invalid-jwt"),
        ),
        (
            "no token after the scheme",
            &[("authorization", "Bearer ")],
            Is::Refused("invalid-headers"),
        ),
        (
            "another scheme",
            &[("authorization", "Basic amFuZTpqYW5l")],
            Is::Refused("invalid-headers"),
        ),
        (
            "a token without a scheme",
            &[("authorization", access)],
            Is::Refused("invalid-headers"),
        ),
        (
            "an empty header",
            &[("authorization", "")],
            Is::Refused("invalid-headers"),
        ),
    ];
    let mut wrong = Vec::new();
    for (name, headers, expected) in table {
        let caller = headers
            .iter()
            .fold(app.public(), |caller, (name, value)| caller.with(name, value));
        let found = who(&caller, &jane_id, &john_id).await;
        if found != *expected {
            wrong.push(format!("{name}: expected {expected:?}, found {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // The service goes on.
    jane.graphql("{ users { id } }").await.data();
}

async fn headers_that_are_repeated_or_no_text_are_refused(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let bearer = format!("Bearer {}", jane.session.access_token);
    let (secret, token) = (
        (SECRET, ADMIN_SECRET.as_bytes()),
        ("authorization", bearer.as_bytes()),
    );
    let table: &[&[(&str, &[u8])]] = &[
        &[secret, (ROLE, b"us\xe9r")],
        &[secret, (ROLE, b"user"), (ROLE, b"admin")],
        &[token, (ROLE, b"m\xe9")],
        &[token, (ROLE, b"me"), (ROLE, b"admin")],
        &[secret, (SECRET, b"another secret")],
        &[(SECRET, b"\xff\xfe")],
        &[token, ("authorization", b"Bearer garbage")],
        &[("authorization", b"Bearer \xff")],
    ];
    for headers in table {
        let request = app.public().request(reqwest::Method::POST, "/v1/graphql");
        let request = headers
            .iter()
            .fold(request, |request, (name, value)| request.header(*name, *value));
        let request = request.json(&json!({ "query": "{ __typename }" }));
        let answer = Answer::read(request.send().await.unwrap()).await;
        assert!(
            answer.body.get("errors").is_some(),
            "{headers:?}: {}",
            answer.text
        );
    }
}

struct Spoiled {
    unsigned: String,
    none: String,
    odd_none: String,
    symmetric: String,
    promoted: String,
    unknown_key: String,
}

/// What an attacker makes of a token they hold.
fn spoiled(access: &str) -> Spoiled {
    let (header, claims, signature) = (
        token::header(access),
        token::claims(access),
        token::signature(access),
    );
    let with = |name: &str, value: &str| {
        let mut header = header.clone();
        header[name] = json!(value);
        header
    };
    let mut promoted = claims.clone();
    promoted["https://hasura.io/jwt/claims"]["x-hasura-allowed-roles"] = json!(["admin", "user"]);
    promoted["https://hasura.io/jwt/claims"]["x-hasura-default-role"] = json!("admin");
    let bearer = |token: String| format!("Bearer {token}");
    Spoiled {
        unsigned: bearer(token::compose(&header, &claims, "")),
        none: bearer(token::compose(&with("alg", "none"), &claims, "")),
        odd_none: bearer(token::compose(&with("alg", "nOnE"), &claims, signature)),
        symmetric: bearer(token::compose(&with("alg", "HS256"), &claims, signature)),
        promoted: bearer(token::compose(&header, &promoted, signature)),
        unknown_key: bearer(token::compose(&with("kid", "another"), &claims, signature)),
    }
}

async fn a_token_of_another_service_is_refused(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let elsewhere = TestDatabase::new(database.kind).await.unwrap();
    let other = TestApp::new(&elsewhere).await;
    let john = other.user("john").await;
    let answer = app
        .public()
        .bearer(&john.session.access_token)
        .graphql("{ users { id } }")
        .await;
    assert_eq!(answer.error_code(), "invalid-jwt");
    elsewhere.finish().await;
}

async fn a_token_ends_after_fifteen_minutes(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    app.clock.advance(899);
    jane.graphql("{ users { id } }").await.data();
    app.clock.advance(2);
    assert_eq!(jane.graphql("{ users { id } }").await.error_code(), "invalid-jwt");
    // Sign-in stays open to whoever lost their token, once they leave it out.
    jane.sign_in_again().await;
}
