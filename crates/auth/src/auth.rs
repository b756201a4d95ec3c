//! The service: everything a flow needs, opened once and shared.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::admin_gate::AdminGate;
use crate::attempt::Failed;
use crate::caller::Authenticated;
use crate::capacity::Capacity;
use crate::changes::Changes;
use crate::database::{Database, PoolCounters};
use crate::error::{Error, InternalError};
use crate::factor::Factor;
use crate::hashing::{Hashing, HashingCounters, StartHashingError};
use crate::jwt::{Claims, Unverified};
use crate::key_ring::{Entry, KeyRing, KeyRingError, Source};
use crate::last_seen::{INTERVAL, LastSeen};
use crate::limit::Blocked;
use crate::mail::MailTemplates;
use crate::passkey::RelyingParty;
use crate::policy::{AttestationPreference, Policy};
use crate::port::{BreachedPasswords, Clock, Entropy, now};
use crate::refusal::{Refusal, TokenFault};
use crate::seal::{Keys, MasterKey, SealError};
use crate::secret::AdminSecret;
use crate::session::authenticated;
use crate::store;
use crate::store::refresh_tokens::Alive;
use crate::token_cache::{Hash, Kept, TokenCache};

/// How many users one statement marks as seen.
const SEEN_AT_ONCE: usize = 500;

/// What the service is made of.
pub struct Parts {
    /// Where everything is kept.
    pub database: Database,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// What is allowed and for how long.
    pub policy: Policy,
    /// What mails say.
    pub mail: MailTemplates,
    /// What secrets at rest are sealed under.
    pub master_key: MasterKey,
    /// Without one nobody is an administrator by secret.
    pub admin_secret: Option<AdminSecret>,
    /// Without one new passwords are not asked for among breached ones.
    pub breached_passwords: Option<Arc<dyn BreachedPasswords>>,
}

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The secrets in the database cannot be opened with the key given.
    #[error(
        "the database is sealed under another master key ({stored}) than the one given ({given}); \
         give the key it was made with"
    )]
    OtherMasterKey {
        /// Id of the key the database was made with.
        stored: String,
        /// Id of the key given.
        given: String,
    },
    /// The configuration contradicts itself.
    #[error("{0}")]
    Policy(&'static str),
    /// The database refused or is away.
    #[error("database: {0}")]
    Database(#[from] sea_orm::DbErr),
    /// The keys cannot be derived.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The signing keys cannot be read or made.
    #[error(transparent)]
    Keys(#[from] KeyRingError),
    /// The hashing threads do not start.
    #[error(transparent)]
    Hashing(#[from] StartHashingError),
}

/// The service.
pub struct Auth {
    pub(crate) database: Database,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) policy: Policy,
    pub(crate) mail: MailTemplates,
    pub(crate) keys: Keys,
    pub(crate) ring: KeyRing,
    pub(crate) hashing: Hashing,
    pub(crate) refreshes: Capacity,
    /// Refusals that are written down.
    pub(crate) refusals: Capacity,
    pub(crate) blocked: Blocked,
    pub(crate) failed: Failed,
    pub(crate) last_seen: LastSeen,
    pub(crate) tokens: TokenCache,
    pub(crate) changes: tokio::sync::Mutex<Changes>,
    pub(crate) admin_secret: Option<AdminSecret>,
    pub(crate) breached_passwords: Option<Arc<dyn BreachedPasswords>>,
    pub(crate) admin_gate: AdminGate,
    relying_party: Option<RelyingParty>,
}

impl Auth {
    /// Opens the service on a migrated database: checks the master key, reads or makes the signing
    /// keys, adds the configured roles, starts the hashing threads.
    pub async fn open(parts: Parts) -> Result<Self, OpenError> {
        let Parts {
            database,
            clock,
            entropy,
            policy,
            mail,
            master_key,
            admin_secret,
            breached_passwords,
        } = parts;
        check_policy(&policy)?;
        let keys = Keys::derive(&master_key)?;
        prepare(&database, &keys, &policy).await?;
        let source = Source {
            database: &database,
            keys: &keys,
            entropy: entropy.as_ref(),
            policy: &policy,
            now: now(clock.as_ref()),
        };
        let ring = KeyRing::open(&source).await?;
        let threads = match policy.hashing_threads {
            0 => std::thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1)),
            threads => threads,
        };
        Ok(Self {
            hashing: Hashing::start(
                entropy.as_ref(),
                policy.password_cost,
                threads,
                policy.hashing_queue,
            )?,
            refreshes: Capacity::per_minute(policy.limits.refreshes, Arc::clone(&clock)),
            refusals: Capacity::per_minute(policy.limits.refusals(), Arc::clone(&clock)),
            blocked: Blocked::default(),
            failed: Failed::default(),
            last_seen: LastSeen::default(),
            tokens: TokenCache::new(policy.token_cache),
            changes: tokio::sync::Mutex::default(),
            admin_gate: AdminGate::default(),
            relying_party: RelyingParty::of(&policy),
            database,
            clock,
            entropy,
            policy,
            mail,
            keys,
            ring,
            admin_secret,
            breached_passwords,
        })
    }

    /// Who an access token speaks for, if the token is ours, valid, and its session goes on.
    pub async fn authenticate(&self, token: &str) -> Result<Arc<Authenticated>, Error> {
        let now = now(self.clock.as_ref());
        let hash = self.tokens.hash(token);
        let accepts = |kid: &str| self.ring.find(kid, now).is_some();
        match self.tokens.find(hash.as_ref(), now, accepts) {
            Some(kept) => Ok(Arc::clone(&kept.authenticated)),
            // Boxed because it is rare, and its room would be moved about with every request.
            None => Box::pin(self.verify(token, hash, now)).await,
        }
    }

    /// Verifies a token that is not at hand.
    async fn verify(
        &self,
        token: &str,
        hash: Option<Hash>,
        now: DateTime<Utc>,
    ) -> Result<Arc<Authenticated>, Error> {
        let refused = |fault| Error::Refused(Refusal::AccessToken(fault));
        let unverified = Unverified::parse(token).map_err(refused)?;
        let entry = self.verifying_key(unverified.kid(), now).await?;
        let entry = entry.ok_or_else(|| refused(TokenFault::UnknownKey))?;
        let claims = unverified.verify(&entry.key, now).map_err(refused)?;
        let ticket = self.tokens.ticket(claims.sid, claims.sub);
        let (claims, held) = self.check_session(claims, now).await?;
        let authenticated = Arc::new(Authenticated {
            by_pat: held.is_pat(),
            ..authenticated(claims)
        });
        if let Some(hash) = hash {
            let kept = Kept {
                kid: unverified.kid().to_owned(),
                ends_at: authenticated.expires_at.min(held.ends_at()),
                authenticated: Arc::clone(&authenticated),
                ticket,
            };
            self.tokens.keep(hash, kept);
        }
        Ok(authenticated)
    }

    /// Refuses a token whose session is over, and leaves it the roles its user still holds.
    async fn check_session(&self, mut claims: Claims, now: DateTime<Utc>) -> Result<(Claims, Alive), Error> {
        let refused = |fault| Error::Refused(Refusal::AccessToken(fault));
        let connection = self.database.reads();
        let held = store::refresh_tokens::alive(&connection, claims.sid, claims.sub, now).await?;
        let held = held.ok_or_else(|| refused(TokenFault::SessionEnded))?;
        let allowed = &mut claims.hasura.allowed_roles;
        allowed.retain(|role| held.roles.roles.contains(role));
        if !allowed.contains(&claims.hasura.default_role) {
            return Err(refused(TokenFault::RoleLost));
        }
        Ok((claims, held))
    }

    async fn verifying_key(&self, kid: &str, now: DateTime<Utc>) -> Result<Option<Arc<Entry>>, Error> {
        if let Some(entry) = self.ring.find(kid, now) {
            return Ok(Some(entry));
        }
        // Another node may have made a key since.
        if self.ring.may_reload(now) {
            self.maintain_keys().await?;
        }
        Ok(self.ring.find(kid, now))
    }

    async fn maintain_keys(&self) -> Result<(), Error> {
        let source = Source {
            database: &self.database,
            keys: &self.keys,
            entropy: self.entropy.as_ref(),
            policy: &self.policy,
            now: now(self.clock.as_ref()),
        };
        self.ring.maintain(&source).await.map_err(|error| match error {
            KeyRingError::Database(error) => InternalError::Database(error),
            KeyRingError::Seal(error) => InternalError::Seal(error),
            KeyRingError::Key(error) => InternalError::Sign(error),
            KeyRingError::Entropy(error) => InternalError::Entropy(error),
            KeyRingError::Missing => InternalError::Sign(crate::signing_key::KeyError::Rejected),
        })?;
        Ok(())
    }

    /// The public keys that verify access tokens (RFC 7517); none for a shared secret.
    pub fn jwks(&self) -> Value {
        self.ring.published(now(self.clock.as_ref()))
    }

    /// What mails, and the page behind their links, say.
    pub fn mail_templates(&self) -> &MailTemplates {
        &self.mail
    }

    /// The application as authenticators know it.
    pub(crate) fn relying_party(&self) -> Result<&RelyingParty, Refusal> {
        self.relying_party.as_ref().ok_or(Refusal::NoPasskeys)
    }

    /// The origins of the pages that may ask for a passkey; none where nobody may.
    pub fn passkey_origins(&self) -> &[String] {
        let origins = self.relying_party.as_ref().map(RelyingParty::origins);
        origins.unwrap_or_default()
    }

    /// What is allowed and for how long.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// How many password hashes this node computed.
    pub fn hash_calls(&self) -> u64 {
        self.hashing.calls()
    }

    /// How the threads that hash passwords do.
    pub fn hashing_counters(&self) -> HashingCounters {
        self.hashing.counters()
    }

    /// How the connections for accounts and sessions are used.
    pub fn connection_counters(&self) -> PoolCounters {
        self.database.counters()
    }

    /// Writes when users were last active. To be called every few seconds and at shutdown.
    pub async fn flush_last_seen(&self) -> Result<(), Error> {
        let now = now(self.clock.as_ref());
        let entries = self.last_seen.take(now);
        for (number, chunk) in entries.chunks(SEEN_AT_ONCE).enumerate() {
            let _turn = self.database.turn().await;
            let written = store::users::mark_seen(&self.database.connection, chunk, now - INTERVAL).await;
            if let Err(error) = written {
                let left = entries.get(number * SEEN_AT_ONCE..);
                self.last_seen.put_back(left.unwrap_or_default());
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// Makes the next signing key when it is due, reads those of other nodes, deletes counters,
    /// messages, sessions and notices that tell nothing any more. To be called every few minutes.
    pub async fn maintain(&self) -> Result<(), Error> {
        let now = now(self.clock.as_ref());
        self.admin_gate.shrink(now);
        self.maintain_keys().await?;
        self.shrink_limits();
        self.delete_expired().await?;
        self.purge_old_notices().await
    }
}

/// Whether the configuration can be used: what it says about one thing may contradict what it says about another.
pub fn check_policy(policy: &Policy) -> Result<(), OpenError> {
    if policy.allowed_roles.iter().any(|role| role == "admin") {
        return Err(OpenError::Policy(
            "the role admin cannot be among the roles of sign-up",
        ));
    }
    if !policy.allowed_roles.contains(&policy.default_role) {
        return Err(OpenError::Policy(
            "the default role must be among the roles of sign-up",
        ));
    }
    let passkeys = &policy.passkeys;
    if !passkeys.allowed_models.is_empty() && passkeys.attestation == AttestationPreference::None {
        return Err(OpenError::Policy(
            "models of authenticators can be told apart with an attestation only",
        ));
    }
    if policy.second_factors == [Factor::Webauthn] && RelyingParty::of(policy).is_none() {
        return Err(OpenError::Policy(
            "passkeys cannot be the only second factor where the address of the application is no domain",
        ));
    }
    if policy.default_locale.len() != 2 {
        return Err(OpenError::Policy(
            "the default locale must be a language code of two letters",
        ));
    }
    Ok(())
}

async fn prepare(database: &Database, keys: &Keys, policy: &Policy) -> Result<(), OpenError> {
    let transaction = database.begin().await?;
    let stored = store::settings::get_or_set(&*transaction, "master_key_id", json!(keys.key_id)).await?;
    if stored.as_str() != Some(keys.key_id.as_str()) {
        let stored = stored.as_str().unwrap_or_default().to_owned();
        return Err(OpenError::OtherMasterKey {
            stored,
            given: keys.key_id.clone(),
        });
    }
    store::roles::ensure(&*transaction, &policy.allowed_roles).await?;
    transaction.commit().await?;
    Ok(())
}
