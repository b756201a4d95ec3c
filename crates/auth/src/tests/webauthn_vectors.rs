//! The test vectors of Web Authentication Level 3, section 16, in `webauthn_vectors.json` as the standard prints them.

use aws_lc_rs::test::from_hex;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::passkey::{Assertion, Attestation, Owner, PasskeyFault, RelyingParty};
use crate::policy::{PasskeyPolicy, Policy, UserVerification};
use crate::refusal::Refusal;

const VECTORS: &str = include_str!("webauthn_vectors.json");

/// Whether something was accepted.
type Judged = Result<(), PasskeyFault>;

/// What comes of each section: of the registration, and of the authentication with what was registered.
const SECTIONS: [(&str, Judged, Judged); 10] = [
    // No attestation.
    ("16.2", Ok(()), Ok(())),
    // It verified its user when it was registered, and not when it signed.
    ("16.3", Ok(()), Err(PasskeyFault::Unverified)),
    // In a frame of another page.
    ("16.4", Err(PasskeyFault::Origin), Err(PasskeyFault::Origin)),
    ("16.5", Err(PasskeyFault::Origin), Err(PasskeyFault::Origin)),
    // The longest id there is.
    ("16.6", Ok(()), Ok(())),
    // With certificates, over P-256 and P-384.
    ("16.7", Ok(()), Ok(())),
    ("16.8", Ok(()), Ok(())),
    // RSA of an unusual size, and Ed25519, which nobody is asked for.
    ("16.10", Err(PasskeyFault::Invalid), Err(PasskeyFault::Invalid)),
    ("16.11", Err(PasskeyFault::Invalid), Err(PasskeyFault::Invalid)),
    // A key of the time before passkeys.
    ("16.16", Ok(()), Ok(())),
];

/// The application of every vector.
fn party() -> RelyingParty {
    let policy = Policy {
        client_url: Some("https://example.org".to_owned()),
        passkeys: PasskeyPolicy {
            user_verification: UserVerification::Preferred,
            ..PasskeyPolicy::default()
        },
        ..Policy::default()
    };
    RelyingParty::of(&policy).unwrap()
}

fn base64(hex: &Value) -> String {
    URL_SAFE_NO_PAD.encode(from_hex(hex.as_str().unwrap()).unwrap())
}

/// What is remembered of a question, as if it had been asked with this challenge.
fn with_challenge<S: Serialize + DeserializeOwned>(state: &S, challenge: &Value) -> S {
    let mut state = serde_json::to_value(state).unwrap();
    state["challenge"] = json!(base64(challenge));
    serde_json::from_value(state).unwrap()
}

/// A credential in JSON, with these members of a vector in its response.
fn credential(vector: &Value, ceremony: &str, members: &[&str]) -> Value {
    let id = base64(&vector["credentialId"]);
    let response = members
        .iter()
        .map(|name| ((*name).to_owned(), json!(base64(&vector[ceremony][name]))));
    let response: serde_json::Map<String, Value> = response.collect();
    json!({ "id": id, "rawId": id, "type": "public-key", "clientExtensionResults": {}, "response": response })
}

fn fault<T>(result: Result<T, Refusal>) -> Result<T, PasskeyFault> {
    result.map_err(|refusal| match refusal {
        Refusal::Passkey(fault) => fault,
        other => panic!("{other:?}"),
    })
}

#[test]
fn vectors_of_the_standard() {
    let vectors: Vec<Value> = serde_json::from_str(VECTORS).unwrap();
    let party = party();
    let owner = Owner {
        id: Uuid::nil(),
        name: "jane",
        display_name: "Jane",
    };
    let mut found = Vec::new();
    for vector in &vectors {
        let made = credential(vector, "registration", &["clientDataJSON", "attestationObject"]);
        let state = party.ask_for_new(&owner, &[]).unwrap().state;
        let state = with_challenge(&state, &vector["registration"]["challenge"]);
        let registered = fault(party.register(&Attestation::parse(made).unwrap(), &state));
        let signed = ["clientDataJSON", "authenticatorData", "signature"];
        let signed = Assertion::parse(credential(vector, "authentication", &signed)).unwrap();
        let state = party.ask_for_signature(&[]).unwrap().state;
        let right = with_challenge(&state, &vector["authentication"]["challenge"]);
        let (made, proved) = match registered {
            Err(fault) => (Err(fault), Err(fault)),
            Ok(registered) => {
                let mut key = registered.credential;
                let other = fault(party.verify(&signed, &state, &mut key.clone()).map(|_| ()));
                assert_eq!(other, Err(PasskeyFault::Challenge));
                (Ok(()), fault(party.verify(&signed, &right, &mut key).map(|_| ())))
            }
        };
        found.push((vector["section"].as_str().unwrap(), made, proved));
    }
    assert_eq!(found, SECTIONS);
}
