//! One id for a request in its answer, in the log and in the audit.

use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderName, HeaderValue};
use portico_auth::{Clock, Entropy, EntropyError};
use uuid::{Builder, Uuid};

/// The header that carries the id.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const LONGEST: usize = 128;

tokio::task_local! {
    static CURRENT: RequestId;
}

/// The id of a request: the client's own, or one of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id of the request that is being answered; none where the work is for no request.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Self::clone).ok()
    }

    /// Does the work of this request: whatever is logged on the way is logged with its id.
    pub(crate) fn scope<W: Future>(self, work: W) -> impl Future<Output = W::Output> {
        CURRENT.scope(self, work)
    }

    /// The client's own id, or a new one.
    pub(crate) fn of(headers: &HeaderMap, ids: &RequestIds) -> Self {
        let own = headers.get(REQUEST_ID).and_then(Self::from_client);
        own.unwrap_or_else(|| ids.next())
    }

    /// Only what is safe in a log and a header is taken from a client.
    fn from_client(value: &HeaderValue) -> Option<Self> {
        let text = value.to_str().ok()?;
        let fits = (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Self(text.into()))
    }
}

impl From<&RequestId> for Arc<str> {
    fn from(RequestId(id): &RequestId) -> Self {
        Self::clone(id)
    }
}

/// Makes ids of requests (uuid v7). They are told apart by the moment and by a count, hashed with a random key of
/// the node so that nobody reads from two ids how much was asked between them. No request pays for randomness:
/// nobody has to be kept from guessing an id.
pub struct RequestIds {
    clock: Arc<dyn Clock>,
    node: [u8; 16],
    count: AtomicU64,
}

impl RequestIds {
    /// The ids of this node, for as long as it runs.
    pub fn new(clock: Arc<dyn Clock>, entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        let mut node = [0; 16];
        entropy.fill(&mut node)?;
        Ok(Self {
            clock,
            node,
            count: AtomicU64::default(),
        })
    }

    fn next(&self) -> RequestId {
        let mut hasher = DefaultHasher::new();
        hasher.write(&self.node);
        hasher.write_u64(self.count.fetch_add(1, Ordering::Relaxed));
        let [.., first, second] = self.node;
        let [a, b, c, d, e, f, g, h] = hasher.finish().to_be_bytes();
        let milliseconds = u64::try_from(self.clock.now().timestamp_millis()).unwrap_or(0);
        let id = Builder::from_unix_timestamp_millis(milliseconds, &[first, second, a, b, c, d, e, f, g, h]);
        let mut text = Uuid::encode_buffer();
        RequestId(id.as_uuid().hyphenated().encode_lower(&mut text).into())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use chrono::{DateTime, Utc};

    use super::*;

    struct Still;

    impl Clock for Still {
        fn now(&self) -> DateTime<Utc> {
            DateTime::UNIX_EPOCH
        }
    }

    struct Constant(u8);

    impl Entropy for Constant {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
            bytes.fill(self.0);
            Ok(())
        }
    }

    #[test]
    fn ids_of_one_moment_differ_on_a_node_and_between_nodes() {
        let nodes = [1, 2].map(|node| RequestIds::new(Arc::new(Still), &Constant(node)).unwrap());
        let ids: HashSet<String> = nodes
            .iter()
            .flat_map(|ids| (0..1_000).map(|_| ids.next().as_str().to_owned()))
            .collect();
        assert_eq!(ids.len(), 2_000);
        for id in ids {
            assert_eq!(Uuid::parse_str(&id).unwrap().get_version_num(), 7);
        }
    }

    #[test]
    fn only_harmless_ids_are_taken_from_a_client() {
        let taken = |text: &[u8]| RequestId::from_client(&HeaderValue::from_bytes(text).unwrap()).is_some();
        assert!(taken(b"a-1/b"));
        assert!(taken(&[b'a'; 128]));
        assert!(!taken(&[b'a'; 129]));
        assert!(!taken(b""));
        assert!(!taken(b"a b"));
        assert!(!taken("ä".as_bytes()));
    }
}
