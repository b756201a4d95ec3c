//! Functions over the values of a column. Both databases compute them of the same exact sums, so that they
//! give the same numbers to the last digit.

use portico_entity::catalogue::{Column, Scalar};

use super::writer::{Alias, Writer};
use super::{Dialect, json};
use crate::plan::aggregate::{Count, Function};

/// Writes how many there are.
pub(super) fn count(writer: &mut Writer, alias: Alias, count: &Count) {
    match (count.columns.as_slice(), count.distinct) {
        // A composite value is never null.
        ([], _) | ([_, _, ..], false) => writer.push("count(*)"),
        ([column], distinct) => {
            writer.push(if distinct { "count(DISTINCT " } else { "count(" });
            writer.comparable(alias, column.0);
            writer.push(")");
        }
        (columns, true) => {
            let (before, between, after) = match writer.dialect {
                Dialect::Postgres => ("count(DISTINCT (", ", ", "))"),
                Dialect::Sqlite => ("count(DISTINCT ", " || ',' || ", ")"),
            };
            writer.push(before);
            for (index, column) in columns.iter().enumerate() {
                if index > 0 {
                    writer.push(between);
                }
                match writer.dialect {
                    Dialect::Postgres => writer.column(alias, column.0.sql),
                    Dialect::Sqlite => part(writer, alias, column.0),
                }
            }
            writer.push(after);
        }
    }
}

/// Writes a text that is the same for equal values of a column, null included.
fn part(writer: &mut Writer, alias: Alias, column: &Column) {
    let (before, after) = match column.scalar {
        Scalar::Citext => ("quote(lower(", "))"),
        Scalar::Jsonb => ("quote(jsonb_canonical(", "))"),
        _ => ("quote(", ")"),
    };
    writer.push(before);
    writer.column(alias, column.sql);
    writer.push(after);
}

/// Writes the value of a function as it stands in JSON.
pub(super) fn value(writer: &mut Writer, alias: Alias, function: Function, column: &Column) {
    let (before, after) = match (function, writer.dialect) {
        (Function::Max | Function::Min, _) => {
            return match (writer.dialect, column.scalar) {
                (Dialect::Postgres, Scalar::Uuid) => expression(writer, alias, function, column),
                (_, scalar) => json::value(writer, scalar, |writer| {
                    expression(writer, alias, function, column);
                }),
            };
        }
        (_, Dialect::Postgres) => ("", ""),
        (Function::Sum, Dialect::Sqlite) => ("json(integer_text(", "))"),
        (_, Dialect::Sqlite) => ("json(float_text(", "))"),
    };
    writer.push(before);
    expression(writer, alias, function, column);
    writer.push(after);
}

/// Writes the value of a function as it compares with others of its kind.
pub(super) fn expression(writer: &mut Writer, alias: Alias, function: Function, column: &Column) {
    let name = writer.text(|writer| writer.column(alias, column.sql));
    let text = match (function, writer.dialect) {
        // PostgreSQL before 18 cannot compare uuids here; their texts have the same order.
        (Function::Max, Dialect::Postgres) if column.scalar == Scalar::Uuid => {
            format!("max({name}::text COLLATE \"C\")")
        }
        (Function::Min, Dialect::Postgres) if column.scalar == Scalar::Uuid => {
            format!("min({name}::text COLLATE \"C\")")
        }
        (Function::Max, _) => format!("max({name})"),
        (Function::Min, _) => format!("min({name})"),
        (Function::Sum, Dialect::Postgres) => format!("sum({name})"),
        (Function::Sum, Dialect::Sqlite) => format!("integer_sum({name})"),
        (function, Dialect::Postgres) => postgres_statistic(function, &name),
        (function, Dialect::Sqlite) => format!("{}({name})", sqlite_statistic(function)),
    };
    writer.push(&text);
}

fn sqlite_statistic(function: Function) -> &'static str {
    match function {
        Function::StddevSample => "integer_stddev_samp",
        Function::StddevPopulation => "integer_stddev_pop",
        Function::VarianceSample => "integer_var_samp",
        Function::VariancePopulation => "integer_var_pop",
        _ => "integer_avg",
    }
}

/// Exact sums, then one division of two double-precision numbers, and a root.
fn postgres_statistic(function: Function, column: &str) -> String {
    let count = format!("count({column})::float8");
    let squares = format!(
        "(count({column}) * sum({column}::numeric * {column}) - sum({column})::numeric * sum({column}))::float8"
    );
    match function {
        Function::StddevSample => format!("sqrt({squares} / nullif({count} * ({count} - 1), 0))"),
        Function::StddevPopulation => format!("sqrt({squares} / nullif({count} * {count}, 0))"),
        Function::VarianceSample => format!("{squares} / nullif({count} * ({count} - 1), 0)"),
        Function::VariancePopulation => format!("{squares} / nullif({count} * {count}, 0)"),
        _ => format!("sum({column})::float8 / nullif({count}, 0)"),
    }
}
