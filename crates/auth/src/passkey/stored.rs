//! Credentials as they lie in the database: ours sealed, those of Hasura Auth as a key in COSE form.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portico_entity::user_security_keys::Model;
use uuid::Uuid;
use webauthn_rs_core::proto::{
    AttestationFormat, COSEKey, Credential, ParsedAttestation, RegisteredExtensions, UserVerificationPolicy,
};

use super::PasskeyFault;
use super::answer::Assertion;
use crate::auth::Auth;
use crate::error::{Error, InternalError};
use crate::refusal::Refusal;
use crate::seal::SealError;

/// Seals a credential for the row with this id.
pub(crate) fn seal(auth: &Auth, id: Uuid, credential: &Credential) -> Result<Vec<u8>, Error> {
    let plain = serde_json::to_vec(credential).map_err(InternalError::Json)?;
    Ok(auth
        .keys
        .sealer
        .seal(auth.entropy.as_ref(), id.as_bytes(), &plain)?)
}

/// The credential of a row, as it has to be for this assertion.
pub(crate) fn open(auth: &Auth, row: &Model, assertion: &Assertion) -> Result<Credential, Error> {
    let mut credential = match &row.passkey {
        Some(sealed) => {
            let plain = auth.keys.sealer.open(row.id.as_bytes(), sealed)?;
            serde_json::from_slice(&plain).map_err(|_| InternalError::Seal(SealError::Open))?
        }
        None => adopt(row, assertion)?,
    };
    credential.counter = u32::try_from(row.counter).unwrap_or(u32::MAX);
    credential.backup_state = row.backed_up;
    Ok(credential)
}

/// A credential of Hasura Auth. What it did not keep is believed the first time: whether it may be backed up.
fn adopt(row: &Model, assertion: &Assertion) -> Result<Credential, Refusal> {
    let unusable = || Refusal::Passkey(PasskeyFault::Invalid);
    let key = row.credential_public_key.as_deref().ok_or_else(unusable)?;
    let key: serde_cbor_2::Value = serde_cbor_2::from_slice(key).map_err(|_| unusable())?;
    Ok(Credential {
        cred_id: URL_SAFE_NO_PAD
            .decode(row.credential_id.trim_end_matches('='))
            .map_err(|_| unusable())?,
        cred: COSEKey::try_from(&key).map_err(|_| unusable())?,
        counter: 0,
        transports: None,
        user_verified: false,
        backup_eligible: assertion.is_backup_eligible(),
        backup_state: false,
        registration_policy: UserVerificationPolicy::Preferred,
        extensions: RegisteredExtensions::none(),
        attestation: ParsedAttestation::default(),
        attestation_format: AttestationFormat::None,
    })
}
