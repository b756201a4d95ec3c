//! What is done beside requests.

use std::sync::Arc;
use std::time::Duration;

use portico_auth::Auth;
use portico_gateway::App;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use crate::report::Report;

/// How often it is written when users were last active, and how many attempts on their accounts failed.
const LAST_SEEN: Duration = Duration::from_secs(5);

/// How often keys are renewed and what has expired is deleted.
const MAINTENANCE: Duration = Duration::from_secs(60);

/// How often it is read what ended elsewhere; what is remembered of tokens counts for a second.
const CHANGES: Duration = Duration::from_millis(250);

/// Works until told to stop. A failure is logged and tried again at the next turn.
pub(crate) async fn run(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let auth = app.auth();
    let later = |period| every(Instant::now() + period, period);
    let (mut last_seen, mut maintenance) = (later(LAST_SEEN), later(MAINTENANCE));
    let mut report = Report::default();
    loop {
        tokio::select! {
            // An end of the sender is an end of the service, too.
            _ = stop.changed() => break,
            _ = last_seen.tick() => flush(auth).await,
            _ = maintenance.tick() => {
                if let Err(error) = auth.maintain().await {
                    tracing::warn!(%error, "maintenance failed");
                }
                report.write(app.counters());
            }
        }
    }
    flush(auth).await;
}

/// Reads what ended elsewhere until told to stop. A task of its own: nothing may delay it.
pub(crate) async fn watch(auth: Arc<Auth>, mut stop: watch::Receiver<bool>) {
    let mut changes = every(Instant::now(), CHANGES);
    let mut failing = false;
    loop {
        tokio::select! {
            _ = stop.changed() => break,
            _ = changes.tick() => {
                match auth.catch_up().await {
                    Err(error) if !failing => {
                        tracing::warn!(%error, "changes could not be read; sessions are looked up");
                        failing = true;
                    }
                    Ok(()) if failing => {
                        tracing::info!("changes are read again");
                        failing = false;
                    }
                    Ok(()) | Err(_) => {}
                }
            }
        }
    }
}

fn every(start: Instant, period: Duration) -> Interval {
    let mut interval = interval_at(start, period);
    // After a pause of the machine one turn is enough.
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// Writes what is remembered of requests for a while. Also to be called once they have ended: what happened in those that
/// were under way when the service was told to stop would be lost.
pub(crate) async fn flush(auth: &Auth) {
    if let Err(error) = auth.flush_last_seen().await {
        tracing::warn!(%error, "it could not be written when users were last active");
    }
    if let Err(error) = auth.show_failures().await {
        tracing::warn!(%error, "it could not be written how many attempts failed");
    }
}
