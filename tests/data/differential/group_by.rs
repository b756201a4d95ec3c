//! Rows in groups.

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use super::condition::Condition;
use super::query::{Document, directed, equal};
use super::role::Asking;
use super::rows::Row;
use super::schema::{Column, Kind, Table};
use super::summary::Summary;

/// Groups of rows, ordered by their size perhaps and always by what their rows share.
#[derive(Debug, Clone)]
pub(super) struct GroupBy {
    pub(super) table: &'static Table,
    pub(super) by: Vec<&'static Column>,
    pub(super) condition: Condition,
    /// The way of the number of rows, if the order begins with it, and that of the columns.
    pub(super) directions: (Option<&'static str>, &'static str),
    pub(super) limit: Option<usize>,
    pub(super) offset: Option<usize>,
    pub(super) summary: Summary,
}

impl GroupBy {
    pub(super) fn text(&self, document: &mut Document) -> String {
        let names: Vec<&str> = self.by.iter().map(|column| column.name).collect();
        let (by_count, by_key) = self.directions;
        let terms = by_count
            .map(|direction| format!("{{aggregate: {{count: {direction}}}}}"))
            .into_iter()
            .chain(names.iter().map(|name| format!("{{key: {{{name}: {by_key}}}}}")));
        let mut arguments = vec![
            document.condition(self.table, &self.condition),
            format!("by: [{}]", names.join(", ")),
            format!("order_by: [{}]", terms.collect::<Vec<_>>().join(", ")),
        ];
        arguments.extend(self.limit.map(|limit| format!("limit: {limit}")));
        arguments.extend(self.offset.map(|offset| format!("offset: {offset}")));
        format!(
            "{}GroupBy({}) {{ key {{ {} }} aggregate {} }}",
            self.table.name,
            arguments.join(", "),
            names.join(" "),
            self.summary.computed_text()
        )
    }

    pub(super) fn answer(&self, asking: Asking<'_>) -> Value {
        let rows = asking.rows(self.table, &self.condition, self.condition.names_deletion());
        let mut groups: Vec<(Vec<Value>, Vec<Row>)> = Vec::new();
        for row in rows {
            let key: Vec<Value> = self
                .by
                .iter()
                .map(|column| asking.cell(self.table, &row, column.name))
                .collect();
            match groups.iter_mut().find(|(known, _)| self.same(known, &key)) {
                Some((_, rows)) => rows.push(row),
                None => groups.push((key, vec![row])),
            }
        }
        groups.sort_by(|one, other| self.compare(one, other));
        let most = asking.role.limit(self.table).unwrap_or(usize::MAX);
        let groups = groups.into_iter().skip(self.offset.unwrap_or_default());
        groups
            .take(self.limit.unwrap_or(usize::MAX).min(most))
            .map(|(key, rows)| {
                let names = self.by.iter().map(|column| column.name.to_owned());
                json!({
                    "key": names.zip(key).collect::<Map<_, _>>(),
                    "aggregate": self.summary.computed(asking, self.table, &rows),
                })
            })
            .collect()
    }

    fn same(&self, one: &[Value], other: &[Value]) -> bool {
        let mut columns = self.by.iter().zip(one.iter().zip(other));
        columns.all(|(column, (one, other))| equal(column.kind, one, other))
    }

    fn compare(&self, one: &(Vec<Value>, Vec<Row>), other: &(Vec<Value>, Vec<Row>)) -> Ordering {
        let (by_count, by_key) = self.directions;
        let size = |rows: &Vec<Row>| json!(rows.len());
        let by_count = by_count.map_or(Ordering::Equal, |direction| {
            directed(direction, Kind::Int, &size(&one.1), &size(&other.1))
        });
        let columns = self.by.iter().zip(one.0.iter().zip(&other.0));
        columns
            .map(|(column, (one, other))| directed(by_key, column.kind, one, other))
            .fold(by_count, Ordering::then)
    }
}
