//! Where rows come from: a table, a condition, an order, and which part of it.

use portico_entity::catalogue::{Column, Relation};

use super::writer::{Alias, Writer};
use super::{Dialect, Page, filter, order_by};
use crate::plan::{ByName, Select, Shape};

/// The position of a row in its order, beside its columns.
pub(super) const POSITION: &str = "#";
/// The position of a row among those of its kind.
const RANK: &str = "#kind";

/// The rows a select list is made over.
#[derive(Clone, Copy)]
pub(super) struct Rows<'s> {
    /// Which rows of which table.
    pub(super) select: &'s Select,
    /// The row to which they are related, if any.
    pub(super) of: Option<(Alias, &'s Relation)>,
    /// At most so many, besides what the request says.
    pub(super) most: Option<u32>,
}

impl<'s> Rows<'s> {
    /// The rows of a request within a role's own limit.
    pub(super) fn new(select: &'s Select, of: Option<(Alias, &'s Relation)>) -> Self {
        let most = select.role_limit;
        Self { select, of, most }
    }

    /// Whether only a part of them is asked for.
    pub(super) fn is_cut(&self) -> bool {
        let select = self.select;
        self.most.is_some()
            || select.limit.is_some()
            || select.offset.is_some()
            || !select.distinct_on.is_empty()
    }

    /// Whether they have an order or an end.
    pub(super) fn is_windowed(&self) -> bool {
        self.select.shape == Shape::Many && (self.is_cut() || !self.select.order_by.is_empty())
    }
}

/// Writes ` FROM` with the table and the condition.
pub(super) fn from_table(writer: &mut Writer, alias: Alias, rows: Rows<'_>) {
    writer.push(" FROM ");
    writer.table(rows.select.table);
    writer.push(&format!(" AS {alias} WHERE "));
    match rows.of {
        Some((outer, relation)) => {
            writer.column(alias, relation.to);
            writer.push(" = ");
            writer.column(outer, relation.from);
            filter::and(writer, alias, &rows.select.filter);
        }
        None => filter::write(writer, alias, &rows.select.filter),
    }
}

/// Writes ` FROM` with exactly the rows asked for, in their order.
pub(super) fn from(writer: &mut Writer, alias: Alias, rows: Rows<'_>) {
    if !rows.is_windowed() {
        return from_table(writer, alias, rows);
    }
    match (rows.select.distinct_on.as_slice(), writer.dialect) {
        ([], _) => {
            writer.push(&format!(" FROM (SELECT {alias}.*"));
            from_table(writer, alias, rows);
        }
        (columns, Dialect::Postgres) => {
            writer.push(" FROM (SELECT DISTINCT ON (");
            list(writer, alias, columns);
            writer.push(&format!(") {alias}.*"));
            from_table(writer, alias, rows);
        }
        (columns, Dialect::Sqlite) => {
            writer.push(&format!(
                " FROM (SELECT {alias}.* FROM (SELECT {alias}.*, row_number() OVER (PARTITION BY "
            ));
            list(writer, alias, columns);
            order_by::write(writer, alias, &rows.select.order_by);
            writer.push(&format!(") AS \"{RANK}\""));
            from_table(writer, alias, rows);
            writer.push(&format!(") AS {alias} WHERE {alias}.\"{RANK}\" = 1"));
        }
    }
    window(writer, alias, rows);
    writer.push(&format!(") AS {alias}"));
}

/// Writes columns beside each other, each as what compares by the rules of its type.
pub(super) fn list(writer: &mut Writer, alias: Alias, columns: &[ByName<Column>]) {
    for (index, column) in columns.iter().enumerate() {
        if index > 0 {
            writer.push(", ");
        }
        writer.comparable(alias, column.0);
    }
}

/// Writes ` FROM` with exactly the rows asked for and the position of each.
pub(super) fn from_numbered(writer: &mut Writer, alias: Alias, rows: Rows<'_>) {
    writer.push(&format!(
        " FROM (SELECT {alias}.*, row_number() OVER () AS \"{POSITION}\""
    ));
    from(writer, alias, rows);
    writer.push(&format!(") AS {alias}"));
}

/// Order, limit and offset; where they stand, if PostgreSQL wants to know. SQLite wants a limit before an offset
/// and knows no null limit.
pub(super) fn window(writer: &mut Writer, alias: Alias, rows: Rows<'_>) -> Option<Page> {
    let select = rows.select;
    if select.shape == Shape::One {
        writer.push(" LIMIT 1");
        return None;
    }
    order_by::write(writer, alias, &select.order_by);
    let unlimited = match writer.dialect {
        Dialect::Postgres => "NULL",
        Dialect::Sqlite => "-1",
    };
    let (at, first) = (writer.sql.len(), writer.binds.len());
    match (&select.limit, rows.most) {
        (Some(limit), None) => {
            writer.push(" LIMIT coalesce(");
            writer.bind(limit);
            writer.push(&format!(", {unlimited})"));
        }
        (Some(limit), Some(most)) => {
            let least = match writer.dialect {
                Dialect::Postgres => "least",
                Dialect::Sqlite => "min",
            };
            writer.push(&format!(" LIMIT {least}(coalesce("));
            writer.bind(limit);
            writer.push(&format!(", {most}), {most})"));
        }
        (None, Some(most)) => writer.push(&format!(" LIMIT {most}")),
        (None, None) if select.offset.is_some() => writer.push(&format!(" LIMIT {unlimited}")),
        (None, None) => {}
    }
    if let Some(offset) = &select.offset {
        writer.push(" OFFSET coalesce(");
        writer.bind(offset);
        writer.push(", 0)");
    }
    (writer.dialect == Dialect::Postgres && select.limit.is_some()).then(|| Page {
        at,
        limit: first,
        most: rows.most,
        offset: select.offset.as_ref().map(|_| first + 1),
    })
}
