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

use crate::document::Document;

pub(crate) use fingerprint::Fingerprint;

/// Shapes of variables that are kept for one document; with more, the document starts again.
const MOST_SHAPES: usize = 32;
/// How much larger than its text a parsed document is: it holds every word with its position, and the operation
/// asked for twice.
const PARSED: usize = 12;
/// A document that is longer is not kept: it would push out many.
const LONGEST_DOCUMENT: usize = 64 * 1024;

/// A document of a role with the plans made for it so far; one that is not data has none.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    /// Query or mutation.
    pub(crate) kind: Kind,
    /// The document.
    pub(crate) document: Arc<Document>,
    plans: Vec<(Fingerprint, Arc<Compiled>)>,
}

impl Prepared {
    /// A document before its first plan.
    pub(crate) fn new(kind: Kind, document: Arc<Document>) -> Self {
        Self {
            kind,
            document,
            plans: Vec::new(),
        }
    }

    /// Whether it is data.
    pub(crate) fn has_plans(&self) -> bool {
        !self.plans.is_empty()
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
        size_of::<Self>() + size_of::<Document>() + plans.sum::<usize>()
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
        (size_of::<Key>() + key.text.len() * (1 + PARSED) + prepared.bytes()) as u64
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
    /// Requests whose plan, or whose document where it is not data, was at hand.
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

    /// Counts a request for which everything was at hand, or was not.
    pub(crate) fn count(&self, hit: bool) {
        let counter = if hit { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Keeps a document, and a plan for the next request of the same shape.
    pub(crate) fn keep(
        &self,
        text: &str,
        operation_name: Option<&str>,
        fresh: impl FnOnce() -> Prepared,
        plan: Option<(Fingerprint, Arc<Compiled>)>,
    ) {
        if text.len() > LONGEST_DOCUMENT {
            return;
        }
        let known = self
            .find(text, operation_name)
            .filter(|known| known.plans.len() < MOST_SHAPES);
        let mut prepared = match (known, &plan) {
            (Some(_), None) => return,
            (Some(known), Some(_)) => Prepared::clone(&known),
            (None, _) => fresh(),
        };
        if let Some((shape, plan)) = plan
            && prepared.plan(&shape).is_none()
        {
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
