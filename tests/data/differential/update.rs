//! Rows changed and rows removed.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::change::Change;
use super::condition::Condition;
use super::database::Codes;
use super::rows::Row;
use super::schema::{Column, Table};
use super::transaction::Transaction;

/// Which rows are meant.
#[derive(Debug, Clone)]
pub(super) enum Which {
    Key(Value),
    Where(Condition),
}

/// How they change.
#[derive(Debug, Clone)]
pub(super) struct Update {
    pub(super) which: Which,
    pub(super) changes: Vec<(&'static Column, Change)>,
}

impl Update {
    /// The operators, each with its columns.
    pub(super) fn operators(&self) -> Vec<(&'static str, Value)> {
        let operators: BTreeSet<_> = self.changes.iter().map(|(_, change)| change.operator()).collect();
        let columns = |operator: &str| -> Map<String, Value> {
            let changes = self
                .changes
                .iter()
                .filter(|(_, change)| change.operator() == operator);
            changes
                .map(|(column, change)| (column.name.to_owned(), change.operand()))
                .collect()
        };
        operators
            .into_iter()
            .map(|operator| (operator, json!(columns(operator))))
            .collect()
    }
}

impl Transaction<'_> {
    /// Those of the rows meant that the permission opens.
    fn meant(&self, table: &'static Table, permitted: &Condition, which: &Which) -> Vec<Row> {
        let asking = self.asking();
        let is_meant = |row: &Row| match which {
            Which::Key(key) => asking.may_write(row, true) && row["id"] == *key,
            Which::Where(condition) => {
                asking.may_write(row, condition.names_deletion())
                    && condition.holds(&asking, table, row) == Some(true)
            }
        };
        let rows = self.store.rows(table.name).iter();
        rows.filter(|row| is_meant(row) && self.asking().permits(permitted, table, row))
            .cloned()
            .collect()
    }

    /// One statement: the keys of the rows changed.
    pub(super) fn update(&mut self, table: &'static Table, update: &Update) -> Result<Vec<Value>, Codes> {
        if update.changes.is_empty() {
            return Ok(Vec::new());
        }
        let role = self.role;
        let permission = role.alteration(table).unwrap();
        let (before, mut codes, mut keys) = (self.store.clone(), Codes::new(), Vec::new());
        let mut replacements = Vec::new();
        let mut rows = self.meant(table, &permission.rows, &update.which);
        rows.retain(|row| {
            let mut built_on = update.changes.iter().filter(|(_, change)| change.builds_on());
            built_on.all(|(column, _)| self.asking().may_build_on(table, row, column.name))
        });
        for row in rows {
            let mut after = row.clone();
            for (column, change) in &update.changes {
                match change.apply(column.kind, &row[column.name]) {
                    Ok(value) => {
                        after.insert(column.name, value);
                    }
                    Err(code) => {
                        codes.insert(code);
                    }
                }
            }
            self.fill(&mut after, &permission.presets);
            keys.push(after["id"].clone());
            replacements.push((row["id"].clone(), after));
        }
        self.store.replace(table, &replacements);
        codes.extend(self.store.broken(&before));
        if !codes.is_empty() {
            return Err(codes);
        }
        self.check(&permission.check, table, &keys)?;
        Ok(keys)
    }

    /// One statement: the rows removed.
    pub(super) fn remove(&mut self, table: &'static Table, which: &Which) -> Result<Vec<Row>, Codes> {
        let permission = self.role.removal(table).unwrap();
        let before = self.store.clone();
        let rows = self.meant(table, &permission.rows, which);
        for row in &rows {
            self.store.remove(table, &row["id"]);
        }
        let codes = self.store.broken(&before);
        if codes.is_empty() { Ok(rows) } else { Err(codes) }
    }
}
