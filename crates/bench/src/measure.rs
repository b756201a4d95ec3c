//! Rounds of work and limit in turn, and what they come to.

use std::time::Duration;

use crate::error::BenchError;
use crate::limit::Limit;
use crate::load::{self, Flood, Outcome, Plan};
use crate::options::Scale;
use crate::process::{Cpu, Meter};
use crate::stand::{FLOOD, Stand};
use crate::work::Work;

/// How long a flood runs before anything is measured beside it.
const RISE: Duration = Duration::from_millis(300);

/// One row of the table.
pub(crate) struct Row {
    /// Where the data is.
    pub(crate) database: String,
    /// What was asked.
    pub(crate) work: String,
    /// By how many at once.
    pub(crate) connections: usize,
    /// Answers a second of each round.
    pub(crate) rates: Vec<f64>,
    /// Half of the answers came within so many microseconds.
    pub(crate) p50: u32,
    /// All but one in a hundred did.
    pub(crate) p99: u32,
    /// Microseconds of CPU time for each answer.
    pub(crate) service: Option<f64>,
    /// The same for the database server.
    pub(crate) database_cpu: Option<f64>,
    /// The same for the client.
    pub(crate) client: f64,
    /// Memory of the service in bytes.
    pub(crate) service_memory: Option<u64>,
    /// Memory of the database server in bytes.
    pub(crate) database_memory: Option<u64>,
    /// What it was held against.
    pub(crate) limit: &'static str,
    /// How often a second that was done in each round.
    pub(crate) limits: Vec<f64>,
    /// Wrong answers.
    pub(crate) failures: u64,
    /// The first of them.
    pub(crate) failure: Option<String>,
    /// Sign-ins a second beside it, in each round.
    pub(crate) sign_ins: Vec<f64>,
    /// What is aimed at, and what others reach.
    pub(crate) aim: &'static str,
}

impl Row {
    /// Work beside limit in each round, from the least to the most.
    pub(crate) fn ratios(&self) -> Vec<f64> {
        let pairs = self.rates.iter().zip(&self.limits);
        sorted(pairs.map(|(work, limit)| work / limit))
    }
}

/// The values from the least to the most.
pub(crate) fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

/// The middle of some values; of an even number the mean of the two in the middle.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let values = sorted(values.iter().copied());
    let upper = values.get(values.len() / 2)?;
    let lower = values.get((values.len().max(1) - 1) / 2)?;
    Some(f64::midpoint(*lower, *upper))
}

/// Measures one kind of work by so many connections.
pub(crate) fn measure(
    stand: &Stand,
    work: Work,
    connections: usize,
    scale: &Scale,
) -> Result<Row, BenchError> {
    let plan = stand.plan(work, connections);
    let limit = Limit::of(stand, work, connections)?;
    load::run(&stand.ready(work, &plan)?, scale.warm_up, &Meter::default())?;
    let (mut outcomes, mut limits, mut sign_ins) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..scale.rounds {
        let plan = stand.ready(work, &plan)?;
        if work.is_beside_flood() {
            let (outcome, flood) = beside_flood(stand, &plan, scale.round)?;
            outcomes.push(outcome);
            sign_ins.push(flood);
        } else {
            outcomes.push(load::run(&plan, scale.round, &stand.meter)?);
        }
        if let Some(limit) = &limit {
            limits.push(limit.rate(scale.round)?);
        }
        stand.service.empty_log()?;
    }
    let names = Names {
        database: stand.kind.name().to_owned(),
        work: work.name().to_owned(),
        limit: limit.as_ref().map_or("", Limit::name),
        aim: work.aim(stand.cluster.is_some()),
    };
    let row = sum_up(outcomes, limits, connections, &stand.meter, names);
    Ok(Row { sign_ins, ..row })
}

/// One round while others sign in, and how many of them a second.
fn beside_flood(stand: &Stand, plan: &Plan, length: Duration) -> Result<(Outcome, f64), BenchError> {
    let flood = Flood::start(&stand.plan(Work::SignIn, FLOOD))?;
    std::thread::sleep(RISE);
    let mut outcome = load::run(plan, length, &stand.meter)?;
    let flood = flood.finish()?;
    // What was signed in meanwhile is not this work's.
    outcome.cpu = Cpu::default();
    outcome.failures += flood.failures;
    outcome.failure = outcome.failure.or_else(|| flood.failure.clone());
    Ok((outcome, flood.rate()))
}

/// What a row is called.
pub(crate) struct Names {
    /// Where the data is.
    pub(crate) database: String,
    /// What was asked.
    pub(crate) work: String,
    /// What it was held against.
    pub(crate) limit: &'static str,
    /// What is aimed at, and what others reach.
    pub(crate) aim: &'static str,
}

/// One row of all rounds.
pub(crate) fn sum_up(
    outcomes: Vec<Outcome>,
    limits: Vec<f64>,
    connections: usize,
    meter: &Meter,
    names: Names,
) -> Row {
    let rates = outcomes.iter().map(Outcome::rate).collect();
    let cpu = outcomes
        .iter()
        .fold(Cpu::default(), |sum, outcome| sum.plus(outcome.cpu));
    let client = outcomes.iter().map(|outcome| outcome.client).sum();
    let failures = outcomes.iter().map(|outcome| outcome.failures).sum();
    let failure = outcomes.iter().find_map(|outcome| outcome.failure.clone());
    let mut latencies: Vec<u32> = outcomes
        .into_iter()
        .flat_map(|outcome| outcome.latencies)
        .collect();
    latencies.sort_unstable();
    let each = |used: Duration| used.as_secs_f64() * 1e6 / latencies.len().max(1) as f64;
    let known = |used: Duration| Some(each(used)).filter(|_| !used.is_zero());
    let share = |hundredths: usize| {
        let place = (latencies.len() * hundredths / 100).min(latencies.len().saturating_sub(1));
        latencies.get(place).copied().unwrap_or_default()
    };
    Row {
        database: names.database,
        work: names.work,
        connections,
        rates,
        p50: share(50),
        p99: share(99),
        service: known(cpu.service),
        database_cpu: known(cpu.database),
        client: each(client),
        service_memory: meter.service_memory(),
        database_memory: meter.database_memory(),
        limit: names.limit,
        limits,
        failures,
        failure,
        sign_ins: Vec::new(),
        aim: names.aim,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0]), Some(3.0));
        assert_eq!(median(&[9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 9.0]), Some(3.0));
    }
}
