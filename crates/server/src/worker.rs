//! What is done beside requests.

use std::sync::Arc;
use std::time::Duration;

use portico_auth::Auth;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// How often it is written when users were last active.
const LAST_SEEN: Duration = Duration::from_secs(5);

/// How often keys are renewed and what has expired is deleted.
const MAINTENANCE: Duration = Duration::from_secs(60);

/// Works until told to stop. A failure is logged and tried again at the next turn.
pub(crate) async fn run(auth: Arc<Auth>, mut stop: watch::Receiver<bool>) {
    let every = |period| {
        let mut interval = interval_at(Instant::now() + period, period);
        // After a pause of the machine one turn is enough.
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        interval
    };
    let (mut last_seen, mut maintenance) = (every(LAST_SEEN), every(MAINTENANCE));
    loop {
        tokio::select! {
            // An end of the sender is an end of the service, too.
            _ = stop.changed() => break,
            _ = last_seen.tick() => flush(&auth).await,
            _ = maintenance.tick() => {
                if let Err(error) = auth.maintain().await {
                    tracing::warn!(%error, "maintenance failed");
                }
            }
        }
    }
    flush(&auth).await;
}

async fn flush(auth: &Auth) {
    if let Err(error) = auth.flush_last_seen().await {
        tracing::warn!(%error, "it could not be written when users were last active");
    }
}
