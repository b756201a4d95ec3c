//! What the rows that an upsert meets hold before it.

use std::sync::Arc;

use portico_entity::catalogue::{Column, Table};

use super::super::mutation::{as_text, compared_columns, key_text, lock};
use super::{ComeAs, given};
use crate::plan::insert::Conflict;
use crate::plan::mutation::key_columns;
use crate::sql::writer::{Target, Writer};

/// Reads key, user, address and second factor of the rows that have the same unique values as those given. The key
/// is the one that the row has afterwards.
#[derive(Debug, Clone)]
pub struct FormerWork {
    /// The columns of the rows given that are its parameters.
    pub columns: Vec<&'static Column>,
    /// The statement.
    pub sql: Arc<str>,
}

impl FormerWork {
    pub(super) fn new(table: &'static Table, conflict: &Conflict, target: Target<'_>) -> Self {
        let unique = conflict.unique.columns.iter();
        let mut columns: Vec<&'static Column> = unique.filter_map(|name| table.column_by_sql(name)).collect();
        let conditions = columns.iter().enumerate();
        let mut writer = Writer::new(target);
        let alias = writer.alias(table);
        let conditions: Vec<String> = conditions
            .map(|(index, column)| format!("{alias}.\"{}\" = w.c{index}", column.sql))
            .collect();
        let given_key = key_columns(table).next().filter(|key| {
            let mut updated = conflict.update.iter();
            updated.any(|column| column.0.sql == key.sql)
        });
        columns.extend(given_key);
        let names: Vec<String> = (0..columns.len()).map(|index| format!("c{index}")).collect();
        let rows = given(&columns, 1, ComeAs::lists(writer.dialect));
        writer.push(&format!(
            "WITH w({}) AS (SELECT {rows}) SELECT ",
            names.join(", ")
        ));
        match (given_key, names.last()) {
            (Some(key), Some(name)) => as_text(&mut writer, key.scalar, &format!("w.{name}")),
            _ => key_text(&mut writer, table),
        }
        compared_columns(&mut writer, table);
        writer.push(" FROM w JOIN ");
        writer.table(table);
        writer.push(&format!(" AS {alias} ON {}", conditions.join(" AND ")));
        lock(&mut writer, alias);
        Self {
            columns,
            sql: writer.sql.into(),
        }
    }
}
