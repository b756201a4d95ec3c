//! Conditions.

mod compare;

use portico_entity::catalogue::{Column, Scalar, catalogue};

use super::Dialect;
use super::aggregate;
use super::writer::{Alias, Writer};
use crate::plan::{Bind, Filter, Side};
use crate::request::Operand;
use compare::Left;

/// Writes a condition on the row of `alias`.
pub(super) fn write(writer: &mut Writer, alias: Alias, filter: &Filter) {
    match filter {
        Filter::All(filters) => join(writer, alias, filters, " AND ", "TRUE"),
        Filter::Any(filters) => join(writer, alias, filters, " OR ", "FALSE"),
        Filter::Not(filter) => {
            writer.push("NOT (");
            write(writer, alias, filter);
            writer.push(")");
        }
        Filter::IsNull(column, bind) => is_null(writer, alias, column.0, bind),
        Filter::Compare(column, operator, bind) => {
            let left = Left::new(alias, column.0, column.0.scalar);
            compare::write(writer, left, *operator, bind);
        }
        Filter::CompareText(column, operator, bind) => {
            let left = Left::new(alias, column.0, Scalar::String);
            compare::write(writer, left, *operator, bind);
        }
        Filter::OfPermission(filter) => {
            let outer = writer.root.replace(alias);
            write(writer, alias, filter);
            writer.root = outer;
        }
        Filter::Exists(table, filter) => {
            let inner = writer.alias(table.0);
            writer.push("EXISTS (SELECT 1 FROM ");
            writer.table(table.0);
            writer.push(&format!(" AS {inner} WHERE "));
            write(writer, inner, filter);
            close_exists(writer);
        }
        Filter::CompareColumns(left, operator, side, right) => {
            let other = match side {
                Side::Row => alias,
                Side::Root => writer.root.unwrap_or(alias),
            };
            compare::columns(writer, (alias, left.0), *operator, (other, right.0));
        }
        Filter::Aggregate(condition) => aggregate::condition(writer, alias, condition),
        Filter::Related(relation, filter) => {
            let Some(target) = catalogue().table(relation.0.target) else {
                return writer.push("FALSE");
            };
            let inner = writer.alias(target);
            writer.push("EXISTS (SELECT 1 FROM ");
            writer.table(target);
            writer.push(&format!(" AS {inner} WHERE "));
            writer.column(inner, relation.0.to);
            writer.push(" = ");
            writer.column(alias, relation.0.from);
            and(writer, inner, filter);
            close_exists(writer);
        }
    }
}

/// Without a limit SQLite 3.51 makes a join of it, in which a row that `OFFSET` has passed over comes again with
/// each further match.
pub(super) fn close_exists(writer: &mut Writer) {
    writer.push(match writer.dialect {
        Dialect::Postgres => ")",
        Dialect::Sqlite => " LIMIT 1)",
    });
}

/// Adds a further condition, if it is one.
pub(super) fn and(writer: &mut Writer, alias: Alias, filter: &Filter) {
    if !filter.is_true() {
        writer.push(" AND ");
        write(writer, alias, filter);
    }
}

/// So many conditions stand beside each other. SQLite reads a list as an expression of as many levels, of which it takes
/// 1,000: longer ones are halved.
const BESIDE: usize = 16;

fn join(writer: &mut Writer, alias: Alias, filters: &[Filter], word: &str, empty: &str) {
    match filters {
        [] => writer.push(empty),
        [only] => write(writer, alias, only),
        filters if filters.len() > BESIDE => {
            let (left, right) = filters.split_at(filters.len() / 2);
            writer.push("(");
            join(writer, alias, left, word, empty);
            writer.push(word);
            join(writer, alias, right, word, empty);
            writer.push(")");
        }
        filters => {
            writer.push("(");
            for (index, filter) in filters.iter().enumerate() {
                if index > 0 {
                    writer.push(word);
                }
                write(writer, alias, filter);
            }
            writer.push(")");
        }
    }
}

/// A constant is written out, because an index serves `IS NULL` but not a comparison with it.
fn is_null(writer: &mut Writer, alias: Alias, column: &Column, bind: &Bind) {
    let constant = match &bind.operand {
        Operand::Constant(serde_json::Value::Bool(yes)) => Some(*yes),
        _ => None,
    };
    if constant.is_none() {
        writer.push("((");
    }
    writer.column(alias, column.sql);
    match constant {
        Some(true) => writer.push(" IS NULL"),
        Some(false) => writer.push(" IS NOT NULL"),
        None => {
            writer.push(" IS NULL) = ");
            writer.bind(bind);
            writer.push(")");
        }
    }
}
