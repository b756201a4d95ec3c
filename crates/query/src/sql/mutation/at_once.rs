//! Writes that answer themselves, in one statement without a second look at the rows.

use portico_entity::catalogue::{Column, Consequence, Table};

use super::Statement;
use super::kept::is_kept;
use crate::plan::insert::Insert;
use crate::plan::mutation::{Answer, ResponseContent};
use crate::plan::update::Update;
use crate::plan::{Content, Field, Select, Shape};
use crate::sql::insert::{self, InsertWork};
use crate::sql::writer::{Target, Writer};
use crate::sql::{Dialect, OutputColumn, Read, Weight, select, update};

/// What a statement that adds rows returns, so that it answers them.
#[derive(Debug, Clone)]
pub struct Returned {
    /// What stands behind the rows in the statement; its parameters come first.
    pub tail: Statement,
    /// One row or many.
    pub shape: Shape,
    /// What becomes of the columns.
    pub columns: Vec<OutputColumn>,
    /// The select list over the rows written, where something follows from them: what the database returns of them
    /// first is for that as well.
    pub answer: Option<String>,
}

/// The rows that a statement has written, as what follows in it calls them.
pub(crate) const WRITTEN: &str = "written";

/// The rows that an answer asks for.
struct Asked<'a> {
    select: Option<&'a Select>,
    fields: &'a [Field],
    shape: Shape,
}

impl<'a> Asked<'a> {
    /// Nothing where they are asked for more than once.
    fn of(answer: &'a Answer) -> Option<Self> {
        let select = match answer {
            Answer::Row(select) => Some(&**select),
            Answer::Response(fields) | Answer::Responses(fields) => {
                let mut returned = fields.iter().filter_map(|field| match &field.content {
                    ResponseContent::Returning(select) => Some(&**select),
                    ResponseContent::Typename(_) | ResponseContent::AffectedRows => None,
                });
                let first = returned.next();
                match returned.next() {
                    None => first,
                    Some(_) => return None,
                }
            }
        };
        Some(Self {
            select,
            fields: select.map_or(&[], |select| &select.fields),
            shape: select.map_or(Shape::Many, |select| select.shape),
        })
    }

    /// Whether everything is in the row as a write returns it.
    fn is_plain(&self, writer: &Writer, table: &Table) -> bool {
        self.fields.iter().all(|field| match &field.content {
            Content::Typename(_) => true,
            Content::Column(column, _) => {
                // PostgreSQL's triggers set it before.
                let complete = !column.set_afterwards || writer.dialect == Dialect::Postgres;
                complete && writer.is_plain(table, column.sql)
            }
            Content::Related(..) | Content::Aggregate(..) => false,
        })
    }

    /// The columns of which an answer is made, and those of which grants are.
    fn needed(&self, table: &'static Table) -> impl Iterator<Item = &'static Column> {
        table.columns.iter().filter(|column| {
            let asked = |field: &Field| matches!(&field.content, Content::Column(asked, _) if asked.sql == column.sql);
            table.key.contains(&column.sql)
                || column.is_followed_by(Consequence::KeepDefaultRole)
                || self.fields.iter().any(asked)
        })
    }
}

/// A change that returns what is answered of its rows. Nothing where the answer may be another after the change:
/// where it asks for other rows or for what a trigger sets, or where the role may no longer see a row.
pub(super) fn change(
    table: &'static Table,
    found: &Update,
    answer: &Answer,
    target: Target<'_>,
) -> Option<Read> {
    let columns = found.columns();
    // What refers to a row follows its key, also in the same table.
    if columns.iter().any(|column| table.key.contains(column)) {
        return None;
    }
    let asked = Asked::of(answer)?;
    let mut writer = Writer::new(target);
    let seen = asked
        .select
        .is_none_or(|select| is_kept(&select.filter, &found.filter, &columns));
    if !seen || !asked.is_plain(&writer, table) {
        return None;
    }
    let alias = update::write(&mut writer, table, found);
    writer.push(" RETURNING ");
    let columns = select::columns(&mut writer, alias.returned(), asked.fields);
    Some(Read {
        sql: writer.sql.into(),
        binds: writer.binds,
        shape: asked.shape,
        columns,
        page: None,
        weight: Weight::of_many(false),
    })
}

/// What the statement of an insert returns to answer it; nothing where something else follows that cannot be part of
/// it, or the answer asks for more than the rows.
pub(super) fn insert(
    found: &Insert,
    work: &InsertWork,
    answer: &Answer,
    target: Target<'_>,
) -> Option<Returned> {
    let ([node], table) = (work.nodes.as_slice(), found.node.table) else {
        return None;
    };
    if node.check.is_some() || node.update_check.is_some() || node.changes_factors {
        return None;
    }
    let follows = node.audited.is_some() || node.grant.is_some();
    // Of new rows everything is known before. SQLite writes to one table in a statement.
    if follows && (node.conflict.is_some() || target.dialect == Dialect::Sqlite) {
        return None;
    }
    let asked = Asked::of(answer)?;
    let mut writer = Writer::new(target);
    let seen = asked.select.is_none_or(|select| select.filter.is_true());
    if !seen || !asked.is_plain(&writer, table) {
        return None;
    }
    let alias = insert::conflict(&mut writer, table, found.node.conflict.as_ref());
    writer.push(" RETURNING ");
    if !follows {
        let columns = select::columns(&mut writer, alias.returned(), asked.fields);
        return Some(Returned {
            tail: Statement::of(writer),
            shape: asked.shape,
            columns,
            answer: None,
        });
    }
    let needed: Vec<String> = asked
        .needed(table)
        .map(|column| format!("{alias}.\"{}\"", column.sql))
        .collect();
    writer.push(&needed.join(", "));
    let returning = std::mem::take(&mut writer.sql);
    let columns = select::columns(&mut writer, alias, asked.fields);
    writer.push(&format!(" FROM {WRITTEN} AS {alias}"));
    Some(Returned {
        tail: Statement {
            sql: returning.into(),
            binds: writer.binds,
        },
        shape: asked.shape,
        columns,
        answer: Some(writer.sql),
    })
}
