//! A few connections that quick reads share by pipelining.

use std::ops::Deref;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::connection::{Connection, lock};
use super::link::Link;
use crate::error::Failure;
use crate::execute::turns::{ConnectionCounters, Counted};

/// A few connections that many requests use at the same time.
pub(super) struct Lanes {
    link: Arc<Link>,
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
    pub(super) fn new(link: &Arc<Link>, count: usize) -> Self {
        Self {
            link: Arc::clone(link),
            lanes: (0..count.max(1)).map(|_| Lane::default()).collect(),
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
            None => self.link.in_time(lane.connect(&self.link)).await?,
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

    async fn connect(&self, link: &Link) -> Result<Arc<Connection>, Failure> {
        let _turn = self.connecting.lock().await;
        // Whoever had the turn before may have succeeded.
        if let Some(connection) = self.open() {
            return Ok(connection);
        }
        let connection = Arc::new(link.connect().await?);
        // Quick reads find a few rows by a key each: to set up a bitmap for them costs as much as to find them.
        connection.batch("SET enable_bitmapscan = off").await?;
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
