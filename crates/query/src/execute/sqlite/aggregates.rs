//! Aggregate functions that compiled statements use on SQLite.

use rusqlite::functions::{Aggregate, Context, FunctionFlags};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Result};

use crate::execute::statistics::{Moments, Statistic};

const FLAGS: FunctionFlags = FunctionFlags::SQLITE_UTF8.union(FunctionFlags::SQLITE_DETERMINISTIC);

/// Registers them.
pub(super) fn register(connection: &Connection) -> Result<()> {
    connection.create_aggregate_function("integer_sum", 1, FLAGS, Sum)?;
    for (name, statistic) in [
        ("integer_avg", Statistic::Average),
        ("integer_stddev_samp", Statistic::StddevSample),
        ("integer_stddev_pop", Statistic::StddevPopulation),
        ("integer_var_samp", Statistic::VarianceSample),
        ("integer_var_pop", Statistic::VariancePopulation),
    ] {
        connection.create_aggregate_function(name, 1, FLAGS, statistic)?;
    }
    Ok(())
}

struct Sum;

impl Aggregate<Moments, ToSqlOutput<'static>> for Sum {
    fn init(&self, _: &mut Context<'_>) -> Result<Moments> {
        Ok(Moments::default())
    }

    fn step(&self, context: &mut Context<'_>, moments: &mut Moments) -> Result<()> {
        add(context, moments);
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, moments: Option<Moments>) -> Result<ToSqlOutput<'static>> {
        let sum = moments.and_then(|moments| moments.sum());
        Ok(ToSqlOutput::Owned(sum.map(|bytes| bytes.to_vec()).into()))
    }
}

impl Aggregate<Moments, ToSqlOutput<'static>> for Statistic {
    fn init(&self, _: &mut Context<'_>) -> Result<Moments> {
        Ok(Moments::default())
    }

    fn step(&self, context: &mut Context<'_>, moments: &mut Moments) -> Result<()> {
        add(context, moments);
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, moments: Option<Moments>) -> Result<ToSqlOutput<'static>> {
        let value = moments.and_then(|moments| moments.statistic(*self));
        Ok(ToSqlOutput::Owned(value.into()))
    }
}

/// Nulls do not count.
fn add(context: &Context<'_>, moments: &mut Moments) {
    if let ValueRef::Integer(value) = context.get_raw(0) {
        moments.add(value);
    }
}
