//! Whatever is sent in the place of a credential is refused, and the service goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Value, json};

use super::second_factor::{ask, prove};
use super::{
    ORIGIN, add, app, app_with, options, present_elevation, present_new, sign_in, sign_in_options, user,
};
use crate::support::answer::Answer;
use crate::support::authenticator::Authenticator;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    what_is_no_credential_is_refused,
    a_damaged_answer_is_refused,
    a_damaged_signature_is_refused,
    a_damaged_answer_of_a_new_user_is_refused,
    a_damaged_elevation_is_refused,
    a_damaged_second_proof_is_refused,
);

/// The parts of a signature.
const SIGNED: [&str; 3] = ["authenticatorData", "signature", "clientDataJSON"];

/// Answers of a usual run; `PROPTEST_CASES` has others.
const CASES: u32 = 96;

#[track_caller]
fn assert_refused(answer: &Answer, what: &str) {
    let code = answer.error_code();
    assert!(
        ["invalid-passkey", "invalid-request"].contains(&code),
        "{what}: {}",
        answer.text
    );
}

async fn what_is_no_credential_is_refused(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = user(&app, "jane").await;
    let mut phone = Authenticator::new(ORIGIN);
    add(&jane, &mut phone).await;
    let joe = user(&app, "joe").await;
    let good = phone.get(&sign_in_options(&app.public(), None).await);
    let without = |pointer: &str, name: &str| {
        let mut credential = good.clone();
        let members = credential.pointer_mut(pointer).unwrap();
        members.as_object_mut().unwrap().remove(name);
        credential
    };
    let with = |pointer: &str, value: Value| {
        let mut credential = good.clone();
        *credential.pointer_mut(pointer).unwrap() = value;
        credential
    };
    let client_data = |text: &str| with("/response/clientDataJSON", json!(URL_SAFE_NO_PAD.encode(text)));
    for credential in [
        json!({}),
        json!([]),
        json!("credential"),
        json!(7),
        without("", "response"),
        without("", "rawId"),
        without("", "type"),
        without("/response", "clientDataJSON"),
        without("/response", "signature"),
        with("/type", json!("password")),
        with("/rawId", json!("")),
        with("/rawId", json!("not base64!")),
        with("/rawId", json!("A".repeat(2_000))),
        with("/response/authenticatorData", json!(null)),
        with("/response/signature", json!("A".repeat(200_000))),
        with("/response/userHandle", json!({ "a": 1 })),
        client_data(""),
        client_data("{}"),
        client_data("null"),
        client_data("{\"challenge\":7}"),
        client_data("{\"challenge\":\"*\"}"),
        client_data(&"[".repeat(50_000)),
    ] {
        let said = credential.to_string();
        let said: String = said.chars().take(200).collect();
        let answer = sign_in(&app.public(), &credential).await;
        assert_eq!(answer.error_code(), "invalid-request", "{said}");
        assert_eq!(
            present_new(&joe, &credential, None).await.error_code(),
            "invalid-request",
            "{said}"
        );
    }
    sign_in(&app.public(), &good).await.data();
}

/// One change of some bytes.
#[derive(Debug, Clone)]
enum Damage {
    Change(usize, u8),
    Insert(usize, Vec<u8>),
    Remove(usize, usize),
    Cut(usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = || any::<usize>();
    // Beginnings of values in CBOR that promise more than there is.
    let promise = prop_oneof![
        Just(vec![0x9b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        Just(vec![0xbb, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        Just(vec![0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        Just(vec![0xbf]),
        Just(vec![0x9f; 300]),
        Just(vec![0xff]),
        vec(any::<u8>(), 1..9),
    ];
    prop_oneof![
        4 => (place(), any::<u8>()).prop_map(|(place, byte)| Damage::Change(place, byte)),
        2 => (place(), promise).prop_map(|(place, bytes)| Damage::Insert(place, bytes)),
        1 => (place(), 1_usize..40).prop_map(|(place, count)| Damage::Remove(place, count)),
        1 => place().prop_map(Damage::Cut),
    ]
}

impl Damage {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let length = bytes.len();
        match self {
            _ if length == 0 => {}
            Self::Change(place, byte) => bytes[place % length] ^= (*byte).max(1),
            Self::Insert(place, more) => {
                let place = place % length;
                bytes.splice(place..place, more.iter().copied());
            }
            Self::Remove(place, count) => {
                let place = place % length;
                bytes.drain(place..(place + count).min(length));
            }
            Self::Cut(place) => bytes.truncate(place % length),
        }
    }
}

/// Damages one of these parts of a response; nothing where it comes out as it was.
fn damaged(credential: &Value, part: &str, damages: &[Damage]) -> Option<Value> {
    let mut credential = credential.clone();
    let text = credential["response"][part].as_str().unwrap();
    let before = URL_SAFE_NO_PAD.decode(text).unwrap();
    let mut bytes = before.clone();
    damages.iter().for_each(|damage| damage.apply(&mut bytes));
    credential["response"][part] = json!(URL_SAFE_NO_PAD.encode(&bytes));
    (bytes != before).then_some(credential)
}

/// Runs a test of damaged parts of responses, from a seed that a failure names.
fn each_damage(parts: &'static [&'static str], test: impl AsyncFn(&str, &[Damage])) {
    each_of(CASES, parts, test);
}

fn each_of(cases: u32, parts: &'static [&'static str], test: impl AsyncFn(&str, &[Damage])) {
    let asked = std::env::var("PROPTEST_CASES").ok();
    let config = Config {
        cases: asked.map_or(cases, |cases| cases.parse().unwrap()),
        failure_persistence: None,
        max_shrink_iters: 100,
        ..Config::default()
    };
    let strategy = (proptest::sample::select(parts), vec(damage(), 1..4));
    let handle = tokio::runtime::Handle::current();
    let run = |(part, damages): (&str, Vec<Damage>)| {
        handle.block_on(test(part, &damages));
        Ok::<(), TestCaseError>(())
    };
    tokio::task::block_in_place(|| TestRunner::new(config).run(&strategy, run)).unwrap();
}

async fn a_damaged_answer_is_refused(database: Arc<TestDatabase>) {
    // Jane goes on after her passkeys are taken away.
    let app = app_with(&database, &[("PORTICO_FACTOR_CHANGE_ENDS_SESSIONS", "false")]).await;
    let jane = user(&app, "jane").await;
    // The statement "none" is not signed: what is damaged in it may still be a passkey, though another.
    each_damage(&["attestationObject", "clientDataJSON"], async |part, damages| {
        let asked = options(&jane, "addSecurityKey").await;
        let made = Authenticator::new(ORIGIN).create(&asked);
        let Some(made) = damaged(&made, part, damages) else {
            return;
        };
        let answer = present_new(&jane, &made, None).await;
        match answer.body["data"]["verifyAddSecurityKey"].as_str() {
            Some(_) => {
                let query = "mutation { deleteAuthUserSecurityKeys(where: {}) { affected_rows } }";
                app.admin().graphql(query).await.data();
            }
            None => assert_refused(&answer, part),
        }
    });
}

async fn a_damaged_signature_is_refused(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = user(&app, "jane").await;
    let mut phone = Authenticator::new(ORIGIN);
    add(&jane, &mut phone).await;
    let phone = &phone;
    each_damage(&SIGNED, async |part, damages| {
        let asked = sign_in_options(&app.public(), None).await;
        let signed = phone.clone().get(&asked);
        let Some(signed) = damaged(&signed, part, damages) else {
            return;
        };
        assert_refused(&sign_in(&app.public(), &signed).await, part);
    });
}

async fn a_damaged_answer_of_a_new_user_is_refused(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let numbers = AtomicU32::new(0);
    each_damage(&["attestationObject", "clientDataJSON"], async |part, damages| {
        let email = format!("jane{}@example.org", numbers.fetch_add(1, Ordering::Relaxed));
        let query = "mutation ($email: citext!) { signUpWebauthn(email: $email) }";
        let asked = app.public().graphql_with(query, json!({ "email": email })).await;
        let made = Authenticator::new(ORIGIN).create(&asked.data()["signUpWebauthn"]);
        let Some(made) = damaged(&made, part, damages) else {
            return;
        };
        let query = "mutation ($made: jsonb!) { verifySignUpWebauthn(credential: $made) { session { accessToken } } }";
        let answer = app.public().graphql_with(query, json!({ "made": made })).await;
        // Another passkey than the one that was made is a passkey, too.
        if answer.body.get("errors").is_some() {
            assert_refused(&answer, part);
        }
    });
}

async fn a_damaged_elevation_is_refused(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = user(&app, "jane").await;
    let mut phone = Authenticator::new(ORIGIN);
    add(&jane, &mut phone).await;
    each_damage(&SIGNED, async |part, damages| {
        let asked = options(&jane, "elevateWebauthn").await;
        let signed = phone.clone().get(&asked);
        let Some(signed) = damaged(&signed, part, damages) else {
            return;
        };
        assert_refused(&present_elevation(&jane, &signed).await, part);
    });
}

async fn a_damaged_second_proof_is_refused(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = user(&app, "jane").await;
    let mut phone = Authenticator::new(ORIGIN);
    add(&jane, &mut phone).await;
    // Each of them begins with a password.
    each_of(CASES / 8, &SIGNED, async |part, damages| {
        let mfa = ask(&app.public(), &jane).await["mfa"].take();
        let signed = phone.clone().get(&mfa["webauthnOptions"]);
        let Some(signed) = damaged(&signed, part, damages) else {
            return;
        };
        assert_refused(&prove(&app.public(), &mfa["ticket"], &signed).await, part);
    });
}
