//! Answers whose words tell nothing, and whose time tells nothing either.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Answers come at whole multiples of this after the question. The work behind them differs by a part of a
/// millisecond between a known and an unknown address; nobody who waits for a mail notices what is added.
const STEP: Duration = Duration::from_millis(20);

/// Does work whose length nobody may learn.
pub(crate) async fn evenly<T>(work: impl Future<Output = T>) -> T {
    let begin = Instant::now();
    let done = work.await;
    rest(begin).await;
    done
}

/// Does work of which nobody may learn how long it took to refuse; what succeeds tells that anyway.
pub(crate) async fn refusing_evenly<T, E>(work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let begin = Instant::now();
    let done = work.await;
    if done.is_err() {
        rest(begin).await;
    }
    done
}

async fn rest(begin: Instant) {
    let steps = begin.elapsed().as_nanos() / STEP.as_nanos() + 1;
    let steps = u32::try_from(steps).unwrap_or(u32::MAX);
    sleep_until(begin + STEP.saturating_mul(steps)).await;
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    #[tokio::test]
    async fn work_takes_whole_steps() {
        for work in [1, 5, 25] {
            let begin = Instant::now();
            evenly(sleep(Duration::from_millis(work))).await;
            assert!(begin.elapsed() >= STEP * (u32::try_from(work).unwrap() / 20 + 1));
        }
    }

    #[tokio::test]
    async fn what_succeeds_is_answered_at_once() {
        let begin = Instant::now();
        // Many, so that a busy machine does not look like a pause.
        for _ in 0..100 {
            assert_eq!(refusing_evenly(async { Ok::<_, ()>(1) }).await, Ok(1));
        }
        assert!(begin.elapsed() < STEP * 100);
        assert_eq!(refusing_evenly(async { Err::<(), _>(2) }).await, Err(2));
        assert!(begin.elapsed() >= STEP);
    }
}
