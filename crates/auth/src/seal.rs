//! Encryption at rest: the master key, the keys derived from it by purpose, and sealed values.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, hmac};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::port::{Entropy, EntropyError, random};

/// First byte of everything sealed, so that another form can follow one day.
const FORM: u8 = 1;

/// The one secret an operator keeps: 32 bytes from which every other key is derived.
pub struct MasterKey(Zeroizing<[u8; 32]>);

/// A master key in the wrong form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a master key is 32 bytes in base64 (44 characters)")]
pub struct MasterKeyError;

/// A value could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// No randomness for the nonce.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// No key could be derived from another.
    #[error("a key could not be derived")]
    Derive,
    /// The cipher refused to seal.
    #[error("a value could not be sealed")]
    Seal,
    /// Another key, another purpose, or changed bytes.
    #[error("a sealed value could not be opened")]
    Open,
}

impl MasterKey {
    /// Takes the 32 bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Makes a new key.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        Ok(Self(Zeroizing::new(random(entropy)?)))
    }

    /// Reads the text form; white space around it is ignored.
    pub fn from_base64(text: &str) -> Result<Self, MasterKeyError> {
        let bytes = Zeroizing::new(STANDARD.decode(text.trim()).map_err(|_| MasterKeyError)?);
        let bytes: [u8; 32] = bytes.as_slice().try_into().map_err(|_| MasterKeyError)?;
        Ok(Self::new(bytes))
    }

    /// The text form, for the key file.
    pub fn to_base64(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.0.as_slice()))
    }

    /// Names the key beside everything sealed under it, without telling it.
    pub fn id(&self) -> Result<String, SealError> {
        Ok(hex::encode(self.derive(b"key-id")?.get(..16).unwrap_or_default()))
    }

    /// A key for one purpose; nothing about the master key follows from it.
    fn derive(&self, purpose: &[u8]) -> Result<Zeroizing<[u8; 32]>, SealError> {
        derive(self.0.as_slice(), purpose)
    }
}

/// HKDF-SHA-256 to 32 bytes.
fn derive(secret: &[u8], purpose: &[u8]) -> Result<Zeroizing<[u8; 32]>, SealError> {
    let mut key = Zeroizing::new([0; 32]);
    let parts = [b"portico/".as_slice(), purpose];
    hkdf::Salt::new(hkdf::HKDF_SHA256, b"portico")
        .extract(secret)
        .expand(&parts, hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(key.as_mut_slice()))
        .map_err(|_| SealError::Derive)?;
    Ok(key)
}

/// Seals values so that only this key, for the same purpose, opens them.
pub(crate) struct Sealer {
    key: LessSafeKey,
}

impl Sealer {
    /// A sealer under a secret that is not the master key, as a refresh token.
    pub(crate) fn derived(secret: &[u8], purpose: &[u8]) -> Result<Self, SealError> {
        Self::from_key(&*derive(secret, purpose)?)
    }

    fn from_key(key: &[u8; 32]) -> Result<Self, SealError> {
        let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| SealError::Seal)?;
        Ok(Self {
            key: LessSafeKey::new(key),
        })
    }

    /// Seals `plain`; `context` says what it is and must be given again to open it.
    pub(crate) fn seal(
        &self,
        entropy: &dyn Entropy,
        context: &[u8],
        plain: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        let nonce: [u8; NONCE_LEN] = random(entropy)?;
        let mut body = plain.to_vec();
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut body)
            .map_err(|_| SealError::Seal)?;
        let mut sealed = Vec::with_capacity(1 + NONCE_LEN + body.len());
        sealed.push(FORM);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&body);
        Ok(sealed)
    }

    /// Opens what `seal` made with the same context.
    pub(crate) fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (form, rest) = sealed.split_first().ok_or(SealError::Open)?;
        let (nonce, body) = rest.split_at_checked(NONCE_LEN).ok_or(SealError::Open)?;
        if *form != FORM {
            return Err(SealError::Open);
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::Open)?;
        let mut body = Zeroizing::new(body.to_vec());
        let length = self
            .key
            .open_in_place(nonce, Aad::from(context), &mut body)
            .map_err(|_| SealError::Open)?
            .len();
        body.truncate(length);
        Ok(body)
    }
}

/// Every key derived from the master key; the master key itself is forgotten.
pub(crate) struct Keys {
    /// Names the master key beside everything sealed under it, without telling it.
    pub(crate) key_id: String,
    /// Seals what lies in the database.
    pub(crate) sealer: Sealer,
    /// Authenticates refresh tokens.
    pub(crate) refresh_mac: hmac::Key,
    /// Hides addresses and names in the table of limits.
    pub(crate) limit_hash: hmac::Key,
    /// Hides the codes of mails.
    pub(crate) code_hash: hmac::Key,
    /// Makes up passkeys for addresses that have none.
    pub(crate) decoy: hmac::Key,
}

impl Keys {
    /// Derives all of them.
    pub(crate) fn derive(master: &MasterKey) -> Result<Self, SealError> {
        let mac = |purpose| {
            let key = master.derive(purpose)?;
            Ok::<_, SealError>(hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()))
        };
        Ok(Self {
            key_id: master.id()?,
            sealer: Sealer::from_key(&*master.derive(b"seal")?)?,
            refresh_mac: mac(b"refresh-mac")?,
            limit_hash: mac(b"limit-hash")?,
            code_hash: mac(b"code-hash")?,
            decoy: mac(b"decoy")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestEntropy;

    fn keys(byte: u8) -> Keys {
        Keys::derive(&MasterKey::new([byte; 32])).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_with_the_same_key_and_context_only() {
        let entropy = TestEntropy::default();
        let sealed = keys(1).sealer.seal(&entropy, b"outbox", b"hello").unwrap();
        assert_eq!(
            keys(1).sealer.open(b"outbox", &sealed).unwrap().as_slice(),
            b"hello"
        );
        assert_eq!(keys(2).sealer.open(b"outbox", &sealed), Err(SealError::Open));
        assert_eq!(keys(1).sealer.open(b"other", &sealed), Err(SealError::Open));
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert_eq!(
                keys(1).sealer.open(b"outbox", &changed),
                Err(SealError::Open),
                "byte {place}"
            );
        }
        for length in 0..sealed.len() {
            assert!(keys(1).sealer.open(b"outbox", &sealed[..length]).is_err());
        }
    }

    #[test]
    fn two_seals_of_one_value_differ() {
        let entropy = TestEntropy::default();
        let sealer = keys(1).sealer;
        assert_ne!(
            sealer.seal(&entropy, b"", b"x").unwrap(),
            sealer.seal(&entropy, b"", b"x").unwrap()
        );
    }

    #[test]
    fn a_master_key_has_a_text_form_and_a_name() {
        let key = MasterKey::new([7; 32]);
        let again = MasterKey::from_base64(&format!("{}\n", key.to_base64().as_str())).unwrap();
        assert_eq!(
            Keys::derive(&key).unwrap().key_id,
            Keys::derive(&again).unwrap().key_id
        );
        assert_ne!(keys(1).key_id, keys(2).key_id);
        assert!(MasterKey::from_base64("short").is_err());
    }
}
