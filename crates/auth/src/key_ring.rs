//! The signing keys of the service: made in the database once, sealed, shared by every node.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use portico_entity::signing_keys;
use sea_orm::ActiveValue::Set;
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::{Value, json};

use crate::database::Database;
use crate::policy::{Policy, SigningAlgorithm};
use crate::port::{Entropy, EntropyError, random};
use crate::seal::{Keys, SealError};
use crate::signing_key::{KeyError, SigningKey};
use crate::store;

/// A new key is published this long before it signs, so that whoever caches the set knows it by then.
const PUBLISHED_AHEAD: TimeDelta = TimeDelta::minutes(10);
/// Clocks of nodes differ, and a request takes its time.
const MARGIN: TimeDelta = TimeDelta::minutes(5);
/// A token that names an unknown key makes the keys be read again, this often at most.
const RELOAD_INTERVAL: TimeDelta = TimeDelta::seconds(1);

/// Why the keys could not be read or made.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    /// The database refused or is away.
    #[error("database: {0}")]
    Database(#[from] DbErr),
    /// A key is sealed under another master key, or damaged.
    #[error("a signing key cannot be opened: {0}")]
    Seal(#[from] SealError),
    /// A key could not be made or read.
    #[error("signing key: {0}")]
    Key(#[from] KeyError),
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The database holds no key of the configured algorithm although one was just made.
    #[error("no signing key of the configured algorithm")]
    Missing,
}

/// A key of the ring.
pub(crate) struct Entry {
    pub(crate) kid: String,
    pub(crate) key: SigningKey,
    public: Option<Value>,
    created_at: DateTime<Utc>,
    retires_at: Option<DateTime<Utc>>,
}

impl Entry {
    fn is_accepted(&self, now: DateTime<Utc>) -> bool {
        self.retires_at.is_none_or(|at| at > now)
    }

    /// Whether whoever caches the set of keys knows it by now.
    fn is_known(&self, now: DateTime<Utc>) -> bool {
        self.created_at + PUBLISHED_AHEAD <= now
    }

    /// The given end of a token, or that of the key where it comes before: no token outlives its key.
    pub(crate) fn end_of_token(&self, wanted: DateTime<Utc>) -> DateTime<Utc> {
        self.retires_at.map_or(wanted, |at| at.min(wanted))
    }
}

/// What is to be done so that there is a key to sign with from now on.
enum Due {
    Nothing,
    /// To make one.
    New,
    /// To let one go on that had an end, because another algorithm was configured meanwhile.
    Again(String),
}

type Ring = BTreeMap<String, Arc<Entry>>;

/// The keys this node knows.
pub(crate) struct KeyRing {
    algorithm: SigningAlgorithm,
    ring: RwLock<Arc<Ring>>,
    reloaded: Mutex<DateTime<Utc>>,
}

/// What reading and making keys takes.
pub(crate) struct Source<'a> {
    pub(crate) database: &'a Database,
    pub(crate) keys: &'a Keys,
    pub(crate) entropy: &'a dyn Entropy,
    pub(crate) policy: &'a Policy,
    pub(crate) now: DateTime<Utc>,
}

impl KeyRing {
    /// Reads the keys, making the first one where there is none.
    pub(crate) async fn open(source: &Source<'_>) -> Result<Self, KeyRingError> {
        let ring = Self {
            algorithm: source.policy.algorithm,
            ring: RwLock::default(),
            reloaded: Mutex::new(source.now),
        };
        ring.maintain(source).await?;
        ring.signer(source.now, source.now).ok_or(KeyRingError::Missing)?;
        Ok(ring)
    }

    /// Reads the keys; makes the next one when the newest has reached its age or its end is near.
    pub(crate) async fn maintain(&self, source: &Source<'_>) -> Result<(), KeyRingError> {
        let mut ring = read(&source.database.connection, source).await?;
        if !matches!(self.due(&ring, source), Due::Nothing) {
            let transaction = source.database.begin().await?;
            store::signing_keys::lock(&*transaction).await?;
            // Another node may have been faster.
            ring = read(&*transaction, source).await?;
            let kid = match self.due(&ring, source) {
                Due::Nothing => None,
                Due::New => Some(self.make(&*transaction, source).await?),
                Due::Again(kid) => {
                    store::signing_keys::go_on(&*transaction, &kid).await?;
                    Some(kid)
                }
            };
            if let Some(kid) = kid {
                // The others sign until this one is known everywhere, and are accepted until their last token
                // has expired.
                let end = source.now + PUBLISHED_AHEAD + source.policy.access_token_lifetime + MARGIN;
                store::signing_keys::retire_others(&*transaction, &kid, end).await?;
                ring = read(&*transaction, source).await?;
            }
            transaction.commit().await?;
        }
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
        Ok(())
    }

    fn due(&self, ring: &Ring, source: &Source<'_>) -> Due {
        let newest = self.of_algorithm(ring).max_by_key(|entry| entry.created_at);
        let young = |entry: &&Arc<Entry>| entry.created_at + source.policy.signing_key_lifetime > source.now;
        match newest.filter(young) {
            None => Due::New,
            Some(entry) => match entry.retires_at {
                None => Due::Nothing,
                // Every node hears of it before the end that it knows.
                Some(end) if end > source.now + PUBLISHED_AHEAD => Due::Again(entry.kid.clone()),
                Some(_) => Due::New,
            },
        }
    }

    fn of_algorithm<'a>(&self, ring: &'a Ring) -> impl Iterator<Item = &'a Arc<Entry>> {
        let algorithm = self.algorithm;
        ring.values()
            .filter(move |entry| entry.key.algorithm() == algorithm)
    }

    /// Makes a key and tells its name.
    async fn make<C: ConnectionTrait>(
        &self,
        connection: &C,
        source: &Source<'_>,
    ) -> Result<String, KeyRingError> {
        let kid = URL_SAFE_NO_PAD.encode(random::<12>(source.entropy)?);
        let private = SigningKey::generate(self.algorithm, source.entropy)?;
        let key = SigningKey::from_private(self.algorithm, &private, &source.policy.issuer)?;
        let row = signing_keys::ActiveModel {
            kid: Set(kid.clone()),
            algorithm: Set(self.algorithm.as_str().to_owned()),
            public_key: Set(key.public_jwk(&kid)?),
            sealed_private_key: Set(source
                .keys
                .sealer
                .seal(source.entropy, kid.as_bytes(), &private)?),
            key_id: Set(source.keys.key_id.clone()),
            created_at: Set(source.now),
            retires_at: Set(None),
        };
        store::signing_keys::insert(connection, row).await?;
        Ok(kid)
    }

    /// The key that signs a token now: the newest one that is known and outlives the token, of the configured
    /// algorithm or else of another; else the known one that is accepted longest. Where none is known, at the
    /// first start, it is the first.
    pub(crate) fn signer(&self, now: DateTime<Utc>, token_end: DateTime<Utc>) -> Option<Arc<Entry>> {
        let ring = self.snapshot();
        let known = ring
            .values()
            .filter(|entry| entry.is_accepted(now) && entry.is_known(now))
            .max_by_key(|entry| {
                let own = entry.key.algorithm() == self.algorithm;
                (entry.end_of_token(token_end), own, entry.created_at)
            });
        let first = || {
            let accepted = self.of_algorithm(&ring).filter(|entry| entry.is_accepted(now));
            accepted.min_by_key(|entry| entry.created_at)
        };
        known.or_else(first).cloned()
    }

    /// The key of this name, if tokens signed with it are accepted.
    pub(crate) fn find(&self, kid: &str, now: DateTime<Utc>) -> Option<Arc<Entry>> {
        self.snapshot()
            .get(kid)
            .filter(|entry| entry.is_accepted(now))
            .cloned()
    }

    /// Whether the keys may be read again because of an unknown name.
    pub(crate) fn may_reload(&self, now: DateTime<Utc>) -> bool {
        let mut reloaded = self.reloaded.lock().unwrap_or_else(PoisonError::into_inner);
        let may = now - *reloaded >= RELOAD_INTERVAL;
        if may {
            *reloaded = now;
        }
        may
    }

    /// The public keys whose tokens are accepted (RFC 7517).
    pub(crate) fn published(&self, now: DateTime<Utc>) -> Value {
        let ring = self.snapshot();
        let accepted = ring.values().filter(|entry| entry.is_accepted(now));
        let keys: Vec<&Value> = accepted.filter_map(|entry| entry.public.as_ref()).collect();
        json!({ "keys": keys })
    }

    fn snapshot(&self) -> Arc<Ring> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn read<C: ConnectionTrait>(connection: &C, source: &Source<'_>) -> Result<Ring, KeyRingError> {
    let rows = store::signing_keys::accepted(connection, source.now).await?;
    rows.into_iter()
        .map(|row| {
            let private = source
                .keys
                .sealer
                .open(row.kid.as_bytes(), &row.sealed_private_key)?;
            let algorithm = SigningAlgorithm::parse(&row.algorithm).ok_or(KeyError::Rejected)?;
            let key = SigningKey::from_private(algorithm, &private, &source.policy.issuer)?;
            let entry = Entry {
                kid: row.kid.clone(),
                public: key.public_jwk(&row.kid)?,
                key,
                created_at: row.created_at,
                retires_at: row.retires_at,
            };
            Ok((row.kid, Arc::new(entry)))
        })
        .collect()
}
