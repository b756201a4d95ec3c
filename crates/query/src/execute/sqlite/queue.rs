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

/// Tells what came of it.
pub(super) type Reply = oneshot::Sender<Result<Written, Failure>>;

/// A write, and whoever waits for what it answers.
pub(super) struct Waiting {
    pub(super) write: Write,
    pub(super) reply: Reply,
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
        self.take_if(|_| true)
    }

    /// The first of those by one statement, which are quick.
    pub(super) fn take_single(&self) -> Vec<Waiting> {
        self.take_if(|write| matches!(write, Write::Single { .. }))
    }

    fn take_if(&self, wanted: impl Fn(&Write) -> bool) -> Vec<Waiting> {
        let mut taken = Vec::new();
        lock(&self.0).retain(|place| {
            let mut place = lock(place);
            place.take_if(|waiting| waiting.reply.is_closed());
            if taken.len() < MOST_TOGETHER {
                taken.extend(place.take_if(|waiting| wanted(&waiting.write)));
            }
            place.is_some()
        });
        taken
    }
}
