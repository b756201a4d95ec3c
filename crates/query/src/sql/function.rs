//! Functions over the values of a column. Both databases compute them of the same exact sums, so that they
//! give the same numbers to the last digit.

use portico_entity::catalogue::{Column, Scalar};

use super::writer::{Alias, Writer};
use super::{Dialect, json};
use crate::plan::aggregate::{Computed, Count, Function};

/// Writes a single value over the rows of `alias`.
pub(super) fn computed(writer: &mut Writer, alias: Alias, computed: &Computed) {
    let (function, column) = match computed {
        Computed::Count(found) => return count(writer, alias, found),
        Computed::Of(function, column) => return expression(writer, alias, *function, column.0),
        Computed::Every(column) => (["bool_and(", "min("], column),
        Computed::Any(column) => (["bool_or(", "max("], column),
    };
    let [postgres, sqlite] = function;
    writer.push(match writer.dialect {
        Dialect::Postgres => postgres,
        Dialect::Sqlite => sqlite,
    });
    writer.column(alias, column.0.sql);
    writer.push(")");
}

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
        Scalar::Jsonb => ("quote(jsonb_key(", "))"),
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
        (Function::Sum, Dialect::Sqlite) => ("as_json(integer_text(", "))"),
        (_, Dialect::Sqlite) => ("as_json(float_text(", "))"),
    };
    writer.push(before);
    expression(writer, alias, function, column);
    writer.push(after);
}

/// Writes the value of a function as it compares with others of its kind.
pub(super) fn expression(writer: &mut Writer, alias: Alias, function: Function, column: &Column) {
    let text = match writer.dialect {
        Dialect::Postgres => postgres(function, column.scalar),
        Dialect::Sqlite => sqlite(function).into(),
    };
    for (index, part) in text.split(COLUMN).enumerate() {
        if index > 0 {
            writer.comparable(alias, column);
        }
        writer.push(part);
    }
}

/// Stands for the column in the text of a function.
const COLUMN: char = '#';

fn sqlite(function: Function) -> &'static str {
    match function {
        Function::Average => "integer_avg(#)",
        Function::Max => "max(#)",
        Function::Min => "min(#)",
        Function::StddevSample => "integer_stddev_samp(#)",
        Function::StddevPopulation => "integer_stddev_pop(#)",
        Function::Sum => "integer_sum(#)",
        Function::VariancePopulation => "integer_var_pop(#)",
        Function::VarianceSample => "integer_var_samp(#)",
    }
}

/// Statistics are made of exact sums by one division of two double-precision numbers, and a root.
fn postgres(function: Function, scalar: Scalar) -> String {
    const SPREAD: &str = "(count(#) * sum(#::numeric * #) - sum(#)::numeric * sum(#))::float8";
    const SAMPLE: &str = "nullif(count(#)::float8 * (count(#)::float8 - 1), 0)";
    const POPULATION: &str = "nullif(count(#)::float8 * count(#)::float8, 0)";
    match (function, scalar) {
        // PostgreSQL before 18 has no extremes of uuids; their texts have the same order.
        (Function::Max, Scalar::Uuid) => "max(#::text COLLATE \"C\")".into(),
        (Function::Min, Scalar::Uuid) => "min(#::text COLLATE \"C\")".into(),
        (Function::Average, _) => "sum(#)::float8 / nullif(count(#)::float8, 0)".into(),
        (Function::Max, _) => "max(#)".into(),
        (Function::Min, _) => "min(#)".into(),
        (Function::StddevSample, _) => format!("sqrt({SPREAD} / {SAMPLE})"),
        (Function::StddevPopulation, _) => format!("sqrt({SPREAD} / {POPULATION})"),
        (Function::Sum, _) => "sum(#)".into(),
        (Function::VariancePopulation, _) => format!("{SPREAD} / {POPULATION}"),
        (Function::VarianceSample, _) => format!("{SPREAD} / {SAMPLE}"),
    }
}
