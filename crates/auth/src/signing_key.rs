//! The key pairs that sign access tokens, one form for four algorithms.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
};
use aws_lc_rs::{error, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::policy::SigningAlgorithm;
use crate::port::{Entropy, EntropyError, random};

/// A key could not be made, read or used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The bytes are no key of this algorithm.
    #[error("not a key of this algorithm")]
    Rejected,
    /// The algorithm failed.
    #[error("the algorithm failed")]
    Failed,
}

impl From<error::Unspecified> for KeyError {
    fn from(_: error::Unspecified) -> Self {
        Self::Failed
    }
}

impl From<error::KeyRejected> for KeyError {
    fn from(_: error::KeyRejected) -> Self {
        Self::Rejected
    }
}

/// A key pair, parsed once: parsing costs as much as signing.
pub(crate) struct SigningKey {
    pair: Pair,
    verifier: Verifier,
}

enum Pair {
    EdDsa(Box<Ed25519KeyPair>),
    Es256(Box<EcdsaKeyPair>),
    Rs256(Box<RsaKeyPair>),
    Hs256(Box<hmac::Key>),
}

enum Verifier {
    Public(ParsedPublicKey),
    Shared,
}

impl SigningKey {
    /// Makes a new private key, in the form that goes, sealed, to the database.
    pub(crate) fn generate(
        algorithm: SigningAlgorithm,
        entropy: &dyn Entropy,
    ) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        Ok(Zeroizing::new(match algorithm {
            SigningAlgorithm::EdDsa => {
                let seed: Zeroizing<[u8; 32]> = Zeroizing::new(random(entropy)?);
                Ed25519KeyPair::from_seed_unchecked(seed.as_slice())?
                    .to_pkcs8()?
                    .as_ref()
                    .to_vec()
            }
            SigningAlgorithm::Es256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?
                .to_pkcs8v1()?
                .as_ref()
                .to_vec(),
            SigningAlgorithm::Rs256 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048)?;
                AsDer::<Pkcs8V1Der<'_>>::as_der(&pair)?.as_ref().to_vec()
            }
            SigningAlgorithm::Hs256 => random::<32>(entropy)?.to_vec(),
        }))
    }

    /// Reads what `generate` made.
    pub(crate) fn from_private(algorithm: SigningAlgorithm, private: &[u8]) -> Result<Self, KeyError> {
        let (pair, verifier) = match algorithm {
            SigningAlgorithm::EdDsa => {
                let pair = Ed25519KeyPair::from_pkcs8(private)?;
                let public = ParsedPublicKey::new(&ED25519, pair.public_key().as_ref())?;
                (Pair::EdDsa(Box::new(pair)), Verifier::Public(public))
            }
            SigningAlgorithm::Es256 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, private)?;
                let public = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref())?;
                (Pair::Es256(Box::new(pair)), Verifier::Public(public))
            }
            SigningAlgorithm::Rs256 => {
                let pair = RsaKeyPair::from_pkcs8(private)?;
                let public = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref())?;
                (Pair::Rs256(Box::new(pair)), Verifier::Public(public))
            }
            SigningAlgorithm::Hs256 => (
                Pair::Hs256(Box::new(hmac::Key::new(hmac::HMAC_SHA256, private))),
                Verifier::Shared,
            ),
        };
        Ok(Self { pair, verifier })
    }

    pub(crate) fn algorithm(&self) -> SigningAlgorithm {
        match self.pair {
            Pair::EdDsa(_) => SigningAlgorithm::EdDsa,
            Pair::Es256(_) => SigningAlgorithm::Es256,
            Pair::Rs256(_) => SigningAlgorithm::Rs256,
            Pair::Hs256(_) => SigningAlgorithm::Hs256,
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        Ok(match &self.pair {
            Pair::EdDsa(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::Es256(pair) => pair.sign(&SystemRandom::new(), message)?.as_ref().to_vec(),
            Pair::Rs256(pair) => {
                let mut signed = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signed)?;
                signed
            }
            Pair::Hs256(key) => hmac::sign(key, message).as_ref().to_vec(),
        })
    }

    pub(crate) fn verify(&self, message: &[u8], signed: &[u8]) -> bool {
        match (&self.verifier, &self.pair) {
            (Verifier::Public(key), _) => key.verify_sig(message, signed).is_ok(),
            (Verifier::Shared, Pair::Hs256(key)) => hmac::verify(key, message, signed).is_ok(),
            (Verifier::Shared, _) => false,
        }
    }

    /// The public half as published; a shared secret has none.
    pub(crate) fn public_jwk(&self, kid: &str) -> Option<Value> {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let key = match &self.pair {
            Pair::EdDsa(pair) => json!({
                "kty": "OKP", "crv": "Ed25519", "x": text(pair.public_key().as_ref()),
            }),
            Pair::Es256(pair) => {
                // Uncompressed point: a byte that says so, then both coordinates.
                let (_, point) = pair.public_key().as_ref().split_first()?;
                let (x, y) = point.split_at_checked(32)?;
                json!({ "kty": "EC", "crv": "P-256", "x": text(x), "y": text(y) })
            }
            Pair::Rs256(pair) => rsa_jwk(pair.public_key()),
            Pair::Hs256(_) => return None,
        };
        let mut key = key;
        let object = key.as_object_mut()?;
        object.insert("kid".to_owned(), json!(kid));
        object.insert("alg".to_owned(), json!(self.algorithm().as_str()));
        object.insert("use".to_owned(), json!("sig"));
        Some(key)
    }
}

fn rsa_jwk(key: &signature::RsaSubjectPublicKey) -> Value {
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    json!({
        "kty": "RSA",
        "n": text(key.modulus().big_endian_without_leading_zero()),
        "e": text(key.exponent().big_endian_without_leading_zero()),
    })
}
