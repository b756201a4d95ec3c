//! A connection that stays open but does not answer any more. Nobody keeps the time of each request: once a second it
//! is looked at whether any was answered.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::task::AbortHandle;

use super::connection::Connection;

/// How often it is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// What was asked of a connection, and whether it answers.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// Requests that wait for an answer.
    waiting: AtomicU64,
    /// Requests that were answered.
    answered: AtomicU64,
    /// Whether somebody went before the answer came: then it is not known when it does.
    left: AtomicBool,
}

/// A request that waits for its answer.
pub(super) struct Waiting<'a>(&'a Answers);

impl Answers {
    pub(super) fn wait(&self) -> Waiting<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Waiting(self)
    }
}

impl Waiting<'_> {
    /// Everything that was asked for has come.
    pub(super) fn answered(self) {
        self.0.answered.fetch_add(1, Ordering::Relaxed);
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
        std::mem::forget(self);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.left.store(true, Ordering::Relaxed);
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Ends the driver of a connection on which requests wait and none was answered for longer than `patience`. They fail
/// then, and the next ones are sent on another connection.
pub(super) async fn watch(connection: Weak<Connection>, driver: AbortHandle, patience: Duration) {
    // Looks are counted rather than time: a pause of this machine is not one of the database.
    let most = patience.as_secs() / LOOK.as_secs();
    let (mut silent, mut before) = (0, 0);
    loop {
        tokio::time::sleep(LOOK).await;
        let Some(connection) = connection.upgrade().filter(|connection| connection.is_open()) else {
            return;
        };
        let answers = connection.answers();
        let answered = answers.answered.load(Ordering::Relaxed);
        silent = match answers.waiting.load(Ordering::Relaxed) > 0 && answered == before {
            true => silent + 1,
            false => 0,
        };
        before = answered;
        if silent > most {
            tracing::warn!(
                seconds = silent,
                "a connection to the database was given up: it does not answer"
            );
            return driver.abort();
        }
        if answers.left.swap(false, Ordering::Relaxed) {
            tokio::spawn(ask(connection));
        }
    }
}

/// Waits in the place of those who left. What becomes of it is seen by the watch.
async fn ask(connection: Arc<Connection>) {
    let _ = connection.batch("").await;
}
