//! Answers to what second factors and passkeys are asked: none is good twice, so that they are made before they are
//! sent.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::ask::{PASSKEY, PASSKEY_ASK};
use crate::authenticator::Authenticator;
use crate::error::{BenchError, During};
use crate::http::Connection;
use crate::ids;
use crate::load::{runtime, text_field};
use crate::seed_factors;
use crate::stand::Stand;

/// Accounts with an authenticator application, and as many with a passkey: one answer for each is made at a time.
pub(crate) const ACCOUNTS: usize = 1_000;
/// The name of this machine, for which passkeys are where the service has no other.
const DOMAIN: &str = "localhost";
const ORIGIN: &str = "http://localhost";
/// Questions that are asked at once.
const ASKING: usize = 64;
/// Somebody is there, and it is the right one.
const FLAGS: u8 = 0b101;

/// What was made before, to be sent once each.
pub(crate) struct Prepared {
    requests: Vec<Vec<u8>>,
    next: AtomicUsize,
}

impl Prepared {
    /// The next one; nothing once all were sent.
    pub(crate) fn next(&self) -> Option<&[u8]> {
        let place = self.next.fetch_add(1, Ordering::Relaxed);
        self.requests.get(place).map(Vec::as_slice)
    }
}

impl From<Vec<Vec<u8>>> for Prepared {
    fn from(requests: Vec<Vec<u8>>) -> Self {
        Self {
            requests,
            next: AtomicUsize::new(0),
        }
    }
}

/// What accounts whose names begin so have an application for: to sign in, to be elevated.
pub(crate) const APPLICATIONS: [char; 2] = ['t', 'e'];

/// The applications and passkeys of all accounts: one secret and one key, to be quick.
pub(crate) struct Factors {
    key: EcdsaKeyPair,
    /// Whoever signs in with a code.
    pub(crate) signing_in: Authenticator,
    /// Whoever is signed in and proves it anew with a code.
    pub(crate) elevating: Authenticator,
}

impl Factors {
    /// Makes the accounts.
    pub(crate) fn enrol(stand: &Stand) -> Result<Self, BenchError> {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(|_| BenchError::Key)?;
        seed_factors::accounts(stand, &cose(key.public_key().as_ref()))?;
        Ok(Self {
            key,
            signing_in: Authenticator::new(APPLICATIONS[0]),
            elevating: Authenticator::new(APPLICATIONS[1]),
        })
    }

    /// A signature of each passkey, of a challenge that the service gave.
    pub(crate) fn signatures(&self, stand: &Stand) -> Result<Prepared, BenchError> {
        let requests: Result<Vec<_>, BenchError> = challenges(stand)?
            .iter()
            .enumerate()
            .map(|(number, challenge)| {
                let variables = json!({ "credential": self.sign(number, challenge)? });
                Ok(stand.request(PASSKEY, &variables))
            })
            .collect();
        Ok(requests?.into())
    }

    /// What a browser gives for this challenge (Web Authentication Level 3, 5.1.8.1).
    fn sign(&self, number: usize, challenge: &str) -> Result<Value, BenchError> {
        let client_data = json!({ "type": "webauthn.get", "challenge": challenge, "origin": ORIGIN });
        let client_data = client_data.to_string();
        let mut data = digest(&SHA256, DOMAIN.as_bytes()).as_ref().to_vec();
        data.push(FLAGS);
        // It does not count.
        data.extend([0; 4]);
        let signed = [data.as_slice(), digest(&SHA256, client_data.as_bytes()).as_ref()].concat();
        let signature = self
            .key
            .sign(&SystemRandom::new(), &signed)
            .map_err(|_| BenchError::Key)?;
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let id = text(seed_factors::credential(number).as_bytes());
        Ok(json!({
            "id": id, "rawId": id, "type": "public-key", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": text(client_data.as_bytes()),
                "authenticatorData": text(&data),
                "signature": text(signature.as_ref()),
                "userHandle": text(&ids::digest(&format!("p{number}"))),
            },
        }))
    }
}

/// Asks for as many challenges as there are passkeys.
fn challenges(stand: &Stand) -> Result<Vec<String>, BenchError> {
    let request = Arc::new(stand.request(PASSKEY_ASK, &json!({})));
    let (address, each) = (stand.service.address, stand.proofs.div_ceil(ASKING));
    runtime()?.block_on(async {
        let tasks: Vec<_> = (0..ASKING)
            .map(|_| tokio::spawn(ask(address, Arc::clone(&request), each)))
            .collect();
        let mut all = Vec::new();
        for task in tasks {
            all.extend(task.await.map_err(|_| BenchError::Thread)??);
        }
        all.truncate(stand.proofs);
        Ok(all)
    })
}

/// Asks for so many, one after the other.
async fn ask(address: SocketAddr, request: Arc<Vec<u8>>, count: usize) -> Result<Vec<String>, BenchError> {
    let mut connection = Connection::open(address).await.during("connecting")?;
    let mut found = Vec::with_capacity(count);
    for _ in 0..count {
        let answer = connection.exchange(&request).await.during("asking")?;
        let challenge = text_field(answer.body, "challenge").map(str::to_owned);
        found.push(challenge.ok_or_else(|| BenchError::Answer {
            work: "signInWebauthn".to_owned(),
            answer: String::from_utf8_lossy(answer.body).into_owned(),
        })?);
    }
    Ok(found)
}

/// A public key of P-256 in COSE form (RFC 9053, 7.1.1), from an uncompressed point.
fn cose(point: &[u8]) -> Vec<u8> {
    let (x, y) = (
        point.get(1..33).unwrap_or_default(),
        point.get(33..65).unwrap_or_default(),
    );
    [
        &[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20],
        x,
        &[0x22, 0x58, 0x20],
        y,
    ]
    .concat()
}
