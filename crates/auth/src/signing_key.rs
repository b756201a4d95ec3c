//! The key pairs that sign access tokens, one form for four algorithms.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use aws_lc_rs::{error, hmac};
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::Value;
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

/// What signs, read once: reading takes longer than signing.
enum Private {
    EdDsa(Ed25519KeyPair),
    Es256(EcdsaKeyPair),
    Rs256(RsaKeyPair),
    Hs256(Box<hmac::Key>),
}

/// A key pair and the rules for tokens signed with it, made once.
pub(crate) struct SigningKey {
    algorithm: SigningAlgorithm,
    private: Private,
    public: DecodingKey,
    rules: Validation,
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

    /// Reads what `generate` made, to sign and verify tokens of this issuer.
    pub(crate) fn from_private(
        algorithm: SigningAlgorithm,
        private: &[u8],
        issuer: &str,
    ) -> Result<Self, KeyError> {
        // Were another backend compiled in as well, the library would not know which to take. It is an
        // error to choose twice, and of no consequence.
        let _ = DEFAULT_PROVIDER.install_default();
        let (private, public) = match algorithm {
            SigningAlgorithm::EdDsa => {
                let pair = Ed25519KeyPair::from_pkcs8(private)?;
                let public = DecodingKey::from_ed_der(pair.public_key().as_ref());
                (Private::EdDsa(pair), public)
            }
            SigningAlgorithm::Es256 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, private)?;
                let public = DecodingKey::from_ec_der(pair.public_key().as_ref());
                (Private::Es256(pair), public)
            }
            SigningAlgorithm::Rs256 => {
                let pair = RsaKeyPair::from_pkcs8(private)?;
                let public = DecodingKey::from_rsa_der(pair.public_key().as_ref());
                (Private::Rs256(pair), public)
            }
            SigningAlgorithm::Hs256 => (
                Private::Hs256(Box::new(hmac::Key::new(hmac::HMAC_SHA256, private))),
                DecodingKey::from_secret(private),
            ),
        };
        Ok(Self {
            algorithm,
            private,
            public,
            rules: rules(algorithm.into(), issuer),
        })
    }

    pub(crate) fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// The signature of a message, in the form of JSON Web Algorithms (RFC 7518, RFC 8037).
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        Ok(match &self.private {
            Private::EdDsa(pair) => pair.sign(message).as_ref().to_vec(),
            Private::Es256(pair) => pair.sign(&SystemRandom::new(), message)?.as_ref().to_vec(),
            Private::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)?;
                signature
            }
            Private::Hs256(key) => hmac::sign(key, message).as_ref().to_vec(),
        })
    }

    /// What verifies.
    pub(crate) fn public(&self) -> &DecodingKey {
        &self.public
    }

    /// What a token signed with this key must look like.
    pub(crate) fn rules(&self) -> &Validation {
        &self.rules
    }

    /// The public half as published; a shared secret has none.
    pub(crate) fn public_jwk(&self, kid: &str) -> Result<Option<Value>, KeyError> {
        if self.algorithm == SigningAlgorithm::Hs256 {
            return Ok(None);
        }
        let mut jwk = Jwk::from_decoding_key(&self.public, Some(self.algorithm.into()))
            .map_err(|_| KeyError::Rejected)?;
        jwk.common.key_id = Some(kid.to_owned());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        serde_json::to_value(jwk).map(Some).map_err(|_| KeyError::Failed)
    }
}

impl From<SigningAlgorithm> for Algorithm {
    fn from(algorithm: SigningAlgorithm) -> Self {
        match algorithm {
            SigningAlgorithm::EdDsa => Self::EdDSA,
            SigningAlgorithm::Es256 => Self::ES256,
            SigningAlgorithm::Rs256 => Self::RS256,
            SigningAlgorithm::Hs256 => Self::HS256,
        }
    }
}

/// One algorithm, one issuer, and no audience: a token for somebody else is not for us.
fn rules(algorithm: Algorithm, issuer: &str) -> Validation {
    let mut rules = Validation::new(algorithm);
    rules.set_issuer(&[issuer]);
    rules.set_required_spec_claims(&["iss", "sub", "exp"]);
    // The library would ask the system for the time; the caller asks the clock it was given.
    rules.validate_exp = false;
    rules.validate_nbf = false;
    rules
}
