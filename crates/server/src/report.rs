//! How the service does, in the log: what has changed since the last look.

use portico_gateway::Counters;

/// What was written last.
#[derive(Debug, Default)]
pub(crate) struct Report(Counters);

impl Report {
    /// Writes a line for each part of the service that did something since.
    pub(crate) fn write(&mut self, now: Counters) {
        let before = std::mem::replace(&mut self.0, now);
        self.plans(&before);
        let (tokens, hashing) = (&self.0.tokens, &self.0.hashing);
        if (tokens.hits, tokens.misses) != (before.tokens.hits, before.tokens.misses) {
            tracing::info!(
                hits = tokens.hits,
                misses = tokens.misses,
                entries = tokens.entries,
                readable = tokens.readable,
                "tokens"
            );
        }
        if *hashing != before.hashing {
            tracing::info!(
                waiting = hashing.waiting,
                running = hashing.running,
                computed = hashing.computed,
                refused = hashing.refused,
                "hashing"
            );
        }
        self.connections(&before);
    }

    fn plans(&self, before: &Counters) {
        for (role, plans) in &self.0.plans {
            let last = before.plans.iter().find(|(known, _)| known == role);
            let last = last.map(|(_, plans)| *plans).unwrap_or_default();
            if (plans.hits, plans.misses) != (last.hits, last.misses) {
                tracing::info!(
                    role,
                    hits = plans.hits,
                    misses = plans.misses,
                    entries = plans.entries,
                    bytes = plans.bytes,
                    "plans"
                );
            }
        }
    }

    /// That connections are used is no news; that somebody waits for one or got none is.
    fn connections(&self, before: &Counters) {
        for pool in &self.0.connections {
            let last = before.connections.iter().find(|known| known.name == pool.name);
            let refused = last.and_then(|last| last.refused).unwrap_or_default();
            let more = pool.refused.unwrap_or_default() > refused;
            if more || pool.waiting.unwrap_or_default() > 0 {
                tracing::info!(
                    pool = pool.name,
                    connections = pool.connections,
                    in_use = pool.in_use,
                    waiting = pool.waiting,
                    refused = pool.refused,
                    "connections"
                );
            }
        }
    }
}
