//! A read on another thread, which ends with the request that asked for it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::lock;
use crate::error::{Code, Failure};

/// What the thread of a read and its request share: when the read has to end, while it runs.
#[derive(Debug, Default)]
pub(super) struct Leash(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    pulled: bool,
    deadline: Option<Arc<AtomicU64>>,
}

/// The request. Dropped, it ends the read.
#[derive(Debug, Default)]
pub(super) struct Holder(Arc<Leash>);

impl Leash {
    /// Runs a read that ends early once the request is gone, or does not begin then.
    pub(super) fn lead<T>(
        &self,
        deadline: &Arc<AtomicU64>,
        read: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        {
            let mut state = lock(&self.0);
            if state.pulled {
                return Err(Failure::new(Code::Timeout, "$", "nobody waits for the answer"));
            }
            state.deadline = Some(Arc::clone(deadline));
        }
        let answered = read();
        // From here on the deadline is that of another read.
        lock(&self.0).deadline = None;
        answered
    }
}

impl Holder {
    pub(super) fn leash(&self) -> Arc<Leash> {
        Arc::clone(&self.0)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let mut state = lock(&self.0.0);
        state.pulled = true;
        if let Some(deadline) = &state.deadline {
            deadline.store(0, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_ends_with_its_request_and_no_later_one_does() {
        let deadline = Arc::new(AtomicU64::new(7));
        let holder = Holder::default();
        let leash = holder.leash();
        leash.lead(&deadline, || Ok(())).unwrap();
        let dropped = leash.lead(&deadline, || {
            drop(holder);
            Ok(deadline.load(Ordering::Relaxed))
        });
        assert_eq!(dropped.unwrap(), 0);
        assert!(leash.lead(&deadline, || Ok(())).is_err());
        deadline.store(7, Ordering::Relaxed);
        let late = Holder::default();
        late.leash().lead(&deadline, || Ok(())).unwrap();
        drop(late);
        assert_eq!(deadline.load(Ordering::Relaxed), 7);
    }
}
