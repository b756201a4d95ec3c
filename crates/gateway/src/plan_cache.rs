//! What was parsed, validated and compiled for a role, ready to be used again. One cache for each role's
//! schema: neither role nor generation of the schema can be mixed up, and each role has its own bytes.

mod fingerprint;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_graphql::parser::types::OperationDefinition;
use portico_query::plan::build::Kind;
use portico_query::request::Variables;
use portico_query::sql::Compiled;
use quick_cache::sync::Cache;
use quick_cache::{Equivalent, Weighter};

pub(crate) use fingerprint::Fingerprint;

/// Shapes of variables that are kept for one document; with more, the document starts again.
const MOST_SHAPES: usize = 32;
/// A document that is longer is not kept: it would push out many.
const LONGEST_DOCUMENT: usize = 64 * 1024;

/// A document of a role with the plans made for it so far.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    /// Query or mutation.
    pub(crate) kind: Kind,
    /// The operation's name.
    pub(crate) operation_name: Option<String>,
    /// The operation, for the declarations of its variables.
    pub(crate) operation: Arc<OperationDefinition>,
    plans: Vec<(Fingerprint, Arc<Compiled>)>,
}

impl Prepared {
    /// A document before its first plan.
    pub(crate) fn new(kind: Kind, operation_name: Option<String>, operation: OperationDefinition) -> Self {
        Self {
            kind,
            operation_name,
            operation: Arc::new(operation),
            plans: Vec::new(),
        }
    }

    /// The plan for variables of this shape.
    pub(crate) fn plan(&self, shape: &Fingerprint) -> Option<&Arc<Compiled>> {
        self.plans
            .iter()
            .find(|(known, _)| known == shape)
            .map(|(_, plan)| plan)
    }

    fn bytes(&self) -> usize {
        let plans = self.plans.iter().map(|(shape, plan)| shape.len() + plan.bytes());
        size_of::<Self>() + size_of::<OperationDefinition>() + plans.sum::<usize>()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    text: Box<str>,
    operation_name: Option<Box<str>>,
}

/// A [`Key`] that is only looked for. Hashes like one.
#[derive(Hash)]
struct Sought<'k> {
    text: &'k str,
    operation_name: Option<&'k str>,
}

impl Equivalent<Key> for Sought<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.text == &*key.text && self.operation_name == key.operation_name.as_deref()
    }
}

#[derive(Debug, Clone)]
struct Bytes;

impl Weighter<Key, Arc<Prepared>> for Bytes {
    fn weight(&self, key: &Key, prepared: &Arc<Prepared>) -> u64 {
        // The parsed operation holds the text again, in pieces.
        (size_of::<Key>() + key.text.len() * 3 + prepared.bytes()) as u64
    }
}

/// The documents of a role. What is used once leaves before what is used often.
pub struct PlanCache {
    documents: Cache<Key, Arc<Prepared>, Bytes>,
    words: HashSet<String>,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl std::fmt::Debug for PlanCache {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("PlanCache")
            .field("counters", &self.counters())
            .finish_non_exhaustive()
    }
}

/// How a cache does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheCounters {
    /// Requests that were answered by a plan at hand.
    pub hits: u64,
    /// Requests that were not.
    pub misses: u64,
    /// Entries at hand.
    pub entries: u64,
    /// About how much memory they take.
    pub bytes: u64,
}

impl PlanCache {
    /// A cache of so many bytes; `words` are the values of all enums of the schema.
    pub(crate) fn new(bytes: u64, words: HashSet<String>) -> Self {
        const USUAL_ENTRY: u64 = 4 * 1024;
        let entries = usize::try_from(bytes / USUAL_ENTRY).unwrap_or(usize::MAX).max(16);
        Self {
            documents: Cache::with_weighter(entries, bytes, Bytes),
            words,
            hits: AtomicU64::default(),
            misses: AtomicU64::default(),
        }
    }

    /// The shape of variables: what of them decides the statement.
    pub(crate) fn shape(&self, operation: &OperationDefinition, variables: &Variables) -> Fingerprint {
        Fingerprint::of(operation, variables, &self.words)
    }

    /// A document that was prepared before.
    pub(crate) fn find(&self, text: &str, operation_name: Option<&str>) -> Option<Arc<Prepared>> {
        self.documents.get(&Sought { text, operation_name })
    }

    /// Counts a request that a plan answered, or did not.
    pub(crate) fn count(&self, hit: bool) {
        let counter = if hit { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Keeps a plan for the next request of the same shape.
    pub(crate) fn keep(
        &self,
        text: &str,
        operation_name: Option<&str>,
        fresh: impl FnOnce() -> Prepared,
        shape: Fingerprint,
        plan: Arc<Compiled>,
    ) {
        if text.len() > LONGEST_DOCUMENT {
            return;
        }
        let known = self
            .find(text, operation_name)
            .filter(|known| known.plans.len() < MOST_SHAPES);
        let mut prepared = match known {
            Some(known) => Prepared::clone(&known),
            None => fresh(),
        };
        if prepared.plan(&shape).is_none() {
            prepared.plans.push((shape, plan));
        }
        let key = Key {
            text: text.into(),
            operation_name: operation_name.map(Into::into),
        };
        self.documents.insert(key, Arc::new(prepared));
    }

    /// How the cache does.
    pub fn counters(&self) -> CacheCounters {
        CacheCounters {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            entries: self.documents.len() as u64,
            bytes: self.documents.weight(),
        }
    }
}
