//! Who asks authenticators: the application, by its domain.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use url::{Host, Url};
use uuid::Uuid;
use webauthn_rs_core::WebauthnCore;
use webauthn_rs_core::error::WebauthnError;
use webauthn_rs_core::proto::{
    AllowCredentials, AttestationConveyancePreference, AuthenticationState, AuthenticatorSelectionCriteria,
    AuthenticatorTransport, COSEAlgorithm, Credential, ParsedAttestation, PublicKeyCredentialDescriptor,
    RegistrationState, RequestRegistrationExtensions, ResidentKeyRequirement, UserVerificationPolicy,
};

use super::PasskeyFault;
use super::answer::{Assertion, Attestation};
use super::challenge::LIFETIME;
use crate::error::{Error, InternalError};
use crate::method::{Method, Methods};
use crate::policy::{AttestationPreference, Policy, UserVerification};
use crate::refusal::Refusal;
use crate::row::from_row;

/// The application as authenticators know it.
pub(crate) struct RelyingParty {
    core: WebauthnCore,
    user_verification: UserVerificationPolicy,
    attestation: AttestationConveyancePreference,
    allowed_models: Vec<Uuid>,
    origins: Vec<String>,
}

/// A credential that may answer.
pub(crate) struct Allowed {
    /// In base64url.
    pub(crate) credential_id: String,
    /// Separated by commas.
    pub(crate) transports: String,
}

from_row!(Allowed {
    credential_id,
    transports,
});

/// Whose a new credential is to be.
pub(crate) struct Owner<'a> {
    pub(crate) id: Uuid,
    /// What tells the user's accounts apart.
    pub(crate) name: &'a str,
    pub(crate) display_name: &'a str,
}

/// What a browser is to be given, and what the answer is checked by.
pub(crate) struct Question<S> {
    /// In the JSON form of the standard.
    pub(crate) options: Value,
    pub(crate) challenge: Vec<u8>,
    pub(crate) state: S,
}

/// A credential that was made for us, with what it says of itself.
pub(crate) struct Registered {
    pub(crate) proof: Proof,
    pub(crate) credential: Credential,
    /// In base64url.
    pub(crate) credential_id: String,
    pub(crate) transports: String,
    pub(crate) aaguid: Option<Uuid>,
}

/// Proof that a credential signed a challenge of ours; only this file makes one.
pub(crate) struct Proof {
    counter: u32,
    user_verified: bool,
    backup_eligible: bool,
    backed_up: bool,
}

impl Proof {
    /// What it proves: possession, and whoever was verified as well has shown two factors.
    pub(crate) fn methods(&self) -> Methods {
        let key = Methods::new(&[self.key()]);
        match self.user_verified {
            true => key.and(&[Method::MultipleFactors]),
            false => key,
        }
    }

    /// Which kind of key signed.
    pub(crate) fn key(&self) -> Method {
        match self.backup_eligible {
            true => Method::SoftwareKey,
            false => Method::HardwareKey,
        }
    }

    /// The counter of the authenticator; 0 where it has none.
    pub(crate) fn counter(&self) -> i64 {
        self.counter.into()
    }

    /// Whether the authenticator made sure who uses it, and not merely that somebody does.
    pub(crate) fn user_verified(&self) -> bool {
        self.user_verified
    }

    /// Whether the credential is synchronised to other devices.
    pub(crate) fn backed_up(&self) -> bool {
        self.backed_up
    }
}

impl RelyingParty {
    /// The application of the policy; none where its address is a number, which authenticators do not take.
    pub(crate) fn of(policy: &Policy) -> Option<Self> {
        let passkeys = &policy.passkeys;
        let client = Url::parse(policy.client_address()).ok()?;
        let mut origins = vec![client.clone()];
        let id = match (&passkeys.relying_party_id, client.host()?) {
            (Some(id), _) => id.clone(),
            (None, Host::Domain(domain)) => domain.to_owned(),
            (None, Host::Ipv4(address)) if address.is_loopback() => local(&client, &mut origins)?,
            (None, Host::Ipv6(address)) if address.is_loopback() => local(&client, &mut origins)?,
            (None, _) => return None,
        };
        origins.extend(
            passkeys
                .origins
                .iter()
                .filter_map(|origin| Url::parse(origin).ok()),
        );
        let mut listed = Vec::new();
        for origin in origins.iter().map(|origin| origin.origin().ascii_serialization()) {
            if !listed.contains(&origin) {
                listed.push(origin);
            }
        }
        let timeout = LIFETIME.to_std().unwrap_or(Duration::ZERO);
        let name = &passkeys.relying_party_name;
        let exactly = Some(false);
        Some(Self {
            core: WebauthnCore::new_unsafe_experts_only(name, &id, origins, timeout, exactly, exactly),
            user_verification: match passkeys.user_verification {
                UserVerification::Required => UserVerificationPolicy::Required,
                UserVerification::Preferred => UserVerificationPolicy::Preferred,
            },
            attestation: match passkeys.attestation {
                AttestationPreference::None => AttestationConveyancePreference::None,
                AttestationPreference::Indirect => AttestationConveyancePreference::Indirect,
                AttestationPreference::Direct => AttestationConveyancePreference::Direct,
            },
            allowed_models: passkeys.allowed_models.clone(),
            origins: listed,
        })
    }

    /// The origins of the pages that may ask.
    pub(crate) fn origins(&self) -> &[String] {
        &self.origins
    }

    /// Asks for a new credential, on another authenticator than those that have one.
    pub(crate) fn ask_for_new(
        &self,
        owner: &Owner<'_>,
        existing: &[Allowed],
    ) -> Result<Question<RegistrationState>, Error> {
        let builder = self
            .core
            .new_challenge_register_builder(owner.id.as_bytes(), owner.name, owner.display_name)
            .map_err(InternalError::Passkey)?
            .attestation(self.attestation.clone())
            .user_verification_policy(self.user_verification)
            .credential_algorithms(COSEAlgorithm::secure_algs());
        let (asked, state) = self
            .core
            .generate_challenge_register(builder)
            .map_err(InternalError::Passkey)?;
        let mut options = asked.public_key;
        // The library knows "required" and "discouraged" alone.
        options.authenticator_selection = Some(AuthenticatorSelectionCriteria {
            authenticator_attachment: None,
            resident_key: Some(ResidentKeyRequirement::Preferred),
            require_resident_key: false,
            user_verification: self.user_verification,
        });
        options.extensions = Some(RequestRegistrationExtensions {
            cred_props: Some(true),
            cred_protect: None,
            uvm: None,
            min_pin_length: None,
            hmac_create_secret: None,
        });
        let existing = existing.iter().filter_map(|allowed| {
            Some(PublicKeyCredentialDescriptor {
                type_: "public-key".to_owned(),
                id: allowed.id()?,
                transports: allowed.transports(),
            })
        });
        options.exclude_credentials = Some(existing.collect());
        Ok(Question {
            challenge: options.challenge.clone(),
            options: serde_json::to_value(options).map_err(InternalError::Json)?,
            state,
        })
    }

    /// Asks for a signature of one of these credentials; of any that knows its user where none is named.
    pub(crate) fn ask_for_signature(
        &self,
        allowed: &[Allowed],
    ) -> Result<Question<AuthenticationState>, Error> {
        let (asked, state) = self
            .core
            .new_challenge_authenticate_builder(Vec::new(), Some(self.user_verification))
            .and_then(|builder| self.core.generate_challenge_authenticate(builder))
            .map_err(InternalError::Passkey)?;
        let mut options = asked.public_key;
        let allowed = allowed.iter().filter_map(|allowed| {
            Some(AllowCredentials {
                type_: "public-key".to_owned(),
                id: allowed.id()?,
                transports: allowed.transports(),
            })
        });
        options.allow_credentials = allowed.collect();
        Ok(Question {
            challenge: options.challenge.clone(),
            options: serde_json::to_value(options).map_err(InternalError::Json)?,
            state,
        })
    }

    /// Checks a new credential.
    pub(crate) fn register(
        &self,
        attestation: &Attestation,
        state: &RegistrationState,
    ) -> Result<Registered, Refusal> {
        attestation.check_frame()?;
        let answer = &attestation.credential;
        let checked = self.core.register_credential(answer, state, None);
        let mut credential = checked.map_err(|error| refusal(&error))?;
        if credential.cred_id != answer.raw_id {
            return Err(Refusal::Passkey(PasskeyFault::Invalid));
        }
        let aaguid = attestation.aaguid();
        let allowed = |model| self.allowed_models.contains(&model);
        if !self.allowed_models.is_empty() && !aaguid.is_some_and(allowed) {
            return Err(Refusal::Passkey(PasskeyFault::Model));
        }
        // What it was made by was looked at; nothing asks for it again.
        credential.attestation = ParsedAttestation::default();
        Ok(Registered {
            proof: Proof {
                counter: credential.counter,
                user_verified: credential.user_verified,
                backup_eligible: credential.backup_eligible,
                backed_up: credential.backup_state,
            },
            credential_id: URL_SAFE_NO_PAD.encode(&credential.cred_id),
            transports: attestation.transports(),
            aaguid,
            credential,
        })
    }

    /// Checks a signature of this credential.
    pub(crate) fn verify(
        &self,
        assertion: &Assertion,
        state: &AuthenticationState,
        credential: &mut Credential,
    ) -> Result<Proof, Refusal> {
        assertion.check_frame()?;
        // What is demanded is what is configured now, not what was when the credential was made.
        credential.registration_policy = self.user_verification;
        let checked = self
            .core
            .authenticate_single_credential(&assertion.credential, state, credential)
            .map_err(|error| refusal(&error))?;
        Ok(Proof {
            counter: checked.counter(),
            user_verified: checked.user_verified(),
            backup_eligible: checked.backup_eligible(),
            backed_up: checked.backup_state(),
        })
    }
}

impl Allowed {
    fn id(&self) -> Option<Vec<u8>> {
        URL_SAFE_NO_PAD
            .decode(self.credential_id.trim_end_matches('='))
            .ok()
    }

    fn transports(&self) -> Option<Vec<AuthenticatorTransport>> {
        let names = self.transports.split(',').map(str::trim);
        let known: Vec<AuthenticatorTransport> = names.filter_map(|name| name.parse().ok()).collect();
        (!known.is_empty()).then_some(known)
    }
}

/// A number is no domain, but the machine itself has a name.
fn local(client: &Url, origins: &mut Vec<Url>) -> Option<String> {
    const NAME: &str = "localhost";
    let mut named = client.clone();
    named.set_host(Some(NAME)).ok()?;
    origins.push(named);
    Some(NAME.to_owned())
}

fn refusal(error: &WebauthnError) -> Refusal {
    Refusal::Passkey(match error {
        WebauthnError::MismatchedChallenge => PasskeyFault::Challenge,
        WebauthnError::InvalidRPOrigin
        | WebauthnError::InvalidRPIDHash
        | WebauthnError::CredentialCrossOrigin => PasskeyFault::Origin,
        WebauthnError::UserNotVerified | WebauthnError::UserNotPresent => PasskeyFault::Unverified,
        WebauthnError::CredentialPossibleCompromise => PasskeyFault::Counter,
        WebauthnError::CredentialBackupEligibilityInconsistent
        | WebauthnError::CredentialMayNotBeHardwareBound => PasskeyFault::Backup,
        _ => PasskeyFault::Invalid,
    })
}

#[cfg(test)]
mod tests {
    use super::RelyingParty;
    use crate::policy::{PasskeyPolicy, Policy};

    #[test]
    fn an_origin_is_told_once() {
        let (one, other) = ("https://example.org", "https://app.example.org");
        let origins = [other, one, other].map(str::to_owned);
        let policy = Policy {
            client_url: Some(one.to_owned()),
            passkeys: PasskeyPolicy {
                origins: origins.into(),
                ..PasskeyPolicy::default()
            },
            ..Policy::default()
        };
        let party = RelyingParty::of(&policy).unwrap();
        assert_eq!(party.origins(), [one, other]);
    }
}
