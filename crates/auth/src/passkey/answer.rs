//! What browsers answer, as `PublicKeyCredential.toJSON` gives it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use uuid::Uuid;
use webauthn_rs_core::proto::{AuthenticatorTransport, PublicKeyCredential, RegisterPublicKeyCredential};

use super::PasskeyFault;
use crate::refusal::Refusal;

/// The longest id of a credential there is (Level 3, 5.8.3).
const LONGEST_ID: usize = 1_023;
/// Certificates of an attestation take some kilobytes; nothing else takes as much.
const LONGEST_PART: usize = 65_536;
/// Where the flags of authenticator data are: after the hash of the relying party (Level 3, 6.1).
const FLAGS: usize = 32;
/// Bit of the flags: may be synchronised to other devices.
const BACKUP_ELIGIBLE: u8 = 0b1000;
/// Where the model of the authenticator is, after flags and counter (Level 3, 6.5.1).
const AAGUID: std::ops::Range<usize> = 37..53;

/// A new credential, not checked yet.
pub struct Attestation {
    pub(super) credential: RegisterPublicKeyCredential,
    client_data: ClientData,
}

/// A signature of a credential, not checked yet.
pub struct Assertion {
    pub(super) credential: PublicKeyCredential,
    client_data: ClientData,
}

/// What the browser says of the ceremony; the rest is checked with the signature.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    #[serde(deserialize_with = "bytes")]
    challenge: Vec<u8>,
    /// Whether the page was within one of somebody else.
    cross_origin: Option<bool>,
    /// The page that it was within.
    top_origin: Option<String>,
}

impl ClientData {
    /// Refuses what was made within a page of somebody else, who may show what they like around it
    /// (Level 3, 13.4.2).
    fn check(&self) -> Result<(), Refusal> {
        match self.cross_origin == Some(true) || self.top_origin.is_some() {
            true => Err(Refusal::Passkey(PasskeyFault::Origin)),
            false => Ok(()),
        }
    }
}

impl Attestation {
    /// Reads `RegistrationResponseJSON`.
    pub fn parse(credential: Value) -> Result<Self, Refusal> {
        let credential: RegisterPublicKeyCredential = read(credential)?;
        let response = &credential.response;
        check(
            &credential.type_,
            &credential.raw_id,
            &[&response.attestation_object],
        )?;
        Ok(Self {
            client_data: client_data(&response.client_data_json)?,
            credential,
        })
    }

    /// The challenge that it answers.
    pub(crate) fn challenge(&self) -> &[u8] {
        &self.client_data.challenge
    }

    /// Refuses what a page of somebody else had made within itself.
    pub(super) fn check_frame(&self) -> Result<(), Refusal> {
        self.client_data.check()
    }

    /// The model of the authenticator, as it says itself; none where it does not say.
    pub(super) fn aaguid(&self) -> Option<Uuid> {
        #[derive(Deserialize)]
        struct AttestationObject<'a> {
            #[serde(rename = "authData", borrow)]
            data: &'a [u8],
        }
        let object: AttestationObject<'_> =
            serde_cbor_2::from_slice(&self.credential.response.attestation_object).ok()?;
        let aaguid = Uuid::from_slice(object.data.get(AAGUID)?).ok()?;
        (!aaguid.is_nil()).then_some(aaguid)
    }

    /// How the authenticator is reached, separated by commas: hints for the next time.
    pub(super) fn transports(&self) -> String {
        let known = self.credential.response.transports.iter().flatten();
        let mut names: Vec<&str> = known
            .filter(|transport| **transport != AuthenticatorTransport::Unknown)
            .map(AsRef::as_ref)
            .collect();
        names.sort_unstable();
        names.dedup();
        names.join(",")
    }
}

impl Assertion {
    /// Reads `AuthenticationResponseJSON`.
    pub fn parse(credential: Value) -> Result<Self, Refusal> {
        let credential: PublicKeyCredential = read(credential)?;
        let response = &credential.response;
        let parts = [&response.authenticator_data, &response.signature];
        check(&credential.type_, &credential.raw_id, &parts)?;
        Ok(Self {
            client_data: client_data(&response.client_data_json)?,
            credential,
        })
    }

    /// The challenge that it answers.
    pub(crate) fn challenge(&self) -> &[u8] {
        &self.client_data.challenge
    }

    /// Refuses what a page of somebody else had made within itself.
    pub(super) fn check_frame(&self) -> Result<(), Refusal> {
        self.client_data.check()
    }

    /// The id of the credential, as it is stored.
    pub(crate) fn credential_id(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.credential.raw_id)
    }

    /// The user, as far as the credential knows whose it is: sixteen bytes in ours, text in those of Hasura Auth.
    pub(crate) fn user(&self) -> Option<Uuid> {
        let handle = self.credential.response.user_handle.as_deref()?;
        let text = || std::str::from_utf8(handle).ok()?.parse().ok();
        Uuid::from_slice(handle).ok().or_else(text)
    }

    /// Whether the credential says whose it is.
    pub(crate) fn names_user(&self) -> bool {
        self.credential.response.user_handle.is_some()
    }

    /// Whether the credential says that it may be synchronised to other devices.
    pub(super) fn is_backup_eligible(&self) -> bool {
        let data = &self.credential.response.authenticator_data;
        data.get(FLAGS).is_some_and(|flags| flags & BACKUP_ELIGIBLE != 0)
    }
}

fn malformed() -> Refusal {
    Refusal::InvalidInput {
        field: "credential",
        rule: "must be what PublicKeyCredential.toJSON() gives",
    }
}

fn read<T: DeserializeOwned>(credential: Value) -> Result<T, Refusal> {
    serde_json::from_value(credential).map_err(|_| malformed())
}

fn check(kind: &str, id: &[u8], parts: &[&Vec<u8>]) -> Result<(), Refusal> {
    let sizes = (1..=LONGEST_ID).contains(&id.len()) && parts.iter().all(|part| part.len() <= LONGEST_PART);
    match kind == "public-key" && sizes {
        true => Ok(()),
        false => Err(malformed()),
    }
}

fn client_data(json: &[u8]) -> Result<ClientData, Refusal> {
    if json.len() > LONGEST_PART {
        return Err(malformed());
    }
    serde_json::from_slice(json).map_err(|_| malformed())
}

fn bytes<'de, D: Deserializer<'de>>(text: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(text)?;
    URL_SAFE_NO_PAD.decode(text).map_err(D::Error::custom)
}
