//! Adding, renaming, listing and removing passkeys, and elevation by one.

use std::sync::Arc;

use futures_util::future::join_all;
use portico_auth::Clock;
use serde_json::{Value, json};

use super::{
    ORIGIN, SETTINGS, add, app, app_with, elevate, options, present_elevation, present_new, sign_in,
    sign_in_options, user,
};
use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::authenticator::Authenticator;
use crate::support::caller::Caller;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    a_second_passkey_is_added_in_an_elevated_session,
    a_passkey_is_renamed_by_its_user_alone,
    a_removed_passkey_signs_nobody_in_and_ends_the_other_sessions,
    the_last_way_in_stays,
    a_passkey_elevates_the_session_that_asked,
    the_owner_is_told,
    a_change_of_passkeys_is_one_of_factors,
    an_administrator_takes_passkeys_away_unless_one_is_the_last_way_in,
    a_passkey_that_nobody_can_prove_is_not_asked_for,
    a_user_has_so_many_and_no_more,
    a_key_that_nobody_can_use_counts_where_one_is_asked_for,
    each_alias_of_a_change_counts,
);

async fn remove(caller: &Caller, id: &str) -> Answer {
    let query = "mutation ($id: uuid!) { removeSecurityKey(id: $id) }";
    caller.graphql_with(query, json!({ "id": id })).await
}

async fn rename(caller: &Caller, id: &str, nickname: Option<&str>) -> Answer {
    let query =
        "mutation ($id: uuid!, $nickname: String) { renameSecurityKey(id: $id, nickname: $nickname) }";
    let variables = json!({ "id": id, "nickname": nickname });
    caller.graphql_with(query, variables).await
}

/// Another session of whoever has this passkey.
async fn signed_in(app: &TestApp, authenticator: &mut Authenticator) -> Caller {
    let asked = sign_in_options(&app.public(), None).await;
    let answer = sign_in(&app.public(), &authenticator.get(&asked)).await;
    let token = answer.string("/verifySignInWebauthn/session/accessToken");
    app.public().bearer(&token)
}

async fn keys(caller: &Caller) -> Value {
    let query = "{ authUserSecurityKeys(order_by: { createdAt: asc }) { id nickname } }";
    caller.graphql(query).await.data()["authUserSecurityKeys"].clone()
}

async fn a_second_passkey_is_added_in_an_elevated_session(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = user(&app, "jane").await;
    let (mut phone, mut laptop) = (Authenticator::new(ORIGIN), Authenticator::new(ORIGIN));
    add(&jane, &mut phone).await;
    let answer = jane.graphql("mutation { addSecurityKey }").await;
    assert_eq!(answer.error_code(), "elevated-claim-required");
    let proved = elevate(&app, &jane, &mut phone).await;
    let asked = options(&proved, "addSecurityKey").await;
    let known: Vec<&Value> = asked["excludeCredentials"].as_array().unwrap().iter().collect();
    assert_eq!(known.len(), 1);
    let made = laptop.create(&asked);
    // What was asked in an elevated session is answered in one.
    let answer = present_new(&jane, &made, None).await;
    assert_eq!(answer.error_code(), "elevated-claim-required");
    present_new(&proved, &made, Some("laptop")).await.data();
    for device in [&mut phone, &mut laptop] {
        let asked = sign_in_options(&app.public(), Some(&jane.email)).await;
        assert_eq!(asked["allowCredentials"].as_array().unwrap().len(), 2);
        sign_in(&app.public(), &device.get(&asked)).await.data();
    }
}

async fn a_passkey_is_renamed_by_its_user_alone(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let (jane, john) = (user(&app, "jane").await, user(&app, "john").await);
    let id = add(&jane, &mut Authenticator::new(ORIGIN)).await;
    rename(&jane, &id, Some("phone")).await.data();
    assert_eq!(keys(&jane).await, json!([{ "id": id, "nickname": "phone" }]));
    assert_eq!(keys(&john).await, json!([]));
    let stranger = rename(&john, &id, Some("mine")).await;
    assert_eq!(stranger.error_code(), "security-key-not-found");
    let nobody = rename(&app.admin(), &id, Some("mine")).await;
    assert_eq!(nobody.error_code(), "unauthenticated");
    let long = "x".repeat(65);
    for name in ["", " ", "a\u{7}b", &long] {
        assert_eq!(
            rename(&jane, &id, Some(name)).await.error_code(),
            "invalid-request"
        );
    }
    rename(&jane, &id, None).await.data();
    assert_eq!(keys(&jane).await, json!([{ "id": id, "nickname": null }]));
}

async fn a_removed_passkey_signs_nobody_in_and_ends_the_other_sessions(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let (jane, john) = (user(&app, "jane").await, user(&app, "john").await);
    let mut phone = Authenticator::new(ORIGIN);
    let id = add(&jane, &mut phone).await;
    let elsewhere = signed_in(&app, &mut phone).await;
    assert_eq!(remove(&jane, &id).await.error_code(), "elevated-claim-required");
    let proved = elevate(&app, &jane, &mut phone).await;
    let mut other = Authenticator::new(ORIGIN);
    let theirs = add(&john, &mut other).await;
    assert_eq!(
        remove(&proved, &theirs).await.error_code(),
        "security-key-not-found"
    );
    let asked = sign_in_options(&app.public(), None).await;
    elsewhere.graphql("{ me { id } }").await.data();
    remove(&proved, &id).await.data();
    assert_eq!(keys(&proved).await, json!([]));
    assert_eq!(
        elsewhere.graphql("{ me { id } }").await.error_code(),
        "invalid-jwt"
    );
    let answer = sign_in(&app.public(), &phone.get(&asked)).await;
    assert_eq!(answer.error_code(), "invalid-passkey");
    let asked = sign_in_options(&app.public(), None).await;
    sign_in(&app.public(), &other.get(&asked)).await.data();
}

async fn the_last_way_in_stays(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = user(&app, "jane").await;
    let mut phone = Authenticator::new(ORIGIN);
    let id = add(&jane, &mut phone).await;
    let query = "mutation ($id: uuid!) { updateUser(pk_columns: { id: $id }, _set: { email: null }) { id } }";
    app.admin()
        .graphql_with(query, json!({ "id": jane.id }))
        .await
        .data();
    let proved = elevate(&app, &signed_in(&app, &mut phone).await, &mut phone).await;
    assert_eq!(remove(&proved, &id).await.error_code(), "last-way-in");
    let made = Authenticator::new(ORIGIN).create(&options(&proved, "addSecurityKey").await);
    present_new(&proved, &made, None).await.data();
    remove(&proved, &id).await.data();
}

async fn a_passkey_elevates_the_session_that_asked(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let (jane, john) = (user(&app, "jane").await, user(&app, "john").await);
    let none = jane.graphql("mutation { elevateWebauthn }").await;
    assert_eq!(none.error_code(), "security-key-not-found");
    let (mut phone, mut other) = (Authenticator::new(ORIGIN), Authenticator::new(ORIGIN));
    add(&jane, &mut phone).await;
    add(&john, &mut other).await;
    let again = signed_in(&app, &mut phone).await;
    // Another session of the same user, and another user with a passkey and a challenge of their own.
    let asked = options(&jane, "elevateWebauthn").await;
    let answer = present_elevation(&again, &phone.get(&asked)).await;
    assert_eq!(answer.error_code(), "invalid-passkey");
    let asked = options(&john, "elevateWebauthn").await;
    let answer = present_elevation(&jane, &other.get(&asked)).await;
    assert_eq!(answer.error_code(), "invalid-passkey");
    let asked = options(&jane, "elevateWebauthn").await;
    let answer = present_elevation(&jane, &other.get(&asked)).await;
    assert_eq!(answer.error_code(), "invalid-passkey");
    let asked = options(&jane, "elevateWebauthn").await;
    let answer = present_elevation(&jane, &phone.get(&asked)).await;
    let session = answer.value("/verifyElevateWebauthn");
    assert_eq!(session["refreshToken"], json!(null));
    assert_eq!(session["refreshTokenId"], json!(jane.session.id));
}

async fn the_owner_is_told(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = user(&app, "jane").await;
    let mut phone = Authenticator::new(ORIGIN);
    let id = add(&jane, &mut phone).await;
    let proved = elevate(&app, &jane, &mut phone).await;
    remove(&proved, &id).await.data();
    let outbox = app.public().get("/dev/outbox.json").await;
    let mails = outbox.body.as_array().unwrap();
    let mut subjects: Vec<&str> = mails.iter().filter_map(|mail| mail["subject"].as_str()).collect();
    subjects.sort_unstable();
    assert_eq!(subjects, ["Your passkeys or second factors were changed"; 2]);
    let events = "{ auditEvents(where: { outcome: { _eq: \"success\" }, action: { _like: \"%e%Key\" } }, order_by: { createdAt: asc }) { action userId } }";
    let events = app.admin().graphql(events).await;
    assert_eq!(
        events.data()["auditEvents"],
        json!([{ "action": "verifyAddSecurityKey", "userId": jane.id }, { "action": "removeSecurityKey", "userId": jane.id }])
    );
}

async fn a_change_of_passkeys_is_one_of_factors(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let plain = app.user("jane").await;
    // Whoever found an open session does not get a way in that outlives it.
    let answer = plain.graphql("mutation { addSecurityKey }").await;
    assert_eq!(answer.error_code(), "elevated-claim-required");
    let (jane, elsewhere) = (plain.elevated().await, plain.sign_in_again().await);
    let mut phone = Authenticator::new(ORIGIN);
    let made = phone.create(&options(&jane, "addSecurityKey").await);
    let answer = present_new(&elsewhere, &made, None).await;
    assert_eq!(answer.error_code(), "elevated-claim-required");
    let id = present_new(&jane, &made, None)
        .await
        .string("/verifyAddSecurityKey");
    let me = "{ me { id } }";
    jane.graphql(me).await.data();
    assert_eq!(elsewhere.graphql(me).await.error_code(), "invalid-jwt");
    // The session proved what was added.
    let query = "query ($id: uuid!) { authRefreshToken(id: $id) { authenticationMethods } }";
    let session = jane.graphql_with(query, json!({ "id": jane.session.id })).await;
    assert_eq!(
        session.value("/authRefreshToken/authenticationMethods"),
        &json!(["pwd", "hwk", "mfa"])
    );
    let proved = elevate(&app, &jane, &mut phone).await;
    let codes = proved.graphql("mutation { regenerateRecoveryCodes }").await;
    assert_eq!(
        codes.value("/regenerateRecoveryCodes").as_array().unwrap().len(),
        10
    );
    remove(&proved, &id).await.data();
    let left = proved
        .graphql("{ myFactors { securityKeys recoveryCodesLeft } }")
        .await;
    assert_eq!(
        left.data()["myFactors"],
        json!({ "securityKeys": 0, "recoveryCodesLeft": 0 })
    );
}

async fn an_administrator_takes_passkeys_away_unless_one_is_the_last_way_in(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let (jane, john) = (user(&app, "jane").await, user(&app, "john").await);
    let (mut phone, mut other) = (Authenticator::new(ORIGIN), Authenticator::new(ORIGIN));
    add(&jane, &mut phone).await;
    add(&john, &mut other).await;
    let admin = app.admin();
    let reset = async |id| {
        let query = "mutation ($id: uuid!) { resetFactors(id: $id) }";
        admin.graphql_with(query, json!({ "id": id })).await
    };
    let set = async |id, column: &str, value: Value| {
        let query = "mutation ($id: uuid!, $set: users_set_input!) { updateUser(pk_columns: { id: $id }, _set: $set) { id } }";
        let variables = json!({ "id": id, "set": { column: value } });
        admin.graphql_with(query, variables).await.data();
    };
    // A password is left.
    reset(jane.id).await.data();
    assert_eq!(keys(&admin).await.as_array().unwrap().len(), 1);
    app.public().sign_in(&jane.email, &jane.password).await.data();
    // Nothing is left: an account that nobody can enter is not what anybody wants.
    set(john.id, "email", Value::Null).await;
    assert_eq!(reset(john.id).await.error_code(), "last-way-in");
    signed_in(&app, &mut other)
        .await
        .graphql("{ me { id } }")
        .await
        .data();
    set(john.id, "email", json!("john@example.com")).await;
    reset(john.id).await.data();
    assert_eq!(keys(&admin).await, json!([]));
}

async fn a_passkey_that_nobody_can_prove_is_not_asked_for(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let asked = "mutation { signUpWebauthn(email: \"jane@example.org\") }";
    let asked = app.public().graphql(asked).await;
    let made = Authenticator::new(ORIGIN).create(&asked.data()["signUpWebauthn"]);
    let query = "mutation ($credential: jsonb!) { verifySignUpWebauthn(credential: $credential) { session { accessToken } } }";
    let answer = app
        .public()
        .graphql_with(query, json!({ "credential": made }))
        .await;
    let token = answer.string("/verifySignUpWebauthn/session/accessToken");
    let numbered = [
        SETTINGS.as_slice(),
        &[("PORTICO_CLIENT_URL", "https://192.0.2.7")],
    ];
    let numbered = TestApp::node(&database, Arc::clone(&app.clock), &numbered.concat()).await;
    let expires_at = app.clock.now() + chrono::TimeDelta::days(1);
    let create = format!(
        "mutation {{ createPat(expiresAt: \"{}\") {{ id }} }}",
        expires_at.to_rfc3339()
    );
    let answer = app.public().bearer(&token).graphql(&create).await;
    assert_eq!(answer.error_code(), "elevated-claim-required");
    let there = numbered.public().bearer(&token);
    there.graphql(&create).await.data();
    assert_eq!(
        there.graphql("mutation { elevateWebauthn }").await.error_code(),
        "disabled-endpoint"
    );
}

async fn a_user_has_so_many_and_no_more(database: Arc<TestDatabase>) {
    let app = app_with(&database, &[("PORTICO_LIMIT_PASSKEYS", "3")]).await;
    let jane = user(&app, "jane").await;
    let mut phone = Authenticator::new(ORIGIN);
    let id = add(&jane, &mut phone).await;
    let proved = elevate(&app, &jane, &mut phone).await;
    let mut asked = Vec::new();
    for _ in 0..10 {
        asked.push(options(&proved, "addSecurityKey").await);
    }
    let credentials: Vec<Value> = asked
        .iter()
        .map(|options| Authenticator::new(ORIGIN).create(options))
        .collect();
    let answers = join_all(credentials.iter().map(|made| present_new(&proved, made, None))).await;
    let refused = answers
        .iter()
        .filter(|answer| answer.body.get("errors").is_some());
    let refused: Vec<_> = refused.map(Answer::error_code).collect();
    assert_eq!(refused, ["too-many-security-keys"; 8]);
    let more = proved.graphql("mutation { addSecurityKey }").await;
    assert_eq!(more.error_code(), "too-many-security-keys");
    // An administrator is not refused; the browser is asked for all, those used last first.
    app.clock.advance(60);
    let query = "mutation ($key: authUserSecurityKeys_insert_input!) { insertAuthUserSecurityKey(object: $key) { id } }";
    for number in 0..2 {
        app.clock.advance(1);
        let key = json!({ "userId": jane.id, "credentialId": format!("old{number}"), "credentialPublicKey": "\\x00", "createdAt": app.clock.now() });
        app.admin()
            .graphql_with(query, json!({ "key": key }))
            .await
            .data();
    }
    app.clock.advance(1);
    let signed_in = signed_in(&app, &mut phone).await;
    let asked = sign_in_options(&app.public(), Some(&jane.email)).await;
    let allowed: Vec<&str> = asked["allowCredentials"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|credential| credential["id"].as_str())
        .collect();
    let query = "query ($id: uuid!) { authUserSecurityKey(id: $id) { credentialId } }";
    let of_phone = signed_in.graphql_with(query, json!({ "id": id })).await;
    let of_phone = of_phone.string("/authUserSecurityKey/credentialId");
    assert_eq!(
        (&allowed[..3], allowed.len()),
        (&[of_phone.as_str(), "old1", "old0"][..], 5)
    );
    sign_in(&app.public(), &phone.get(&asked)).await.data();
}

async fn a_key_that_nobody_can_use_counts_where_one_is_asked_for(database: Arc<TestDatabase>) {
    let app = app_with(&database, &[("PORTICO_LIMIT_PASSKEYS", "1")]).await;
    let jane = user(&app, "jane").await;
    let query = "mutation ($user: uuid!) { insertAuthUserSecurityKey(object: { userId: $user, credentialId: \"old\" }) { id } }";
    let variables = json!({ "user": jane.id });
    app.admin().graphql_with(query, variables).await.data();
    let answer = jane.sign_in_again().await.elevated().await;
    let answer = answer.graphql("mutation { addSecurityKey }").await;
    assert_eq!(answer.error_code(), "too-many-security-keys");
}

async fn each_alias_of_a_change_counts(database: Arc<TestDatabase>) {
    let app = app_with(&database, &[("PORTICO_LIMIT_SIGN_INS", "10")]).await;
    let jane = user(&app, "jane").await;
    let mut phone = Authenticator::new(ORIGIN);
    let id = add(&jane, &mut phone).await;
    let proved = elevate(&app, &jane, &mut phone).await;
    let credential = Authenticator::new(ORIGIN).create(&options(&proved, "addSecurityKey").await);
    let (of_id, of_credential) = (json!({ "id": id }), json!({ "credential": credential }));
    for (declared, operation, variables) in [
        ("", "addSecurityKey", json!({})),
        (
            "($credential: jsonb!)",
            "verifyAddSecurityKey(credential: $credential)",
            of_credential,
        ),
        (
            "($id: uuid!)",
            "renameSecurityKey(id: $id, nickname: \"mine\")",
            of_id.clone(),
        ),
        ("($id: uuid!)", "removeSecurityKey(id: $id)", of_id),
    ] {
        app.clock.advance(60);
        for batch in 0..2 {
            let aliases: String = (0..10).map(|number| format!("a{number}: {operation} ")).collect();
            let query = format!("mutation {declared} {{ {aliases} }}");
            let answer = proved.graphql_with(&query, variables.clone()).await;
            let late = answer.text.contains("too-many-requests");
            assert_eq!(late, batch == 1, "{operation}: {}", answer.text);
        }
    }
}
