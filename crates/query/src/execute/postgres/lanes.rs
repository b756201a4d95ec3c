//! A few connections that quick reads share by pipelining.

use std::ops::Deref;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::connection::{Connection, lock};
use super::link::Link;
use crate::error::Failure;
use crate::execute::ExecutorSettings;
use crate::execute::turns::{ConnectionCounters, Counted};

/// How quick reads are planned: once for all values, as to plan anew takes longer than they do, and so that rows
/// are found where an index says, as they are few and mostly in memory.
pub const QUICK_READS: &str = "SET plan_cache_mode = force_generic_plan; SET random_page_cost = 1.1";

/// What takes longer goes elsewhere: so long do those behind it wait.
const PATIENCE: Duration = Duration::from_millis(250);

/// A few connections that many requests use at the same time.
pub(super) struct Lanes {
    link: Arc<Link>,
    /// How long a statement may run.
    patience: Duration,
    /// What is set on a new connection.
    ways: String,
    lanes: Vec<Lane>,
    next: AtomicUsize,
}

#[derive(Default)]
struct Lane {
    connection: Mutex<Option<Arc<Connection>>>,
    connecting: tokio::sync::Mutex<()>,
    /// Requests that use it, or wait for it.
    requests: AtomicU64,
}

/// A request on a lane.
pub(super) struct OnLane<'l> {
    connection: Arc<Connection>,
    _counted: Counted<'l>,
}

impl Lanes {
    pub(super) fn new(link: &Arc<Link>, settings: &ExecutorSettings) -> Self {
        let patience = PATIENCE.min(settings.statement_timeout);
        Self {
            link: Arc::clone(link),
            patience,
            ways: format!("{QUICK_READS}; SET statement_timeout = {}", patience.as_millis()),
            lanes: (0..settings.read_connections.max(1))
                .map(|_| Lane::default())
                .collect(),
            next: AtomicUsize::new(0),
        }
    }

    /// The lane with the fewest requests: none is behind a slow one, or one that has to connect, while another
    /// lane is free.
    pub(super) async fn take(&self) -> Result<OnLane<'_>, Failure> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.lanes.len();
        let (before, after) = self.lanes.split_at(turn);
        let lane = after
            .iter()
            .chain(before)
            .min_by_key(|lane| lane.requests.load(Ordering::Relaxed))
            .ok_or_else(|| Failure::unexpected(&"there is no connection to read by"))?;
        let counted = Counted::on(&lane.requests);
        let connection = match lane.open() {
            Some(connection) => connection,
            None => self.link.in_time(lane.connect(self)).await?,
        };
        Ok(OnLane {
            connection,
            _counted: counted,
        })
    }

    pub(super) fn counters(&self, name: &'static str) -> ConnectionCounters {
        let requests = |lane: &Lane| lane.requests.load(Ordering::Relaxed);
        ConnectionCounters {
            name,
            connections: self.lanes.len() as u64,
            in_use: self.lanes.iter().map(requests).sum(),
            waiting: None,
            refused: None,
        }
    }
}

impl Lane {
    fn open(&self) -> Option<Arc<Connection>> {
        lock(&self.connection)
            .as_ref()
            .filter(|connection| connection.is_open())
            .cloned()
    }

    async fn connect(&self, lanes: &Lanes) -> Result<Arc<Connection>, Failure> {
        let _turn = self.connecting.lock().await;
        // Whoever had the turn before may have succeeded.
        if let Some(connection) = self.open() {
            return Ok(connection);
        }
        let connection = lanes.link.connect_for(lanes.patience).await?;
        connection.batch(&lanes.ways).await?;
        *lock(&self.connection) = Some(Arc::clone(&connection));
        Ok(connection)
    }
}

impl Deref for OnLane<'_> {
    type Target = Arc<Connection>;

    fn deref(&self) -> &Arc<Connection> {
        &self.connection
    }
}
