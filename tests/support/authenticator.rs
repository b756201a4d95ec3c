//! An authenticator made of software, which can also do what a real one never would.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use uuid::Uuid;

const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const CREDENTIAL: u8 = 1 << 6;

/// One passkey on one device, and what the device says of itself.
#[derive(Clone)]
pub(crate) struct Authenticator {
    pkcs8: Vec<u8>,
    pub(crate) id: Vec<u8>,
    /// What it says whose it is; nothing until it was registered.
    pub(crate) user: Option<Vec<u8>>,
    /// Of the page that asks.
    pub(crate) origin: String,
    /// Of the page of somebody else that this page is shown in.
    pub(crate) top_origin: Option<String>,
    /// 0 for one that does not count.
    pub(crate) counter: u32,
    pub(crate) verifies_user: bool,
    pub(crate) backup_eligible: bool,
    pub(crate) backed_up: bool,
    pub(crate) aaguid: Uuid,
}

impl Authenticator {
    /// A new one, in front of a page of this origin.
    pub(crate) fn new(origin: &str) -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let mut id = vec![0; 32];
        aws_lc_rs::rand::fill(&mut id).unwrap();
        Self {
            pkcs8: pkcs8.as_ref().to_vec(),
            id,
            user: None,
            origin: origin.to_owned(),
            top_origin: None,
            counter: 0,
            verifies_user: true,
            backup_eligible: false,
            backed_up: false,
            aaguid: Uuid::nil(),
        }
    }

    fn key(&self) -> EcdsaKeyPair {
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &self.pkcs8).unwrap()
    }

    /// The public key in COSE form (RFC 9053).
    pub(crate) fn cose_key(&self) -> Vec<u8> {
        let key = self.key();
        // An uncompressed point: 4, x, y.
        let point = key.public_key().as_ref();
        let mut cose = vec![0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
        cose.extend(&point[1..33]);
        cose.extend([0x22, 0x58, 0x20]);
        cose.extend(&point[33..65]);
        cose
    }

    fn data(&self, relying_party: &str, credential: bool) -> Vec<u8> {
        let bit = |set: bool, bit: u8| if set { bit } else { 0 };
        let flags = USER_PRESENT
            | bit(self.verifies_user, USER_VERIFIED)
            | bit(self.backup_eligible, BACKUP_ELIGIBLE)
            | bit(self.backed_up, BACKED_UP)
            | bit(credential, CREDENTIAL);
        let mut data = digest(&SHA256, relying_party.as_bytes()).as_ref().to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let mut data = json!({
            "type": kind, "challenge": options["challenge"], "origin": self.origin,
            "crossOrigin": self.top_origin.is_some(),
        });
        if let Some(top_origin) = &self.top_origin {
            data["topOrigin"] = json!(top_origin);
        }
        data.to_string().into_bytes()
    }

    /// What `navigator.credentials.create` gives for these options.
    pub(crate) fn create(&mut self, options: &Value) -> Value {
        self.user = Some(bytes(&options["user"]["id"]));
        let mut data = self.data(options["rp"]["id"].as_str().unwrap(), true);
        data.extend(self.aaguid.as_bytes());
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        data.extend(self.cose_key());
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59".to_vec();
        object.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        object.extend(&data);
        json!({
            "id": text(&self.id), "rawId": text(&self.id), "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": { "credProps": { "rk": true } },
            "response": {
                "clientDataJSON": text(&self.client_data("webauthn.create", options)),
                "attestationObject": text(&object),
                "authenticatorData": text(&data),
                "publicKeyAlgorithm": -7,
                "transports": ["internal", "hybrid", "smart-card"],
            },
        })
    }

    /// What `navigator.credentials.get` gives for these options.
    pub(crate) fn get(&mut self, options: &Value) -> Value {
        if self.counter > 0 {
            self.counter += 1;
        }
        let data = self.data(options["rpId"].as_str().unwrap(), false);
        let client_data = self.client_data("webauthn.get", options);
        let signed = [data.as_slice(), digest(&SHA256, &client_data).as_ref()].concat();
        let signature = self.key().sign(&SystemRandom::new(), &signed).unwrap();
        let mut answer = json!({
            "id": text(&self.id), "rawId": text(&self.id), "type": "public-key",
            "authenticatorAttachment": "platform", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": text(&client_data),
                "authenticatorData": text(&data),
                "signature": text(signature.as_ref()),
            },
        });
        if let Some(user) = &self.user {
            answer["response"]["userHandle"] = json!(text(user));
        }
        answer
    }
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn bytes(text: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text.as_str().unwrap()).unwrap()
}
