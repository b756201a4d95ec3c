//! Changing rows.

use portico_entity::catalogue::{Column, Scalar, Table};

use super::writer::{Alias, Writer};
use super::{Dialect, filter};
use crate::plan::Bind;
use crate::plan::update::{Assignment, Change, Update};

/// Writes the change of the rows of a table, up to what it returns.
pub(super) fn write(writer: &mut Writer, table: &'static Table, update: &Update) -> Alias {
    let alias = writer.alias(table);
    writer.push("UPDATE ");
    writer.table(table);
    writer.push(&format!(" AS {alias} SET "));
    for (index, assignment) in update.assignments.iter().enumerate() {
        if index > 0 {
            writer.push(", ");
        }
        assign(writer, alias, assignment);
    }
    for preset in &update.rights.presets {
        writer.push(&format!(", \"{}\" = ", preset.column));
        writer.bind(&preset.value);
    }
    writer.push(" WHERE ");
    filter::write(writer, alias, &update.filter);
    alias
}

fn assign(writer: &mut Writer, alias: Alias, assignment: &Assignment) {
    let column = assignment.column;
    writer.push(&format!("\"{}\" = ", column.sql));
    match (&assignment.change, writer.dialect) {
        (Change::Set(value), _) => writer.bind(value),
        (Change::Increment(value), Dialect::Postgres) => {
            combine(writer, alias, column, ["", " + ", ""], value);
        }
        (Change::Increment(value), Dialect::Sqlite) => {
            let name = match column.scalar {
                Scalar::Int => "integer_sum",
                _ => "bigint_sum",
            };
            function(writer, alias, column, name, value);
        }
        (Change::Append(value), Dialect::Postgres) => combine(writer, alias, column, ["", " || ", ""], value),
        (Change::Prepend(value), Dialect::Postgres) => {
            writer.bind(value);
            writer.push(" || ");
            writer.stored_column(alias, column.sql);
        }
        (Change::DeleteKey(value) | Change::DeleteElement(value), Dialect::Postgres) => {
            combine(writer, alias, column, ["", " - ", ""], value);
        }
        (Change::DeleteAtPath(value), Dialect::Postgres) => {
            combine(writer, alias, column, ["", " #- ", ""], value);
        }
        (Change::Append(value), Dialect::Sqlite) => function(writer, alias, column, "jsonb_append", value),
        (Change::Prepend(value), Dialect::Sqlite) => function(writer, alias, column, "jsonb_prepend", value),
        (Change::DeleteKey(value), Dialect::Sqlite) => {
            function(writer, alias, column, "jsonb_delete_key", value);
        }
        (Change::DeleteElement(value), Dialect::Sqlite) => {
            function(writer, alias, column, "jsonb_delete_element", value);
        }
        (Change::DeleteAtPath(value), Dialect::Sqlite) => {
            function(writer, alias, column, "jsonb_delete_at_path", value);
        }
    }
}

fn function(writer: &mut Writer, alias: Alias, column: &Column, name: &str, value: &Bind) {
    combine(writer, alias, column, [&format!("{name}("), ", ", ")"], value);
}

fn combine(writer: &mut Writer, alias: Alias, column: &Column, around: [&str; 3], value: &Bind) {
    let [before, between, after] = around;
    writer.push(before);
    writer.stored_column(alias, column.sql);
    writer.push(between);
    writer.bind(value);
    writer.push(after);
}
