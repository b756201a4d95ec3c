//! How the service does, in numbers: for the log, and in Prometheus' text format (version 0.0.4) for whoever
//! collects them.

use std::fmt::Write;

use portico_auth::{HashingCounters, TokenCounters};
use portico_query::execute::ConnectionCounters;

use crate::app::App;
use crate::plan_cache::CacheCounters;

/// How the service does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counters {
    /// Prepared documents, by role.
    pub plans: Vec<(String, CacheCounters)>,
    /// Remembered access tokens.
    pub tokens: TokenCounters,
    /// Hashing of passwords.
    pub hashing: HashingCounters,
    /// Connections to the database.
    pub connections: Vec<ConnectionCounters>,
}

impl App {
    /// How the service does at this moment.
    pub fn counters(&self) -> Counters {
        let pool = self.auth.connection_counters();
        let auth = ConnectionCounters {
            name: "auth",
            connections: pool.connections,
            in_use: pool.in_use,
            waiting: None,
            refused: None,
        };
        let mut plans = self.plan_counters();
        plans.sort_by(|(one, _), (other, _)| one.cmp(other));
        Counters {
            plans,
            tokens: self.auth.token_counters(),
            hashing: self.auth.hashing_counters(),
            connections: self.executor.counters().into_iter().chain([auth]).collect(),
        }
    }
}

impl Counters {
    /// The numbers as Prometheus reads them.
    pub fn to_prometheus(&self) -> String {
        let mut page = Page(String::new());
        page.plans(&self.plans);
        page.tokens(self.tokens);
        page.hashing(self.hashing);
        page.connections(&self.connections);
        page.0
    }
}

/// A number under one value of its label, if it has one.
type Sample<'s> = (Option<(&'static str, &'s str)>, u64);

struct Page(String);

impl Page {
    /// Metrics of one name; those that end in `_total` only grow.
    fn add<'s>(&mut self, name: &str, help: &str, samples: impl IntoIterator<Item = Sample<'s>>) {
        let kind = if name.ends_with("_total") {
            "counter"
        } else {
            "gauge"
        };
        // Writing to a text cannot fail.
        let _ = write!(
            self.0,
            "# HELP portico_{name} {help}\n# TYPE portico_{name} {kind}\n"
        );
        for (label, number) in samples {
            let _ = match label {
                None => writeln!(self.0, "portico_{name} {number}"),
                Some((label, value)) => {
                    let value = escaped(value);
                    writeln!(self.0, "portico_{name}{{{label}=\"{value}\"}} {number}")
                }
            };
        }
    }

    fn plans(&mut self, plans: &[(String, CacheCounters)]) {
        let by_role = |number: fn(&CacheCounters) -> u64| {
            plans
                .iter()
                .map(move |(role, plans)| (Some(("role", role.as_str())), number(plans)))
        };
        self.add(
            "plan_cache_hits_total",
            "Requests that a prepared document answered.",
            by_role(|plans| plans.hits),
        );
        self.add(
            "plan_cache_misses_total",
            "Requests that were parsed and validated.",
            by_role(|plans| plans.misses),
        );
        self.add(
            "plan_cache_entries",
            "Documents at hand.",
            by_role(|plans| plans.entries),
        );
        self.add(
            "plan_cache_bytes",
            "About how much memory they take.",
            by_role(|plans| plans.bytes),
        );
    }

    fn tokens(&mut self, tokens: TokenCounters) {
        for (name, help, number) in [
            (
                "token_cache_hits_total",
                "Access tokens that were known.",
                tokens.hits,
            ),
            (
                "token_cache_misses_total",
                "Access tokens whose session was looked up.",
                tokens.misses,
            ),
            ("token_cache_entries", "Access tokens at hand.", tokens.entries),
            (
                "token_cache_readable",
                "1 while what is at hand counts, because changes are read.",
                tokens.readable.into(),
            ),
        ] {
            self.add(name, help, [(None, number)]);
        }
    }

    fn hashing(&mut self, hashing: HashingCounters) {
        for (name, help, number) in [
            (
                "hashing_waiting",
                "Passwords that wait to be hashed.",
                hashing.waiting,
            ),
            ("hashing_running", "Passwords that are hashed.", hashing.running),
            ("hashing_computed_total", "Hashes computed.", hashing.computed),
            (
                "hashing_refused_total",
                "Passwords refused because too many waited.",
                hashing.refused,
            ),
        ] {
            self.add(name, help, [(None, number)]);
        }
    }

    fn connections(&mut self, pools: &[ConnectionCounters]) {
        let by_pool = |number: fn(&ConnectionCounters) -> Option<u64>| {
            pools
                .iter()
                .filter_map(move |pool| Some((Some(("pool", pool.name)), number(pool)?)))
        };
        self.add(
            "connections",
            "Connections to the database that there may be.",
            by_pool(|pool| Some(pool.connections)),
        );
        self.add(
            "connections_in_use",
            "Requests that use one; quick reads share them.",
            by_pool(|pool| Some(pool.in_use)),
        );
        self.add(
            "connections_waiting",
            "Requests that wait for one.",
            by_pool(|pool| pool.waiting),
        );
        self.add(
            "connections_refused_total",
            "Requests that got none in time.",
            by_pool(|pool| pool.refused),
        );
    }
}

/// The value of a label, as the format wants it.
fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_a_name_and_labels_are_escaped() {
        let pool = ConnectionCounters {
            name: "heavy",
            connections: 4,
            in_use: 3,
            waiting: Some(2),
            refused: Some(1),
        };
        let auth = ConnectionCounters {
            name: "auth",
            waiting: None,
            refused: None,
            ..pool
        };
        let counters = Counters {
            plans: vec![(
                "a\"b".to_owned(),
                CacheCounters {
                    hits: 9,
                    ..CacheCounters::default()
                },
            )],
            connections: vec![pool, auth],
            ..Counters::default()
        };
        let text = counters.to_prometheus();
        for line in [
            "# TYPE portico_plan_cache_hits_total counter",
            "portico_plan_cache_hits_total{role=\"a\\\"b\"} 9",
            "# TYPE portico_hashing_waiting gauge",
            "portico_hashing_waiting 0",
            "portico_connections_in_use{pool=\"auth\"} 3",
            "portico_connections_waiting{pool=\"heavy\"} 2",
            "portico_connections_refused_total{pool=\"heavy\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        assert!(!text.contains("waiting{pool=\"auth\"}"));
    }
}
