//! Signing in with a passkey, with an address and without any.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{ORIGIN, add, app, sign_in, sign_in_options, user};
use crate::support::authenticator::Authenticator;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    a_passkey_signs_in_with_an_address_and_without,
    options_are_those_of_the_standard,
    an_address_without_a_passkey_is_answered_as_if_it_had_some,
    of_fifty_who_present_one_signature_one_signs_in,
    counter_and_backup_are_kept,
    a_user_who_may_not_act_is_refused,
    a_locked_password_leaves_the_passkey,
    pages_of_other_domains_are_told_to_browsers,
);

async fn a_passkey_signs_in_with_an_address_and_without(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = user(&app, "jane").await;
    let mut phone = Authenticator::new(ORIGIN);
    add(&jane, &mut phone).await;
    for email in [Some("JANE@example.org"), None] {
        let asked = sign_in_options(&app.public(), email).await;
        let answer = sign_in(&app.public(), &phone.get(&asked)).await;
        let session = answer.value("/verifySignInWebauthn/session");
        assert_eq!(session["user"]["id"], json!(jane.id), "{email:?}");
        let token = session["accessToken"].as_str().unwrap();
        app.public().bearer(token).graphql("{ me { id } }").await.data();
    }
    // Where an address is given a credential need not know whose it is.
    let owner = phone.user.take();
    let asked = sign_in_options(&app.public(), Some(&jane.email)).await;
    sign_in(&app.public(), &phone.get(&asked)).await.data();
    let asked = sign_in_options(&app.public(), None).await;
    let answer = sign_in(&app.public(), &phone.get(&asked)).await;
    assert_eq!(answer.error_code(), "invalid-passkey");
    phone.user = owner;
    let events = "{ auditEvents(where: { action: { _eq: \"verifySignInWebauthn\" } }, order_by: { createdAt: asc }) { outcome code userId } }";
    let events = app.admin().graphql(events).await;
    let done = json!({ "outcome": "success", "code": null, "userId": jane.id });
    let refused = json!({ "outcome": "refused", "code": "invalid-passkey", "userId": jane.id });
    assert_eq!(events.data()["auditEvents"], json!([done, done, done, refused]));
}

async fn options_are_those_of_the_standard(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = user(&app, "jane").await;
    let mut phone = Authenticator::new(ORIGIN);
    let mut asked = super::options(&jane, "addSecurityKey").await;
    super::present_new(&jane, &phone.create(&asked), None)
        .await
        .data();
    let challenge = asked["challenge"].take();
    assert_eq!(challenge.as_str().unwrap().len(), 43);
    let handle = asked["user"]["id"].take();
    assert_eq!(handle.as_str().unwrap().len(), 22);
    let selection = json!({
        "residentKey": "preferred", "requireResidentKey": false, "userVerification": "required",
    });
    let algorithms = [-7, -35, -257].map(|alg| json!({ "type": "public-key", "alg": alg }));
    let expected = json!({
        "rp": { "name": "Portico", "id": "app.example.org" },
        "user": { "id": null, "name": "jane@example.org", "displayName": "jane@example.org" },
        "challenge": null, "pubKeyCredParams": algorithms, "timeout": 300_000, "excludeCredentials": [],
        "authenticatorSelection": selection, "attestation": "none", "extensions": { "credProps": true },
    });
    assert_eq!(asked, expected);

    let allowed = |asked: &Value| asked["allowCredentials"].clone();
    let asked = sign_in_options(&app.public(), Some(&jane.email)).await;
    let known = json!([{
        "type": "public-key", "id": base64(&phone.id), "transports": ["hybrid", "internal"],
    }]);
    assert_eq!(allowed(&asked), known);
    let mut asked = sign_in_options(&app.public(), None).await;
    asked["challenge"].take();
    let expected = json!({
        "challenge": null, "timeout": 300_000, "rpId": "app.example.org", "allowCredentials": [],
        "userVerification": "required",
    });
    assert_eq!(asked, expected);
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

async fn an_address_without_a_passkey_is_answered_as_if_it_had_some(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = user(&app, "jane").await;
    user(&app, "john").await;
    let mut phone = Authenticator::new(ORIGIN);
    add(&jane, &mut phone).await;
    let members = |value: &Value| {
        let mut members: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        // What some authenticators do not say.
        members.retain(|member| member != "transports");
        members
    };
    let shape = |asked: &Value| (members(asked), members(&asked["allowCredentials"][0]));
    let known = shape(&sign_in_options(&app.public(), Some(&jane.email)).await);
    let mut made_up = Vec::new();
    for email in ["john@example.org", "nobody@example.org", "NOBODY@example.org"] {
        let asked = sign_in_options(&app.public(), Some(email)).await;
        let again = sign_in_options(&app.public(), Some(email)).await;
        assert_eq!(shape(&asked), known, "{email}");
        assert_eq!(asked["allowCredentials"], again["allowCredentials"], "{email}");
        assert_ne!(asked["challenge"], again["challenge"], "{email}");
        // What answers it is refused as for a known address, also the passkey of somebody else.
        let answer = sign_in(&app.public(), &phone.get(&asked)).await;
        assert_eq!(answer.error_code(), "invalid-passkey", "{email}");
        made_up.push(asked["allowCredentials"].clone());
    }
    // Some have more than one, and not all are of one make.
    let mut shapes = BTreeSet::new();
    for number in 0..40 {
        let email = format!("nobody{number}@example.org");
        let asked = sign_in_options(&app.public(), Some(&email)).await;
        let credentials = asked["allowCredentials"].as_array().unwrap().iter();
        let credentials = credentials.map(|one| {
            let length = one["id"].as_str().unwrap().len();
            (length, one["transports"].to_string())
        });
        shapes.insert(credentials.collect::<Vec<_>>());
    }
    assert!(shapes.len() > 5, "{shapes:?}");
    assert!(shapes.iter().any(|shape| shape.len() > 1), "{shapes:?}");
    assert_ne!(made_up[0], made_up[1]);
    assert_eq!(made_up[1], made_up[2]);
    // Another node says the same.
    database.finish().await;
    let other = super::app(&database).await;
    let asked = sign_in_options(&other.public(), Some("nobody@example.org")).await;
    assert_eq!(asked["allowCredentials"], made_up[1]);
}

async fn of_fifty_who_present_one_signature_one_signs_in(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = user(&app, "jane").await;
    let mut phone = Authenticator::new(ORIGIN);
    add(&jane, &mut phone).await;
    for email in [None, Some(jane.email.as_str())] {
        let asked = sign_in_options(&app.public(), email).await;
        let (signed, nobody) = (phone.get(&asked), app.public());
        let answers = join_all((0..50).map(|_| sign_in(&nobody, &signed))).await;
        let (won, lost): (Vec<_>, Vec<_>) = answers
            .iter()
            .partition(|answer| answer.body.get("errors").is_none());
        assert_eq!(won.len(), 1);
        assert!(lost.iter().all(|answer| answer.error_code() == "invalid-passkey"));
    }
}

async fn counter_and_backup_are_kept(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = user(&app, "jane").await;
    let mut phone = Authenticator::new(ORIGIN);
    (phone.counter, phone.backup_eligible) = (7, true);
    phone.aaguid = "fbfc3007-154e-4ecc-8c0b-6e020557d7bd".parse().unwrap();
    add(&jane, &mut phone).await;
    let query = "{ authUserSecurityKeys { counter backedUp transports aaguid authenticatorName nickname lastUsedAt } }";
    let row = async || jane.graphql(query).await.data()["authUserSecurityKeys"][0].clone();
    let mut expected = json!({
        "counter": 7, "backedUp": false, "transports": "hybrid,internal",
        "aaguid": "fbfc3007-154e-4ecc-8c0b-6e020557d7bd", "authenticatorName": "Apple Passwords",
        "nickname": null, "lastUsedAt": null,
    });
    assert_eq!(row().await, expected);
    phone.backed_up = true;
    let asked = sign_in_options(&app.public(), None).await;
    sign_in(&app.public(), &phone.get(&asked)).await.data();
    let mut now = row().await;
    assert!(now["lastUsedAt"].take().is_string());
    (expected["counter"], expected["backedUp"]) = (json!(8), json!(true));
    assert_eq!(now, expected);
}

async fn a_user_who_may_not_act_is_refused(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = user(&app, "jane").await;
    let mut phone = Authenticator::new(ORIGIN);
    add(&jane, &mut phone).await;
    let id = json!({ "id": jane.id });
    for (before, code, after) in [
        ("disableUser(id: $id)", "disabled-user", "enableUser(id: $id)"),
        ("lockUser(id: $id)", "locked-user", "unlockUser(id: $id)"),
        (
            "updateUser(pk_columns: { id: $id }, _set: { activatedAt: null }) { id }",
            "inactive-user",
            "updateUser(pk_columns: { id: $id }, _set: { activatedAt: \"2026-01-01T00:00:00Z\" }) { id }",
        ),
        (
            "updateUser(pk_columns: { id: $id }, _set: { deletedAt: \"2026-01-01T00:00:00Z\" }) { id }",
            "invalid-passkey",
            "updateUser(pk_columns: { id: $id }, _set: { deletedAt: null }) { id }",
        ),
    ] {
        let asked = sign_in_options(&app.public(), None).await;
        let run = async |field: &str| {
            let query = format!("mutation ($id: uuid!) {{ {field} }}");
            app.admin().graphql_with(&query, id.clone()).await.data();
        };
        run(before).await;
        let answer = sign_in(&app.public(), &phone.get(&asked)).await;
        assert_eq!(answer.error_code(), code, "{before}");
        if code != "invalid-passkey" {
            run(after).await;
            let asked = sign_in_options(&app.public(), None).await;
            sign_in(&app.public(), &phone.get(&asked)).await.data();
        }
    }
}

async fn a_locked_password_leaves_the_passkey(database: Arc<TestDatabase>) {
    let app = super::app_with(&database, &[("PORTICO_LIMIT_FAILURES", "1")]).await;
    let jane = user(&app, "jane").await;
    let mut phone = Authenticator::new(ORIGIN);
    add(&jane, &mut phone).await;
    let admin = app.admin();
    let locked = json!({ "id": jane.id, "until": "2100-01-01T00:00:00Z" });
    let query = "mutation ($id: uuid!, $until: timestamptz!) {
      updateUser(pk_columns: { id: $id }, _set: { lockedUntil: $until }) { id } }";
    admin.graphql_with(query, locked).await.data();
    let asked = sign_in_options(&app.public(), Some(&jane.email)).await;
    sign_in(&app.public(), &phone.get(&asked)).await.data();
}

async fn pages_of_other_domains_are_told_to_browsers(database: Arc<TestDatabase>) {
    let elsewhere = "https://shop.example.com";
    let app = super::app_with(&database, &[("PORTICO_PASSKEY_ORIGINS", elsewhere)]).await;
    let listed = app.public().get("/.well-known/webauthn").await;
    assert_eq!(listed.body, json!({ "origins": [ORIGIN, elsewhere] }));
    let jane = user(&app, "jane").await;
    let mut phone = Authenticator::new(elsewhere);
    add(&jane, &mut phone).await;
    let asked = sign_in_options(&app.public(), None).await;
    assert_eq!(asked["rpId"], "app.example.org");
    sign_in(&app.public(), &phone.get(&asked)).await.data();
    // A number is no domain, and there is nothing to ask for.
    database.finish().await;
    let numbered = super::app_with(&database, &[("PORTICO_CLIENT_URL", "https://192.0.2.7")]).await;
    let answer = numbered.public().graphql("mutation { signInWebauthn }").await;
    assert_eq!(answer.error_code(), "disabled-endpoint");
}
