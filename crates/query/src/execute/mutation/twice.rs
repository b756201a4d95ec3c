//! Rows of one upsert that would change each other.

use std::collections::HashSet;

use portico_entity::catalogue::{Column, Scalar};

use super::program::{Cell, Row};
use crate::error::{Code, Failure};
use crate::scalar::Parameter;
use crate::sql::NodeWork;

/// Refuses rows that have the same values where the constraint wants different ones: SQLite would write the one
/// and then change it by the other, PostgreSQL refuses it where both come in one statement.
pub(super) fn refuse(
    node: &NodeWork,
    rows: &[Row],
    value: impl Fn(&Cell) -> Parameter,
) -> Result<(), Failure> {
    let Some(conflict) = node
        .conflict
        .as_ref()
        .filter(|conflict| !conflict.update.is_empty())
    else {
        return Ok(());
    };
    let mut seen = HashSet::with_capacity(rows.len());
    let texts = |row: &Row| -> Option<Vec<String>> {
        let columns = conflict.unique.columns.iter();
        let values = columns.map(|name| {
            let (column, cell) = row.cells.iter().find(|(column, _)| column.sql == *name)?;
            text(column, value(cell))
        });
        values.collect()
    };
    match rows.iter().filter_map(texts).all(|texts| seen.insert(texts)) {
        true => Ok(()),
        false => Err(changed_twice()),
    }
}

/// What is the same for values that the database takes for the same; nothing for those that never are.
fn text(column: &Column, value: Parameter) -> Option<String> {
    match value {
        Parameter::Text(text) if column.scalar == Scalar::Citext => Some(text.to_ascii_lowercase()),
        Parameter::Text(text) => Some(text),
        Parameter::Uuid(id) => Some(id.to_string()),
        _ => None,
    }
}

/// Two rows of one upsert that meet the same row.
pub(in crate::execute) fn changed_twice() -> Failure {
    let message = "ON CONFLICT DO UPDATE command cannot affect row a second time";
    Failure::new(Code::DataException, "$", message)
}
