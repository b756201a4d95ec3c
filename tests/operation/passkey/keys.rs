//! Adding, renaming, listing and removing passkeys, and elevation by one.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{ORIGIN, add, app, elevate, options, present_elevation, present_new, sign_in, sign_in_options};
use crate::support::answer::Answer;
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

async fn keys(caller: &Caller) -> Value {
    let query = "{ authUserSecurityKeys(order_by: { createdAt: asc }) { id nickname } }";
    caller.graphql(query).await.data()["authUserSecurityKeys"].clone()
}

async fn a_second_passkey_is_added_in_an_elevated_session(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = app.user("jane").await;
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
    let (jane, john) = (app.user("jane").await, app.user("john").await);
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
    let (jane, john) = (app.user("jane").await, app.user("john").await);
    let mut phone = Authenticator::new(ORIGIN);
    let id = add(&jane, &mut phone).await;
    let elsewhere = sign_in_options(&app.public(), None).await;
    let elsewhere = sign_in(&app.public(), &phone.get(&elsewhere)).await;
    let elsewhere = elsewhere.string("/verifySignInWebauthn/session/accessToken");
    let elsewhere = app.public().bearer(&elsewhere);
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
    let jane = app.user("jane").await;
    let mut phone = Authenticator::new(ORIGIN);
    let id = add(&jane, &mut phone).await;
    let query = "mutation ($id: uuid!) { updateUser(pk_columns: { id: $id }, _set: { email: null }) { id } }";
    app.admin()
        .graphql_with(query, json!({ "id": jane.id }))
        .await
        .data();
    let asked = sign_in_options(&app.public(), None).await;
    let session = sign_in(&app.public(), &phone.get(&asked)).await;
    let token = session.string("/verifySignInWebauthn/session/accessToken");
    let proved = elevate(&app, &app.public().bearer(&token), &mut phone).await;
    assert_eq!(remove(&proved, &id).await.error_code(), "last-way-in");
    let made = Authenticator::new(ORIGIN).create(&options(&proved, "addSecurityKey").await);
    present_new(&proved, &made, None).await.data();
    remove(&proved, &id).await.data();
}

async fn a_passkey_elevates_the_session_that_asked(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let (jane, john) = (app.user("jane").await, app.user("john").await);
    let none = jane.graphql("mutation { elevateWebauthn }").await;
    assert_eq!(none.error_code(), "security-key-not-found");
    let (mut phone, mut other) = (Authenticator::new(ORIGIN), Authenticator::new(ORIGIN));
    let again = jane.sign_in_again().await;
    add(&jane, &mut phone).await;
    add(&john, &mut other).await;
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
    let jane = app.user("jane").await;
    let mut phone = Authenticator::new(ORIGIN);
    let id = add(&jane, &mut phone).await;
    let proved = elevate(&app, &jane, &mut phone).await;
    remove(&proved, &id).await.data();
    let outbox = app.public().get("/dev/outbox.json").await;
    let mails = outbox.body.as_array().unwrap();
    let mut subjects: Vec<&str> = mails.iter().filter_map(|mail| mail["subject"].as_str()).collect();
    subjects.sort_unstable();
    assert_eq!(
        subjects,
        [
            "A passkey was added to your account",
            "A passkey was removed from your account"
        ]
    );
    let events = "{ auditEvents(where: { outcome: { _eq: \"success\" }, action: { _like: \"%e%Key\" } }, order_by: { createdAt: asc }) { action userId } }";
    let events = app.admin().graphql(events).await;
    assert_eq!(
        events.data()["auditEvents"],
        json!([{ "action": "verifyAddSecurityKey", "userId": jane.id }, { "action": "removeSecurityKey", "userId": jane.id }])
    );
}
