//! Writes that wait for their turn.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use rusqlite::types::Value;
use tokio::sync::oneshot;

use super::lock;
use crate::error::Failure;
use crate::execute::answer::Answer;
use crate::execute::{Found, Origin, Task};
use crate::sql::Compiled;

/// So many go together: those behind them wait no longer than for one turn of others.
const MOST_TOGETHER: usize = 64;

/// What is written.
pub(super) enum Write {
    /// By the mutations of a request.
    Request {
        compiled: Arc<Compiled>,
        tasks: Vec<Task>,
        origin: Arc<dyn Origin>,
        answer: Answer,
    },
    /// By a statement that stands by itself.
    Single { sql: Arc<str>, values: Vec<Value> },
}

/// What came of it.
pub(super) enum Written {
    Answer(Vec<u8>),
    Found(Found),
}

/// A write, and whoever waits for what it answers.
pub(super) struct Waiting {
    pub(super) write: Write,
    pub(super) reply: oneshot::Sender<Result<Written, Failure>>,
}

/// Its place in the queue, empty once somebody has taken it.
pub(super) type Place = Arc<Mutex<Option<Waiting>>>;

/// Writes in the order in which they came.
#[derive(Default)]
pub(super) struct Queue(Mutex<VecDeque<Place>>);

impl std::fmt::Debug for Queue {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_tuple("Queue")
            .field(&lock(&self.0).len())
            .finish()
    }
}

impl Queue {
    pub(super) fn push(&self, waiting: Waiting) -> Place {
        let place = Arc::new(Mutex::new(Some(waiting)));
        lock(&self.0).push_back(Arc::clone(&place));
        place
    }

    /// The first of those that somebody still waits for.
    pub(super) fn take(&self) -> Vec<Waiting> {
        let mut places = lock(&self.0);
        std::iter::from_fn(|| places.pop_front())
            .filter_map(|place| lock(&place).take())
            .filter(|waiting| !waiting.reply.is_closed())
            .take(MOST_TOGETHER)
            .collect()
    }
}
