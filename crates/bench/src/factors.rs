//! Answers to what second factors and passkeys are asked: none is good twice, so that they are made before they are
//! sent.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

use crate::ask::{PASSKEY, PASSKEY_ASK, TOTP};
use crate::error::{BenchError, During};
use crate::http::Connection;
use crate::ids;
use crate::load::{runtime, text_field};
use crate::seed_factors;
use crate::stand::Stand;

/// Accounts with an authenticator application, and as many with a passkey: one answer for each is made at a time.
pub(crate) const ACCOUNTS: usize = 1_000;
/// The secret of every authenticator application; RFC 6238 has the same.
const SECRET: &[u8] = b"12345678901234567890";
/// The same in base32, as Hasura Auth keeps it.
pub(crate) const SECRET_TEXT: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
/// Seconds of one code.
const PERIOD: u64 = 30;
/// Codes before the present one that the service is told to accept: as many batches need not wait.
pub(crate) const EARLIER: u64 = 10;
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

/// The applications and passkeys of all accounts: one secret and one key, to be quick.
pub(crate) struct Factors {
    key: EcdsaKeyPair,
    code: hmac::Key,
    /// The step of the codes that were sent last.
    step: AtomicUsize,
    batch: AtomicUsize,
}

impl Factors {
    /// Makes the accounts.
    pub(crate) fn enrol(stand: &Stand) -> Result<Self, BenchError> {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(|_| BenchError::Key)?;
        seed_factors::accounts(stand, &cose(key.public_key().as_ref()))?;
        Ok(Self {
            key,
            code: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, SECRET),
            step: AtomicUsize::new(0),
            batch: AtomicUsize::new(0),
        })
    }

    /// A code for a challenge of each account, as a password sign-in would have brought it.
    pub(crate) fn codes(&self, stand: &Stand) -> Result<Prepared, BenchError> {
        let batch = self.batch.fetch_add(1, Ordering::Relaxed);
        let step = self.next_step();
        let code = self.code_of(step);
        seed_factors::challenges(stand, batch)?;
        let request = |number| {
            let variables = json!({ "ticket": seed_factors::ticket(batch, number), "code": code });
            stand.request(TOTP, &variables)
        };
        Ok((0..stand.proofs).map(request).collect::<Vec<_>>().into())
    }

    /// A step after the one before, none that is too old; waits for it where it is to come.
    fn next_step(&self) -> u64 {
        let now = || u64::try_from(clock_gettime(ClockId::Realtime).tv_sec).unwrap_or_default() / PERIOD;
        let before = self.step.load(Ordering::Relaxed) as u64;
        // One to spare, for the time that all of them take.
        let step = (before + 1).max(now().saturating_sub(EARLIER - 1));
        while step > now() {
            std::thread::sleep(Duration::from_secs(1));
        }
        self.step
            .store(usize::try_from(step).unwrap_or(usize::MAX), Ordering::Relaxed);
        step
    }

    /// RFC 4226, 5.3.
    fn code_of(&self, step: u64) -> String {
        let signature = hmac::sign(&self.code, &step.to_be_bytes());
        let bytes = signature.as_ref();
        let offset = usize::from(bytes.last().copied().unwrap_or_default() & 15);
        let four = bytes
            .get(offset..)
            .and_then(|rest| rest.first_chunk())
            .copied()
            .unwrap_or_default();
        format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000)
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
