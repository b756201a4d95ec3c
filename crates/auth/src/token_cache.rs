//! Access tokens that were verified a moment ago, by their hash.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, Utc};
use quick_cache::UnitWeighter;
use quick_cache::sync::Cache;
use uuid::Uuid;

use crate::caller::Authenticated;
use crate::jwt::MAXIMUM_LENGTH;
use crate::store::change_notices::Subject;

/// What is remembered counts for so long after notices were read.
const FRESH: Duration = Duration::from_secs(1);
/// Counters of changes. Subjects share them: a change of one makes tokens of a few others be looked up again.
const COUNTERS: usize = 16 * 1024;
/// Entries that room is made for at once.
const USUAL_ENTRIES: usize = 1024;

/// SHA-256 of an access token.
pub(crate) type Hash = [u8; 32];

/// How many changes there were when a session was looked up. Taken before: a change that the lookup did not
/// see is counted later, and what is kept with an old count is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket {
    everything: u64,
    session: u64,
    user: u64,
}

/// A token that was found good.
pub(crate) struct Kept {
    pub(crate) authenticated: Arc<Authenticated>,
    /// Name of the key that signed it.
    pub(crate) kid: String,
    /// When the token or its session ends by itself.
    pub(crate) ends_at: DateTime<Utc>,
    pub(crate) ticket: Ticket,
}

/// How the memory for access tokens does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TokenCounters {
    /// Tokens that were known.
    pub hits: u64,
    /// Tokens whose session was looked up, and those that were refused.
    pub misses: u64,
    /// Tokens at hand.
    pub entries: u64,
    /// Whether what is at hand counts now.
    pub readable: bool,
}

/// The tokens this node verified.
pub(crate) struct TokenCache {
    tokens: Cache<Hash, Arc<Kept>, UnitWeighter>,
    everything: AtomicU64,
    changes: Box<[AtomicU64]>,
    origin: Instant,
    /// Nanoseconds from the origin to the moment when notices were read last, 0 for never.
    read_at: AtomicU64,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl TokenCache {
    /// For so many tokens; 0 remembers none.
    pub(crate) fn new(entries: usize) -> Self {
        Self {
            tokens: Cache::with_weighter(entries.min(USUAL_ENTRIES), entries as u64, UnitWeighter),
            everything: AtomicU64::default(),
            changes: (0..COUNTERS).map(|_| AtomicU64::default()).collect(),
            origin: Instant::now(),
            read_at: AtomicU64::default(),
            hits: AtomicU64::default(),
            misses: AtomicU64::default(),
        }
    }

    /// What a token is looked for by; none where nothing at hand counts or the token is none.
    pub(crate) fn hash(&self, token: &str) -> Option<Hash> {
        if token.len() > MAXIMUM_LENGTH || !self.is_readable() {
            return None;
        }
        digest(&SHA256, token.as_bytes()).as_ref().try_into().ok()
    }

    /// A token found good before that still is; `accepts` tells whether a key is still accepted.
    pub(crate) fn find(
        &self,
        hash: Option<&Hash>,
        now: DateTime<Utc>,
        accepts: impl FnOnce(&str) -> bool,
    ) -> Option<Arc<Kept>> {
        let found = hash.and_then(|hash| {
            let kept = self.tokens.get(hash)?;
            let who = &kept.authenticated;
            let good = kept.ends_at > now
                && kept.ticket == self.ticket(who.session_id, who.user_id)
                && accepts(&kept.kid);
            if !good {
                self.tokens.remove(hash);
            }
            good.then_some(kept)
        });
        let counter = if found.is_some() { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
        found
    }

    /// To be taken before a session is looked up.
    pub(crate) fn ticket(&self, session: Uuid, user: Uuid) -> Ticket {
        let changes = |id| {
            self.counter(id)
                .map_or(0, |counter| counter.load(Ordering::SeqCst))
        };
        Ticket {
            everything: self.everything.load(Ordering::SeqCst),
            session: changes(session),
            user: changes(user),
        }
    }

    /// Remembers a token.
    pub(crate) fn keep(&self, hash: Hash, kept: Kept) {
        self.tokens.insert(hash, Arc::new(kept));
    }

    /// Forgets the tokens of a subject.
    pub(crate) fn forget(&self, subject: Subject) {
        let counter = match subject {
            Subject::Session(id) | Subject::User(id) => self.counter(id),
            Subject::Everything => {
                self.tokens.clear();
                Some(&self.everything)
            }
        };
        if let Some(counter) = counter {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// What is at hand counts for a second from then on.
    pub(crate) fn trust(&self, read_at: Instant) {
        let since = read_at.saturating_duration_since(self.origin).as_nanos();
        let since = u64::try_from(since).unwrap_or(u64::MAX).max(1);
        self.read_at.store(since, Ordering::SeqCst);
    }

    /// Nothing at hand counts before notices were read again.
    pub(crate) fn distrust(&self) {
        self.read_at.store(0, Ordering::SeqCst);
    }

    fn is_readable(&self) -> bool {
        match self.read_at.load(Ordering::SeqCst) {
            0 => false,
            nanoseconds => {
                let since = Duration::from_nanos(nanoseconds);
                self.origin.elapsed().saturating_sub(since) < FRESH
            }
        }
    }

    fn counter(&self, id: Uuid) -> Option<&AtomicU64> {
        // Ids end in random bits, whatever their version.
        let place = usize::try_from(id.as_u128() % COUNTERS as u128).ok()?;
        self.changes.get(place)
    }

    /// How the memory does.
    pub(crate) fn counters(&self) -> TokenCounters {
        TokenCounters {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            entries: self.tokens.len() as u64,
            readable: self.is_readable(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::TimeDelta;

    use super::*;

    const SESSION: Uuid = Uuid::from_u128(1);
    const USER: Uuid = Uuid::from_u128(2);

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn kept(ticket: Ticket) -> Kept {
        let ends_at = now() + TimeDelta::minutes(15);
        let authenticated = Authenticated {
            user_id: USER,
            session_id: SESSION,
            default_role: "user".to_owned(),
            allowed_roles: vec!["user".to_owned()],
            elevated: false,
            by_pat: false,
            elevated_by: None,
            anonymous: false,
            variables: Arc::new(BTreeMap::new()),
            expires_at: ends_at,
        };
        Kept {
            authenticated: Arc::new(authenticated),
            kid: "k1".to_owned(),
            ends_at,
            ticket,
        }
    }

    fn found(cache: &TokenCache, now: DateTime<Utc>) -> bool {
        let hash = cache.hash("token");
        cache.find(hash.as_ref(), now, |kid| kid == "k1").is_some()
    }

    fn filled() -> TokenCache {
        let cache = TokenCache::new(10);
        cache.trust(Instant::now());
        let ticket = cache.ticket(SESSION, USER);
        cache.keep(cache.hash("token").unwrap(), kept(ticket));
        cache
    }

    #[test]
    fn a_token_counts_until_it_its_key_or_its_subject_ends() {
        let cache = filled();
        assert!(found(&cache, now() + TimeDelta::seconds(899)));
        assert!(!found(&cache, now() + TimeDelta::seconds(900)));
        assert!(!found(&cache, now()), "what was bad is not kept");
        for subject in [
            Subject::Session(SESSION),
            Subject::User(USER),
            Subject::Everything,
        ] {
            let cache = filled();
            cache.forget(Subject::User(Uuid::from_u128(3)));
            assert!(found(&cache, now()));
            cache.forget(subject);
            assert!(!found(&cache, now()), "{subject:?}");
        }
        let cache = filled();
        let hash = cache.hash("token");
        assert!(cache.find(hash.as_ref(), now(), |_| false).is_none());
        assert_eq!(
            cache.counters(),
            TokenCounters {
                hits: 0,
                misses: 1,
                entries: 0,
                readable: true
            }
        );
    }

    #[test]
    fn nothing_counts_unless_notices_were_read_within_the_second() {
        let cache = TokenCache::new(10);
        assert!(cache.hash("token").is_none(), "never read");
        let cache = filled();
        cache.distrust();
        assert!(!found(&cache, now()));
        cache.trust(Instant::now());
        assert!(found(&cache, now()));
        // Not before the origin, which is a moment ago.
        let cache = TokenCache {
            origin: Instant::now().checked_sub(FRESH * 2).unwrap(),
            ..filled()
        };
        cache.trust(Instant::now().checked_sub(FRESH).unwrap());
        assert!(!found(&cache, now()));
        assert!(!cache.counters().readable);
    }

    #[test]
    fn what_was_looked_up_before_a_change_is_not_used_after_it() {
        for subject in [
            Subject::Session(SESSION),
            Subject::User(USER),
            Subject::Everything,
        ] {
            let cache = TokenCache::new(10);
            cache.trust(Instant::now());
            let ticket = cache.ticket(SESSION, USER);
            // The session was alive then; it ends, the notice is read, and only now the token is kept.
            cache.forget(subject);
            cache.keep(cache.hash("token").unwrap(), kept(ticket));
            assert!(!found(&cache, now()), "{subject:?}");
        }
    }

    #[test]
    fn tokens_take_no_more_room_than_given() {
        for entries in [0, 1, 100] {
            let cache = TokenCache::new(entries);
            cache.trust(Instant::now());
            for number in 0..1_000 {
                let ticket = cache.ticket(SESSION, USER);
                cache.keep(cache.hash(&number.to_string()).unwrap(), kept(ticket));
            }
            assert!(cache.counters().entries <= entries as u64);
        }
    }
}
