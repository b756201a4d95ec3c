//! The results for people.

use crate::measure::{Row, median};
use crate::stand::Start;

/// The names of the columns.
pub(crate) fn heading() -> String {
    let first = format!(
        "{:<10} {:<15} {:>4} {:>8} {:>8} {:>8}  {:>23} {:>6}  {:>11}  {:<13} {:>8}  {:<17}  {}",
        "database",
        "work",
        "conn",
        "per s",
        "p50 ms",
        "p99 ms",
        "CPU us service/db/client",
        "xempty",
        "MB serv./db",
        "beside",
        "per s",
        "ratio (from-to)",
        "aim and what others reach"
    );
    format!("{first}\n{}", "-".repeat(157))
}

/// A row; `empty` is the CPU time of an empty answer by as many connections, if it was measured.
pub(crate) fn line(row: &Row, empty: Option<f64>) -> String {
    let multiple = row.service.zip(empty).map(|(service, empty)| service / empty);
    let cpu = format!(
        "{}/{}/{}",
        number(row.service, 0),
        number(row.database_cpu, 0),
        number(Some(row.client), 1)
    );
    let memory = format!(
        "{}/{}",
        megabytes(row.service_memory),
        megabytes(row.database_memory)
    );
    let mut text = format!(
        "{:<10} {:<15} {:>4} {:>8} {:>8} {:>8}  {:>23} {:>6}  {:>11}  {:<13} {:>8}  {:<17}  {}",
        row.database,
        row.work,
        row.connections,
        number(median(&row.rates), 0),
        milliseconds(row.p50),
        milliseconds(row.p99),
        cpu,
        number(multiple, 1),
        memory,
        row.limit,
        number(median(&row.limits), 0),
        ratio(row),
        row.aim
    );
    if let Some(sign_ins) = median(&row.sign_ins) {
        text.push_str(&format!("; {sign_ins:.0} sign-ins/s beside it"));
    }
    if row.failures > 0 {
        let failure = row.failure.as_deref().unwrap_or_default();
        text.push_str(&format!(
            "\n    {} wrong answers, the first: {failure}",
            row.failures
        ));
    }
    text.truncate(text.trim_end().len());
    text
}

/// How the service starts.
pub(crate) fn start(database: &str, start: &Start) -> String {
    let times: Vec<f64> = start.times.iter().map(|time| time.as_secs_f64() * 1e3).collect();
    let low = times.iter().copied().fold(f64::INFINITY, f64::min);
    let high = times.iter().copied().fold(0.0, f64::max);
    format!(
        "{database:<10} start on a migrated database {} ms ({low:.0}-{high:.0}, {} times); idle memory {} MB",
        number(median(&times), 0),
        times.len(),
        megabytes(start.idle)
    )
}

/// Size in millions of bytes.
pub(crate) fn megabytes(bytes: Option<u64>) -> String {
    number(bytes.map(|bytes| bytes as f64 / 1e6), 0)
}

fn ratio(row: &Row) -> String {
    let ratios = row.ratios();
    match (median(&ratios), ratios.first(), ratios.last()) {
        (Some(middle), Some(low), Some(high)) => format!("{middle:.2} ({low:.2}-{high:.2})"),
        _ => String::new(),
    }
}

fn milliseconds(micros: u32) -> String {
    format!("{:.2}", f64::from(micros) / 1e3)
}

fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.decimals$}"))
}
