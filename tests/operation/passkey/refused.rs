//! What an attacker might try.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::second_factor::{ask, prove};
use super::{
    ORIGIN, add, app, app_with, elevate, options, present_elevation, present_new, sign_in, sign_in_options,
    user,
};
use crate::support::authenticator::Authenticator;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    a_signature_is_good_once_and_soon,
    a_new_passkey_is_good_once_for_the_session_that_asked,
    of_fifty_who_present_one_new_passkey_one_adds_it,
    of_fifty_who_present_one_signature_one_is_elevated,
    a_challenge_is_good_for_its_ceremony,
    a_passkey_that_somebody_has_is_not_registered_again,
    a_page_of_somebody_else_gets_nothing,
    a_page_within_one_of_somebody_else_gets_nothing,
    a_copy_of_a_passkey_is_noticed,
    an_authenticator_that_verifies_nobody_is_refused_where_that_is_required,
    a_passkey_that_leaves_its_device_is_refused,
    other_models_are_refused_where_some_are_listed,
);

const CODE: &str = "invalid-passkey";

async fn a_signature_is_good_once_and_soon(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = user(&app, "jane").await;
    let mut phone = Authenticator::new(ORIGIN);
    add(&jane, &mut phone).await;
    let signed = phone.get(&sign_in_options(&app.public(), None).await);
    sign_in(&app.public(), &signed).await.data();
    assert_eq!(sign_in(&app.public(), &signed).await.error_code(), CODE);
    let asked = sign_in_options(&app.public(), None).await;
    app.clock.advance(301);
    assert_eq!(
        sign_in(&app.public(), &phone.get(&asked)).await.error_code(),
        CODE
    );
    // Presented wrong, a challenge is used up too.
    let asked = sign_in_options(&app.public(), None).await;
    let mut forged = phone.get(&asked);
    forged["response"]["signature"] = Authenticator::new(ORIGIN).get(&asked)["response"]["signature"].clone();
    assert_eq!(sign_in(&app.public(), &forged).await.error_code(), CODE);
    assert_eq!(
        sign_in(&app.public(), &phone.get(&asked)).await.error_code(),
        CODE
    );
    // One that was never asked.
    let made_up = json!({ "rpId": "app.example.org", "challenge": "A".repeat(43) });
    assert_eq!(
        sign_in(&app.public(), &phone.get(&made_up)).await.error_code(),
        CODE
    );
}

async fn a_new_passkey_is_good_once_for_the_session_that_asked(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let (jane, john) = (user(&app, "jane").await, user(&app, "john").await);
    let again = jane.sign_in_again().await.elevated().await;
    for stranger in [&john, &again] {
        let made = Authenticator::new(ORIGIN).create(&options(&jane, "addSecurityKey").await);
        assert_eq!(present_new(stranger, &made, None).await.error_code(), CODE);
        assert_eq!(present_new(&jane, &made, None).await.error_code(), CODE);
    }
    let late = Authenticator::new(ORIGIN).create(&options(&jane, "addSecurityKey").await);
    app.clock.advance(301);
    assert_eq!(present_new(&jane, &late, None).await.error_code(), CODE);
    let mut owner = Authenticator::new(ORIGIN);
    let made = owner.create(&options(&john, "addSecurityKey").await);
    present_new(&john, &made, None).await.data();
    assert_eq!(
        present_new(&john, &made, None).await.error_code(),
        "elevated-claim-required"
    );
    let proved = elevate(&app, &john, &mut owner).await;
    assert_eq!(present_new(&proved, &made, None).await.error_code(), CODE);
}

async fn of_fifty_who_present_one_new_passkey_one_adds_it(database: Arc<TestDatabase>) {
    // Whom the password proves enough, so that nothing but the challenge is in the way of the others.
    let app = app_with(&database, &[("PORTICO_SECOND_FACTORS", "none")]).await;
    let jane = user(&app, "jane").await;
    let made = Authenticator::new(ORIGIN).create(&options(&jane, "addSecurityKey").await);
    let answers = join_all((0..50).map(|_| present_new(&jane, &made, None))).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers
        .iter()
        .partition(|answer| answer.body.get("errors").is_none());
    assert_eq!(won.len(), 1);
    assert!(lost.iter().all(|answer| answer.error_code() == CODE));
    let keys = jane.graphql("{ authUserSecurityKeys { id } }").await;
    assert_eq!(keys.data()["authUserSecurityKeys"].as_array().unwrap().len(), 1);
}

async fn of_fifty_who_present_one_signature_one_is_elevated(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = user(&app, "jane").await;
    let mut phone = Authenticator::new(ORIGIN);
    add(&jane, &mut phone).await;
    let signed = phone.get(&options(&jane, "elevateWebauthn").await);
    let answers = join_all((0..50).map(|_| present_elevation(&jane, &signed))).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers
        .iter()
        .partition(|answer| answer.body.get("errors").is_none());
    assert_eq!(won.len(), 1);
    assert!(lost.iter().all(|answer| answer.error_code() == CODE));
}

async fn a_challenge_is_good_for_its_ceremony(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = user(&app, "jane").await;
    let mut phone = Authenticator::new(ORIGIN);
    add(&jane, &mut phone).await;
    let asked = options(&jane, "elevateWebauthn").await;
    assert_eq!(
        sign_in(&app.public(), &phone.get(&asked)).await.error_code(),
        CODE
    );
    present_elevation(&jane, &phone.get(&asked)).await.data();
    let asked = sign_in_options(&app.public(), Some(&jane.email)).await;
    assert_eq!(
        present_elevation(&jane, &phone.get(&asked)).await.error_code(),
        CODE
    );
    // The answer to the other question, with the same challenge.
    let mut signed = phone.get(&asked);
    let mut creation = json!({ "rp": { "id": "app.example.org" }, "user": { "id": "AAAA" } });
    creation["challenge"] = asked["challenge"].clone();
    let made = phone.clone().create(&creation);
    signed["response"]["clientDataJSON"] = made["response"]["clientDataJSON"].clone();
    assert_eq!(sign_in(&app.public(), &signed).await.error_code(), CODE);
}

async fn a_passkey_that_somebody_has_is_not_registered_again(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let (jane, john) = (user(&app, "jane").await, user(&app, "john").await);
    let mut phone = Authenticator::new(ORIGIN);
    add(&jane, &mut phone).await;
    let made = phone.clone().create(&options(&john, "addSecurityKey").await);
    assert_eq!(present_new(&john, &made, None).await.error_code(), CODE);
    // With the id of Jane's passkey and a key of John's own.
    let mut other = Authenticator::new(ORIGIN);
    other.id.clone_from(&phone.id);
    let made = other.create(&options(&john, "addSecurityKey").await);
    assert_eq!(present_new(&john, &made, None).await.error_code(), CODE);
    let signed = other.get(&sign_in_options(&app.public(), Some(&john.email)).await);
    assert_eq!(sign_in(&app.public(), &signed).await.error_code(), CODE);
    let asked = sign_in_options(&app.public(), None).await;
    let answer = sign_in(&app.public(), &phone.get(&asked)).await;
    let user = answer.value("/verifySignInWebauthn/session/user/id");
    assert_eq!(user, &json!(jane.id));
}

async fn a_page_of_somebody_else_gets_nothing(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = user(&app, "jane").await;
    let mut phone = Authenticator::new(ORIGIN);
    add(&jane, &mut phone).await;
    for origin in [
        "https://app.example.org.evil.example",
        "https://evil.example",
        "https://sub.app.example.org",
        "http://app.example.org",
        "https://app.example.org:8443",
    ] {
        phone.origin = origin.to_owned();
        let asked = sign_in_options(&app.public(), None).await;
        assert_eq!(
            sign_in(&app.public(), &phone.get(&asked)).await.error_code(),
            CODE,
            "{origin}"
        );
        let john = user(&app, &format!("john{}", origin.len())).await;
        let made = Authenticator::new(origin).create(&options(&john, "addSecurityKey").await);
        assert_eq!(
            present_new(&john, &made, None).await.error_code(),
            CODE,
            "{origin}"
        );
    }
    // Signed for another domain.
    phone.origin = ORIGIN.to_owned();
    let mut asked = sign_in_options(&app.public(), None).await;
    asked["rpId"] = json!("evil.example");
    assert_eq!(
        sign_in(&app.public(), &phone.get(&asked)).await.error_code(),
        CODE
    );
}

async fn a_page_within_one_of_somebody_else_gets_nothing(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let (jane, john) = (user(&app, "jane").await, user(&app, "john").await);
    let mut phone = Authenticator::new(ORIGIN);
    add(&jane, &mut phone).await;
    let mut framed = phone.clone();
    framed.top_origin = Some("https://evil.example".to_owned());
    let mut new = Authenticator::new(ORIGIN);
    new.top_origin.clone_from(&framed.top_origin);
    let nobody = app.public();
    let signed = framed.get(&sign_in_options(&nobody, None).await);
    let answers = [
        sign_in(&nobody, &signed).await,
        present_new(&john, &new.create(&options(&john, "addSecurityKey").await), None).await,
        present_elevation(&jane, &framed.get(&options(&jane, "elevateWebauthn").await)).await,
    ];
    for answer in answers {
        assert_eq!(answer.error_code(), CODE);
    }
    let mfa = ask(&nobody, &jane).await["mfa"].take();
    let second = framed.get(&mfa["webauthnOptions"]);
    assert_eq!(prove(&nobody, &mfa["ticket"], &second).await.error_code(), CODE);
    let reason = json!({ "reason": "passkey: its origin is not one of the application" });
    let query = "{ auditEvents(where: { outcome: { _eq: \"refused\" } }) { details } }";
    let refused = app.admin().graphql(query).await.values("details");
    assert_eq!(refused, vec![reason; 4]);
}

async fn a_copy_of_a_passkey_is_noticed(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = user(&app, "jane").await;
    let mut phone = Authenticator::new(ORIGIN);
    phone.counter = 5;
    add(&jane, &mut phone).await;
    let mut copy = phone.clone();
    let asked = sign_in_options(&app.public(), None).await;
    sign_in(&app.public(), &phone.get(&asked)).await.data();
    let asked = sign_in_options(&app.public(), None).await;
    assert_eq!(sign_in(&app.public(), &copy.get(&asked)).await.error_code(), CODE);
    let query = "{ auditEvents(where: { outcome: { _eq: \"refused\" } }) { userId details } }";
    let events = app.admin().graphql(query).await;
    let expected = json!({ "userId": jane.id, "details": { "reason": "passkey: its counter did not grow" } });
    assert_eq!(events.data()["auditEvents"], json!([expected]));
}

async fn an_authenticator_that_verifies_nobody_is_refused_where_that_is_required(
    database: Arc<TestDatabase>,
) {
    let app = app(&database).await;
    let jane = user(&app, "jane").await;
    let mut phone = Authenticator::new(ORIGIN);
    phone.verifies_user = false;
    let made = phone.create(&options(&jane, "addSecurityKey").await);
    assert_eq!(present_new(&jane, &made, None).await.error_code(), CODE);
    phone.verifies_user = true;
    add(&jane, &mut phone).await;
    phone.verifies_user = false;
    let asked = sign_in_options(&app.public(), None).await;
    assert_eq!(
        sign_in(&app.public(), &phone.get(&asked)).await.error_code(),
        CODE
    );
    let asked = options(&jane, "elevateWebauthn").await;
    assert_eq!(
        present_elevation(&jane, &phone.get(&asked)).await.error_code(),
        CODE
    );

    database.finish().await;
    let app = app_with(&database, &[("PORTICO_PASSKEY_USER_VERIFICATION", "preferred")]).await;
    // One that verified its user once has to go on doing so.
    let asked = sign_in_options(&app.public(), None).await;
    assert_eq!(
        sign_in(&app.public(), &phone.get(&asked)).await.error_code(),
        CODE
    );
    let john = user(&app, "john").await;
    let mut token = Authenticator::new(ORIGIN);
    token.verifies_user = false;
    add(&john, &mut token).await;
    let asked = sign_in_options(&app.public(), None).await;
    assert_eq!(asked["userVerification"], "preferred");
    let answer = sign_in(&app.public(), &token.get(&asked)).await;
    assert_ne!(answer.value("/verifySignInWebauthn"), &Value::Null);
}

async fn a_passkey_that_leaves_its_device_is_refused(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = user(&app, "jane").await;
    let mut phone = Authenticator::new(ORIGIN);
    phone.backed_up = true;
    let made = phone.create(&options(&jane, "addSecurityKey").await);
    assert_eq!(present_new(&jane, &made, None).await.error_code(), CODE);
    phone.backed_up = false;
    add(&jane, &mut phone).await;
    for (eligible, backed_up) in [(true, false), (true, true), (false, true)] {
        (phone.backup_eligible, phone.backed_up) = (eligible, backed_up);
        let asked = sign_in_options(&app.public(), None).await;
        assert_eq!(
            sign_in(&app.public(), &phone.get(&asked)).await.error_code(),
            CODE
        );
    }
}

async fn other_models_are_refused_where_some_are_listed(database: Arc<TestDatabase>) {
    let model = "cb69481e-8ff7-4039-93ec-0a2729a154a8";
    let variables = [
        ("PORTICO_PASSKEY_MODELS", model),
        ("PORTICO_PASSKEY_ATTESTATION", "direct"),
    ];
    let app = app_with(&database, &variables).await;
    let jane = user(&app, "jane").await;
    let mut key = Authenticator::new(ORIGIN);
    let asked = options(&jane, "addSecurityKey").await;
    assert_eq!(asked["attestation"], "direct");
    assert_eq!(
        present_new(&jane, &key.create(&asked), None).await.error_code(),
        CODE
    );
    key.aaguid = model.parse().unwrap();
    add(&jane, &mut key).await;
    elevate(&app, &jane, &mut key).await;
}
