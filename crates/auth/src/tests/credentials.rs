//! Whatever comes in the place of a credential is read or refused: no ceremony panics.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::passkey::{Assertion, Attestation, Owner, RelyingParty};
use crate::policy::Policy;
use crate::refusal::Refusal;

/// Values of JSON whose members are named as those of a credential.
fn hostile() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(json!("public-key")),
        Just(json!("AAAA")),
        ".{0,12}".prop_map(Value::from),
        prop::collection::vec(any::<u8>(), 0..80).prop_map(|bytes| json!(URL_SAFE_NO_PAD.encode(bytes))),
        Just(json!(URL_SAFE_NO_PAD.encode(
            r#"{"type":"webauthn.get","challenge":"AAAA","origin":"a"}"#
        ))),
    ];
    let name = prop::sample::select(vec![
        "id",
        "rawId",
        "type",
        "response",
        "clientDataJSON",
        "attestationObject",
        "authenticatorData",
        "signature",
        "userHandle",
        "transports",
        "clientExtensionResults",
        "authenticatorAttachment",
    ]);
    leaf.prop_recursive(4, 40, 8, move |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            4 => prop::collection::btree_map(name.clone().prop_map(str::to_owned), inner, 0..8)
                .prop_map(|members| members.into_iter().collect()),
        ]
    })
}

fn party() -> RelyingParty {
    let policy = Policy {
        client_url: Some("https://example.org".to_owned()),
        ..Policy::default()
    };
    RelyingParty::of(&policy).unwrap()
}

/// A credential that answers a challenge, with these bytes in one part.
fn answer(kind: &str, challenge: &[u8], part: &str, bytes: &[u8]) -> Value {
    let client_data = json!({
        "type": kind, "challenge": URL_SAFE_NO_PAD.encode(challenge), "origin": "https://example.org",
    });
    let mut credential = json!({
        "id": "AAAA", "rawId": "AAAA", "type": "public-key", "clientExtensionResults": {},
        "response": {
            "clientDataJSON": URL_SAFE_NO_PAD.encode(client_data.to_string()),
            "authenticatorData": "AAAA", "signature": "AAAA",
        },
    });
    credential["response"][part] = json!(URL_SAFE_NO_PAD.encode(bytes));
    credential
}

proptest! {
    #[test]
    fn what_is_no_credential_is_refused(value in hostile()) {
        for refused in [Attestation::parse(value.clone()).err(), Assertion::parse(value).err()] {
            let field = match refused {
                None => "credential",
                Some(Refusal::InvalidInput { field, .. }) => field,
                Some(_) => "another refusal",
            };
            prop_assert_eq!(field, "credential");
        }
    }

    #[test]
    fn an_attestation_of_any_bytes_registers_nothing(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let party = party();
        let owner = Owner { id: Uuid::nil(), name: "jane", display_name: "Jane" };
        let question = party.ask_for_new(&owner, &[]).unwrap();
        let wrapped = [b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59".as_slice(),
            &u16::try_from(bytes.len()).unwrap().to_be_bytes(), &bytes].concat();
        for object in [&bytes, &wrapped] {
            let answer = answer("webauthn.create", &question.challenge, "attestationObject", object);
            let attestation = Attestation::parse(answer).unwrap();
            prop_assert!(party.register(&attestation, &question.state).is_err());
        }
    }
}
