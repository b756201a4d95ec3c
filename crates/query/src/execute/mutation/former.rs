//! What the rows that an upsert meets hold before it.

use std::sync::Arc;

use super::insert::{Keys, value};
use super::program::Row;
use super::{Channel, owner};
use crate::error::Failure;
use crate::scalar::Parameter;
use crate::sql::NodeWork;

/// Reads what follows depends on, where it does. A row that lacks a unique value meets none.
pub(super) async fn read<C: Channel>(
    channel: &mut C,
    node: &NodeWork,
    rows: &[&Row],
    keys: &Keys,
) -> Result<Vec<Vec<Option<String>>>, Failure> {
    let Some(work) = &node.former else {
        return Ok(Vec::new());
    };
    let given = |row: &&Row| {
        let columns = work.columns.iter().map(|wanted| {
            let (_, cell) = row.cells.iter().find(|(column, _)| column.sql == wanted.sql)?;
            Some(value(cell, keys))
        });
        columns.collect::<Option<Vec<Parameter>>>()
    };
    let given: Vec<Vec<Parameter>> = rows.iter().filter_map(given).collect();
    if given.is_empty() {
        return Ok(Vec::new());
    }
    let parameters = owner::list_of(channel, given, work.columns.len());
    channel.texts(Arc::clone(&work.sql), parameters).await
}
