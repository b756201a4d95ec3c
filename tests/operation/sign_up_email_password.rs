//! `signUpEmailPassword`

use std::sync::Arc;

use serde_json::{Value, json};

use super::token;
use crate::support::app::TestApp;
use crate::support::caller::Session;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    a_new_user_gets_a_session_and_reads_themselves,
    the_access_token_carries_the_claims_of_hasura,
    a_taken_email_is_told_without_regard_to_case,
    where_verification_is_required_a_new_and_a_taken_email_look_alike,
    where_verification_is_required_the_owner_of_an_email_is_told,
    passwords_have_from_8_to_256_characters,
    emails_are_checked,
    options_become_the_profile,
    roles_are_among_the_configured_ones,
    a_role_that_was_removed_is_none,
    a_sign_up_is_recorded,
    a_password_that_anybody_would_guess_is_refused,
);

const WITH_OPTIONS: &str = "mutation ($email: citext!, $options: SignUpOptions) {
  signUpEmailPassword(email: $email, password: \"a long enough password\", options: $options) {
    session { accessToken user { displayName locale metadata gender username defaultRole roles(order_by: { role: asc }) { role } } }
  }
}";

async fn a_new_user_gets_a_session_and_reads_themselves(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let answer = app
        .public()
        .sign_up("jane@example.org", "correct horse battery")
        .await;
    let session = Session::read(&answer, "/signUpEmailPassword/session");
    assert_eq!(
        answer.value("/signUpEmailPassword/session/accessTokenExpiresIn"),
        &json!(900)
    );
    assert_eq!(
        answer.string("/signUpEmailPassword/session/user/email"),
        "jane@example.org"
    );

    let jane = app.public().bearer(&session.access_token);
    let answer = jane
        .graphql("{ users { email emailVerified defaultRole roles(order_by: { role: asc }) { role } } }")
        .await;
    assert_eq!(
        answer.data()["users"],
        json!([{
            "email": "jane@example.org", "emailVerified": false, "defaultRole": "user",
            "roles": [{ "role": "me" }, { "role": "user" }],
        }])
    );
    let answer = jane.graphql("{ authRefreshTokens { id type } }").await;
    assert_eq!(
        answer.data()["authRefreshTokens"],
        json!([{ "id": session.id, "type": "regular" }])
    );
}

async fn the_access_token_carries_the_claims_of_hasura(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let access_token = &jane.session.access_token;
    let claims = token::claims(access_token);
    assert_eq!(claims["sub"], json!(jane.id));
    assert_eq!(claims["sid"], json!(jane.session.id));
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        900
    );
    assert!(claims["iss"].is_string() && claims["typ"].is_string());
    let hasura = &claims["https://hasura.io/jwt/claims"];
    assert_eq!(hasura["x-hasura-user-id"], json!(jane.id));
    assert_eq!(hasura["x-hasura-default-role"], "user");
    assert_eq!(hasura["x-hasura-user-is-anonymous"], "false");
    let mut roles: Vec<&str> = hasura["x-hasura-allowed-roles"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    roles.sort_unstable();
    assert_eq!(roles, ["me", "user"]);

    let header = token::header(access_token);
    assert_eq!(header["alg"], "EdDSA");
    let keys = app.public().get("/.well-known/jwks.json").await;
    let key = keys.body["keys"]
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["kid"] == header["kid"])
        .unwrap();
    assert_eq!((&key["kty"], &key["crv"]), (&json!("OKP"), &json!("Ed25519")));
    assert!(key.get("d").is_none());
}

async fn a_taken_email_is_told_without_regard_to_case(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    app.user("jane").await;
    let answer = app
        .public()
        .sign_up("JANE@example.ORG", "another long password")
        .await;
    assert_eq!(answer.error_code(), "email-already-in-use");
    let count = app.admin().graphql("{ users { id } }").await;
    assert_eq!(count.values("id").len(), 1);
}

async fn where_verification_is_required_a_new_and_a_taken_email_look_alike(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &[("PORTICO_EMAIL_VERIFICATION", "required")]).await;
    let before = app.auth.hash_calls();
    let new = app
        .public()
        .sign_up("jane@example.org", "correct horse battery")
        .await;
    let after_new = app.auth.hash_calls();
    let taken = app
        .public()
        .sign_up("jane@example.org", "another long password")
        .await;
    let after_taken = app.auth.hash_calls();
    assert_eq!(new.data()["signUpEmailPassword"]["session"], Value::Null);
    assert_eq!(new.text, taken.text);
    assert_eq!((after_new - before, after_taken - after_new), (1, 1));
    // What was sent the second time changed nothing.
    let wrong = app
        .public()
        .sign_in("jane@example.org", "another long password")
        .await;
    assert_eq!(wrong.error_code(), "invalid-email-password");
    let right = app
        .public()
        .sign_in("jane@example.org", "correct horse battery")
        .await;
    assert_eq!(right.error_code(), "unverified-user");
}

async fn where_verification_is_required_the_owner_of_an_email_is_told(database: Arc<TestDatabase>) {
    use sea_orm::EntityTrait;
    let app = TestApp::with(&database, &[("PORTICO_EMAIL_VERIFICATION", "required")]).await;
    let connection = database.connect().await;
    app.public()
        .sign_up("jane@example.org", "correct horse battery")
        .await;
    app.public()
        .sign_up("jane@example.org", "another long password")
        .await;
    let mails = portico_entity::outbox::Entity::find()
        .all(&connection)
        .await
        .unwrap();
    assert_eq!(mails.len(), 2);
    // A body is sealed: neither the link nor the address stands in the database.
    assert!(!format!("{mails:?}").contains("/v1/verify"));
}

async fn passwords_have_from_8_to_256_characters(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let before = app.auth.hash_calls();
    for (password, code) in [
        ("abc".to_owned(), "password-too-short"),
        ("sevench".to_owned(), "password-too-short"),
        ("é".repeat(7), "password-too-short"),
        ("x".repeat(300), "password-too-long"),
        ("𝕏y".repeat(129), "password-too-long"),
    ] {
        let answer = app.public().sign_up("jane@example.org", &password).await;
        assert_eq!(answer.error_code(), code, "{password}");
    }
    assert_eq!(app.auth.hash_calls(), before);
    for (email, password) in [
        ("a@example.org", "eightchr".to_owned()),
        ("b@example.org", "日本".repeat(128)),
    ] {
        app.public().sign_up(email, &password).await.data();
        app.public().sign_in(email, &password).await.data();
    }
}

async fn emails_are_checked(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let long = format!("{}@example.org", "x".repeat(388));
    for email in [
        "",
        "jane",
        "jane@",
        "@example.org",
        "ja ne@example.org",
        "jane@exa_mple.org",
        &long,
    ] {
        let answer = app.public().sign_up(email, "correct horse battery").await;
        assert!(answer.body.get("errors").is_some(), "{email:?}: {}", answer.text);
        assert_eq!(answer.error_code(), "invalid-request", "{email:?}");
    }
    assert_eq!(
        app.admin().graphql("{ users { id } }").await.values("id").len(),
        0
    );
}

async fn options_become_the_profile(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let options = json!({
        "displayName": "Jane D.", "locale": "fr", "metadata": { "a": [1] }, "gender": "female", "username": "jane",
    });
    let variables = json!({ "email": "jane@example.org", "options": options });
    let answer = app.public().graphql_with(WITH_OPTIONS, variables).await;
    assert_eq!(
        answer.data()["signUpEmailPassword"]["session"]["user"],
        json!({
            "displayName": "Jane D.", "locale": "fr", "metadata": { "a": [1] }, "gender": "female",
            "username": "jane", "defaultRole": "user", "roles": [{ "role": "me" }, { "role": "user" }],
        })
    );
    for options in [
        json!({ "gender": "robot" }),
        json!({ "locale": "english" }),
        json!({ "metadata": [1] }),
        json!({ "displayName": "x".repeat(2000) }),
    ] {
        let variables = json!({ "email": "john@example.org", "options": options });
        let answer = app.public().graphql_with(WITH_OPTIONS, variables).await;
        assert_eq!(answer.error_code(), "invalid-request", "{options}");
    }
}

async fn roles_are_among_the_configured_ones(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    for (options, code) in [
        (json!({ "allowedRoles": ["user", "admin"] }), "role-not-allowed"),
        (
            json!({ "allowedRoles": ["anonymous"], "defaultRole": "anonymous" }),
            "role-not-allowed",
        ),
        (
            json!({ "allowedRoles": ["me"], "defaultRole": "user" }),
            "default-role-must-be-in-allowed-roles",
        ),
        (json!({ "defaultRole": "admin" }), "role-not-allowed"),
    ] {
        let variables = json!({ "email": "jane@example.org", "options": options });
        let answer = app.public().graphql_with(WITH_OPTIONS, variables).await;
        let told = answer.error_code();
        assert!(
            told == code || told == "default-role-must-be-in-allowed-roles",
            "{options}: {told}"
        );
    }
    let variables =
        json!({ "email": "jane@example.org", "options": { "allowedRoles": ["me"], "defaultRole": "me" } });
    let answer = app.public().graphql_with(WITH_OPTIONS, variables).await;
    let user = &answer.data()["signUpEmailPassword"]["session"]["user"];
    assert_eq!(
        (&user["defaultRole"], &user["roles"]),
        (&json!("me"), &json!([{ "role": "me" }]))
    );
}

async fn a_role_that_was_removed_is_none(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let remove = "mutation ($role: String!) { deleteAuthRole(role: $role) { role } }";
    for role in ["me", "user"] {
        app.admin()
            .graphql_with(remove, json!({ "role": role }))
            .await
            .data();
        let variables = json!({ "email": "jane@example.org", "options": { "allowedRoles": ["user", "me"] } });
        let answer = app.public().graphql_with(WITH_OPTIONS, variables).await;
        assert_eq!(answer.error_code(), "role-not-allowed");
    }
}

async fn a_sign_up_is_recorded(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let answer = app.admin().graphql("{ auditEvents { userId outcome ip } }").await;
    assert!(
        answer.values("userId").contains(&json!(jane.id)),
        "{}",
        answer.text
    );
    assert!(
        answer.values("ip").contains(&json!("127.0.0.1")),
        "{}",
        answer.text
    );
}

async fn a_password_that_anybody_would_guess_is_refused(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &[("PORTICO_PASSWORD_WORDS", "Acme Shop")]).await;
    for (password, code) in [
        ("Password1", "password-too-common"),
        ("jane-2024", "password-too-similar"),
        ("ACMEshop12", "password-too-similar"),
    ] {
        let answer = app.public().sign_up("jane@example.org", password).await;
        assert_eq!(answer.error_code(), code, "{password}");
    }
    app.public()
        .sign_up("jane@example.org", "jane likes the acme shop")
        .await
        .data();
}
