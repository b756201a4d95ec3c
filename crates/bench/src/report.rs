//! The results for programs.

use serde_json::{Value, json};

use crate::measure::{Row, median};
use crate::stand::Start;

/// A row with the values of every round.
pub(crate) fn row(row: &Row) -> Value {
    let ratios = row.ratios();
    json!({
        "database": row.database,
        "work": row.work,
        "connections": row.connections,
        "rate": median(&row.rates),
        "rates": row.rates,
        "p50Microseconds": row.p50,
        "p99Microseconds": row.p99,
        "cpuMicroseconds": {
            "service": row.service,
            "database": row.database_cpu,
            "client": row.client,
        },
        "memoryBytes": { "service": row.service_memory, "database": row.database_memory },
        "limit": row.limit,
        "limits": row.limits,
        "ratio": median(&ratios),
        "ratios": ratios,
        "signIns": row.sign_ins,
        "failures": row.failures,
        "failure": row.failure,
        "aim": row.aim,
    })
}

/// How the service starts.
pub(crate) fn start(database: &str, start: &Start) -> Value {
    let times: Vec<f64> = start.times.iter().map(|time| time.as_secs_f64() * 1e3).collect();
    json!({
        "database": database,
        "startMilliseconds": median(&times),
        "starts": times,
        "idleMemoryBytes": start.idle,
    })
}
