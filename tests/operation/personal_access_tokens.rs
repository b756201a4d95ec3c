//! `createPat`, `signInPat`, and what a personal access token may not do

use std::sync::Arc;

use futures_util::future::join_all;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::caller::{Caller, User};
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    a_token_signs_in_until_it_expires,
    a_token_needs_an_elevated_session_where_there_can_be_one,
    what_is_asked_for_has_to_be_allowed,
    a_restricted_token_acts_in_its_roles_alone,
    a_token_changes_nothing_that_proves_its_user,
    what_ends_a_token_ends_what_it_was_exchanged_for,
    a_user_who_may_not_act_has_tokens_that_wait,
    a_token_that_is_no_good_is_like_any_other,
    fifty_at_once_are_let_in_and_none_after_it_was_revoked,
    fifty_made_at_once_are_fifty,
    signing_in_is_counted,
    a_token_of_the_predecessor_works,
    the_owner_is_told,
);

const EXPIRY: &str = "2026-04-01T00:00:00Z";
const CREATE: &str = "mutation ($name: String, $expiresAt: timestamptz!, $metadata: jsonb, $roles: [String!]) {
  createPat(name: $name, expiresAt: $expiresAt, metadata: $metadata, allowedRoles: $roles) { id personalAccessToken }
}";
const SIGN_IN: &str = "mutation ($token: String!) {
  signInPat(personalAccessToken: $token) {
    session { accessToken accessTokenExpiresIn refreshToken refreshTokenId user { id } } mfa { ticket }
  }
}";

async fn create(caller: &Caller, mut variables: Value) -> Answer {
    if variables.get("expiresAt").is_none() {
        variables["expiresAt"] = json!(EXPIRY);
    }
    let answer = caller.graphql_with(CREATE, variables).await;
    if let Some(token) = answer.body.pointer("/data/createPat/personalAccessToken") {
        caller.database.secrets.add(token.as_str().unwrap());
    }
    answer
}

async fn sign_in(caller: &Caller, token: &str) -> Answer {
    caller.graphql_with(SIGN_IN, json!({ "token": token })).await
}

/// The user, proved anew.
async fn elevated(user: &User, public: &Caller) -> Caller {
    let query = "mutation ($password: String!) { elevatePassword(password: $password) { accessToken } }";
    let answer = user
        .graphql_with(query, json!({ "password": user.password }))
        .await;
    public.bearer(&answer.string("/elevatePassword/accessToken"))
}

/// A token of the user.
async fn token(user: &User, public: &Caller, variables: Value) -> (String, String) {
    let answer = create(&elevated(user, public).await, variables).await;
    (
        answer.string("/createPat/personalAccessToken"),
        answer.string("/createPat/id"),
    )
}

/// A program that has the token.
async fn program(public: &Caller, token: &str) -> Caller {
    let answer = sign_in(public, token).await;
    public.bearer(&answer.string("/signInPat/session/accessToken"))
}

async fn execute(database: &TestDatabase, sql: &str) {
    database.connect().await.execute_unprepared(sql).await.unwrap();
}

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

async fn a_restricted_token_acts_in_its_roles_alone(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let (token, _) = token(&jane, &app.public(), json!({ "roles": ["me", "me"] })).await;
    let me = program(&app.public(), &token).await;
    let claims = me.graphql("{ users { id } }").await;
    assert_eq!(claims.values("id"), [json!(jane.id)]);
    me.with("x-hasura-role", "me")
        .graphql("{ users { id } }")
        .await
        .data();
    let answer = me.with("x-hasura-role", "user").graphql("{ users { id } }").await;
    assert_eq!(answer.error_code(), "access-denied");
    // Once its user has lost the role there is nothing left that it may do.
    execute(&database, "DELETE FROM user_roles WHERE role = 'me'").await;
    let answer = sign_in(&app.public(), &token).await;
    assert_eq!(answer.error_code(), "role-not-allowed");
}

async fn a_token_changes_nothing_that_proves_its_user(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let (token, id) = token(&jane, &app.public(), json!({})).await;
    let me = program(&app.public(), &token).await;
    let operations = operations_of_users(&app).await;
    for name in [
        "createPat",
        "changePassword",
        "elevatePassword",
        "revokeSession",
        "signOutOthers",
    ] {
        assert!(operations.iter().any(|call| call.starts_with(name)), "{name}");
    }
    for call in operations {
        let answer = me.graphql(&format!("mutation {{ {call} }}")).await;
        assert_eq!(answer.error_code(), "forbidden-pat", "{call}: {}", answer.text);
    }
    for call in ["signOut", "signOut(all: true)"] {
        let answer = me.graphql(&format!("mutation {{ {call} }}")).await;
        assert_eq!(answer.error_code(), "forbidden-pat", "{call}");
    }
    // Administrators, too, need a session for what proves a user.
    execute(
        &database,
        "INSERT INTO roles (role) SELECT 'admin' WHERE NOT EXISTS (SELECT 1 FROM roles WHERE role = 'admin')",
    )
    .await;
    let sql = "INSERT INTO user_roles (id, user_id, role) SELECT id, id, 'admin' FROM users";
    execute(&database, sql).await;
    let admin = program(&app.public(), &token)
        .await
        .with("x-hasura-role", "admin");
    let query = "mutation ($id: uuid!) {
      updateUser(pk_columns: { id: $id }, _set: { email: \"other@example.org\" }) { id }
    }";
    let answer = admin.graphql_with(query, json!({ "id": jane.id })).await;
    assert_eq!(answer.error_code(), "elevated-claim-required");
    let rest =
        "mutation ($id: uuid!) { updateUser(pk_columns: { id: $id }, _set: { displayName: \"J\" }) { id } }";
    admin.graphql_with(rest, json!({ "id": jane.id })).await.data();
    jane.graphql_with(
        "mutation ($id: uuid!) { revokeSession(id: $id) }",
        json!({ "id": id }),
    )
    .await
    .data();
}

/// A call of every operation that is there for users and not for everybody.
async fn operations_of_users(app: &TestApp) -> Vec<String> {
    const FIELDS: &str = "{ __schema { mutationType { fields {
      name type { kind ofType { name kind } } args { name type { kind ofType { name } } }
    } } } }";
    let fields = async |caller: &Caller| -> Vec<Value> {
        let answer = caller.graphql(FIELDS).await;
        let fields = answer.value("/__schema/mutationType/fields").as_array().unwrap();
        // What the data path offers may be null.
        let operations = fields.iter().filter(|field| field["type"]["kind"] == "NON_NULL");
        operations.cloned().collect()
    };
    let everybody: Vec<Value> = fields(&app.public()).await;
    let as_user = app.admin().with("x-hasura-role", "user");
    let known = |field: &Value| everybody.iter().any(|other| other["name"] == field["name"]);
    let of_users = fields(&as_user).await.into_iter().filter(|field| !known(field));
    of_users.map(|field| call(&field)).collect()
}

fn call(field: &Value) -> String {
    let arguments: Vec<String> = field["args"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|argument| argument["type"]["kind"] == "NON_NULL")
        .map(|argument| {
            let value = match argument["type"]["ofType"]["name"].as_str().unwrap_or_default() {
                "uuid" => json!("0190d1e0-0000-7000-8000-000000000000").to_string(),
                "timestamptz" => json!(EXPIRY).to_string(),
                "Boolean" => "true".to_owned(),
                "jsonb" => "{}".to_owned(),
                "citext" => json!("other@example.org").to_string(),
                _ => json!("a text").to_string(),
            };
            format!("{}: {value}", argument["name"].as_str().unwrap())
        })
        .collect();
    let name = field["name"].as_str().unwrap();
    let arguments = match arguments.is_empty() {
        true => String::new(),
        false => format!("({})", arguments.join(", ")),
    };
    match field["type"]["ofType"]["kind"].as_str() {
        Some("OBJECT") => format!("{name}{arguments} {{ __typename }}"),
        _ => format!("{name}{arguments}"),
    }
}

async fn what_ends_a_token_ends_what_it_was_exchanged_for(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let jane = app.user("jane").await;
    let public = app.public();
    let new = "an entirely new password";
    for (way, variables) in [
        ("mutation ($id: uuid!) { revokeSession(id: $id) }", true),
        (
            "mutation ($id: uuid!) { deleteAuthRefreshToken(id: $id) { id } }",
            true,
        ),
        (
            "mutation ($current: String, $new: String!) { changePassword(currentPassword: $current, newPassword: $new) }",
            false,
        ),
    ] {
        let (token, id) = token(&jane, &public, json!({})).await;
        let me = program(&public, &token).await;
        me.graphql("{ users { id } }").await.data();
        // It outlives sessions.
        jane.graphql("mutation { signOutOthers }").await.data();
        me.graphql("{ users { id } }").await.data();
        let variables = match variables {
            true => json!({ "id": id }),
            false => json!({ "current": jane.password, "new": new }),
        };
        jane.graphql_with(way, variables).await.data();
        assert_eq!(
            me.graphql("{ users { id } }").await.error_code(),
            "invalid-jwt",
            "{way}"
        );
        assert_eq!(
            sign_in(&public, &token).await.error_code(),
            "invalid-pat",
            "{way}"
        );
    }
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

async fn fifty_made_at_once_are_fifty(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &[("PORTICO_LIMIT_SIGN_INS", "1000")]).await;
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
