//! What the machine and the database allow: the measure that work is held against.

mod hashing;
mod pgbench;
mod sqlite;

use std::time::Duration;

use crate::error::BenchError;
use crate::load::{self, Plan};
use crate::process::Meter;
use crate::stand::{Kind, Stand};
use crate::work::Work;

/// A limit.
pub(crate) enum Limit {
    /// The service's cheapest answer.
    Empty(Plan),
    /// A prepared statement run by pgbench.
    Pgbench(pgbench::Script),
    /// A prepared statement in a loop, and the cheapest answer to carry it.
    Loop(sqlite::Statement, Plan),
    /// Argon2id on as many threads as the service has for it.
    Hashing,
    /// The same work with nothing beside it.
    Quiet(Plan),
}

impl Limit {
    /// The limit of a kind of work, if it has one.
    pub(crate) fn of(stand: &Stand, work: Work, connections: usize) -> Result<Option<Self>, BenchError> {
        let empty = || stand.plan(Work::Empty, connections);
        let limit = match (work, stand.kind) {
            (Work::Empty | Work::Code | Work::Entry, _) => return Ok(None),
            (Work::TokenCheck | Work::Totp | Work::Elevation, _) => Self::Empty(empty()),
            (Work::PasskeyAsk | Work::Passkey | Work::PasskeyFlood, _) => Self::Empty(empty()),
            (Work::SignIn, _) => Self::Hashing,
            (Work::Flood, _) => Self::Quiet(stand.plan(Work::Profile, connections)),
            (_, Kind::Postgres) => Self::Pgbench(pgbench::Script::new(stand, work, connections)?),
            (_, Kind::Sqlite) => Self::Loop(sqlite::Statement::new(stand, work, connections), empty()),
        };
        Ok(Some(limit))
    }

    /// What it is, for people.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Empty(_) => "empty answer",
            Self::Pgbench(_) => "pgbench",
            Self::Loop(..) => "loop + empty",
            Self::Hashing => "Argon2id",
            Self::Quiet(_) => "without flood",
        }
    }

    /// How often a second it is done.
    pub(crate) fn rate(&self, length: Duration) -> Result<f64, BenchError> {
        let answered = |plan: &Plan| Ok::<_, BenchError>(load::run(plan, length, &Meter::default())?.rate());
        match self {
            Self::Empty(plan) | Self::Quiet(plan) => answered(plan),
            Self::Pgbench(script) => script.rate(length),
            Self::Loop(statement, plan) => {
                // Both take turns on the same processor, so their times add up.
                let (queries, answers) = (statement.rate(length)?, answered(plan)?);
                Ok(1.0 / (1.0 / queries + 1.0 / answers))
            }
            Self::Hashing => hashing::rate(length),
        }
    }
}
