//! What is asked of rows as a whole.

use serde_json::{Map, Value, json};

use super::query::{Document, Field, equal, limited, objects, selection};
use super::role::Asking;
use super::rows::Row;
use super::schema::{Column, Table};
use super::value::compare;

/// What can be computed of numbers beyond `max`, `min` and `sum`.
pub(super) const STATISTICS: [&str; 7] = [
    "avg",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "var_pop",
    "var_samp",
    "variance",
];

/// Counts, extremes, sums, and the rows themselves.
#[derive(Debug, Clone)]
pub(super) struct Summary {
    /// Of columns, or of the rows; whether equal values count once.
    pub(super) counts: Vec<(Vec<&'static Column>, bool)>,
    /// `max`, `min`, `sum` or a statistic of a column.
    pub(super) computed: Vec<(&'static str, &'static Column)>,
    pub(super) nodes: Vec<Field>,
}

impl Summary {
    pub(super) fn text(&self, document: &mut Document) -> String {
        let nodes = selection(&self.nodes, document);
        format!("{{ aggregate {} nodes {nodes} }}", self.computed_text())
    }

    /// What is computed over the rows.
    pub(super) fn computed_text(&self) -> String {
        let mut fields = Vec::new();
        for (index, (columns, distinct)) in self.counts.iter().enumerate() {
            let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
            let names = names.join(", ");
            fields.push(format!(
                "c{index}: count(columns: [{names}], distinct: {distinct})"
            ));
        }
        for (index, (function, column)) in self.computed.iter().enumerate() {
            fields.push(format!("e{index}: {function} {{ {} }}", column.name));
        }
        format!("{{ {} }}", fields.join(" "))
    }

    pub(super) fn answer(&self, asking: Asking<'_>, table: &'static Table, rows: &[Row]) -> Value {
        let nodes = objects(asking, table, &limited(asking, table, rows.to_vec()), &self.nodes);
        json!({ "aggregate": self.computed(asking, table, rows), "nodes": nodes })
    }

    pub(super) fn computed(&self, asking: Asking<'_>, table: &'static Table, rows: &[Row]) -> Value {
        let mut aggregate = Map::new();
        for (index, (columns, distinct)) in self.counts.iter().enumerate() {
            let count = count(asking, table, rows, columns, *distinct);
            aggregate.insert(format!("c{index}"), json!(count));
        }
        for (index, (function, column)) in self.computed.iter().enumerate() {
            let cells = cells(asking, table, rows, column);
            let value = match STATISTICS.contains(function) {
                true => json!(statistic(function, &cells)),
                false => extreme(function, column, cells),
            };
            let of = Map::from_iter([(column.name.to_owned(), value)]);
            aggregate.insert(format!("e{index}"), Value::Object(of));
        }
        Value::Object(aggregate)
    }
}

/// How many rows; how many in which the one column is not null; how many that differ in the columns.
fn count(
    asking: Asking<'_>,
    table: &'static Table,
    rows: &[Row],
    columns: &[&'static Column],
    distinct: bool,
) -> usize {
    if let [column] = columns {
        let mut values = cells(asking, table, rows, column);
        values.sort_by(|one, other| compare(column.kind, one, other));
        if distinct {
            values.dedup_by(|one, other| compare(column.kind, one, other).is_eq());
        }
        return values.len();
    }
    if columns.is_empty() || !distinct {
        return rows.len();
    }
    let mut known: Vec<Vec<Value>> = Vec::new();
    for row in rows {
        let cells = columns.iter().map(|column| asking.cell(table, row, column.name));
        let cells: Vec<Value> = cells.collect();
        let same = |other: &Vec<Value>| {
            let mut pairs = columns.iter().zip(cells.iter().zip(other));
            pairs.all(|(column, (one, other))| equal(column.kind, one, other))
        };
        if !known.iter().any(same) {
            known.push(cells);
        }
    }
    known.len()
}

/// The values of a column that are not null.
pub(super) fn cells(
    asking: Asking<'_>,
    table: &'static Table,
    rows: &[Row],
    column: &'static Column,
) -> Vec<Value> {
    let cells = rows.iter().map(|row| asking.cell(table, row, column.name));
    cells.filter(|value| !value.is_null()).collect()
}

/// `max`, `min` or `sum`.
pub(super) fn extreme(function: &str, column: &Column, mut values: Vec<Value>) -> Value {
    values.sort_by(|one, other| compare(column.kind, one, other));
    let value = match function {
        "max" => values.pop(),
        "min" => values.into_iter().next(),
        _ if values.is_empty() => None,
        _ => Some(json!(
            values.iter().map(|value| value.as_i64().unwrap()).sum::<i64>()
        )),
    };
    value.unwrap_or_default()
}

/// The mean, or how far values are from it; nothing where there are too few of them.
fn statistic(function: &str, values: &[Value]) -> Option<f64> {
    let count = i128::try_from(values.len()).unwrap();
    let numbers = values.iter().map(|value| i128::from(value.as_i64().unwrap()));
    let sum: i128 = numbers.clone().sum();
    let squares: i128 = numbers.map(|number| number * number).sum();
    // Whole numbers up to the division: so many of them that their difference loses nothing.
    let (dividend, divisor) = match function {
        "avg" => (sum, count),
        "stddev_pop" | "var_pop" => (count * squares - sum * sum, count * count),
        _ => (count * squares - sum * sum, count * (count - 1)),
    };
    let value = (divisor > 0).then(|| dividend as f64 / divisor as f64)?;
    Some(if function.starts_with("stddev") {
        value.sqrt()
    } else {
        value
    })
}
