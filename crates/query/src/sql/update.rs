//! Changing one row: one statement on PostgreSQL; on SQLite, whose `RETURNING` neither feeds a query nor sees
//! what triggers did, one that writes and one that reads, in the same transaction.

use portico_entity::catalogue::Column;

use super::writer::{Alias, Target, Writer};
use super::{Dialect, OutputColumn, Work, Write, filter, select};
use crate::plan::{Assignment, Bind, Change, Update};

/// The work of an update by key.
pub(super) fn root(update: &Update, target: Target<'_>) -> Work {
    match target.dialect {
        Dialect::Postgres => in_one(update, target),
        Dialect::Sqlite => in_two(update, target),
    }
}

fn in_one(update: &Update, target: Target<'_>) -> Work {
    let mut writer = Writer::new(target);
    writer.push("WITH changed AS (");
    let changed = write(&mut writer, update);
    writer.push(&format!(" RETURNING {changed}.*) "));
    let alias = writer.alias(update.select.table);
    let columns = guarded(&mut writer, alias, update);
    writer.push(&format!(" FROM changed AS {alias}"));
    Work::WriteAndRead(select::finish(writer, &update.select, columns))
}

fn in_two(update: &Update, target: Target<'_>) -> Work {
    let mut writer = Writer::new(target);
    write(&mut writer, update);
    let write = Write {
        sql: writer.sql.into(),
        binds: writer.binds,
    };
    let mut writer = Writer::new(target);
    let alias = writer.alias(update.select.table);
    let columns = guarded(&mut writer, alias, update);
    writer.push(" FROM ");
    writer.table(update.select.table);
    writer.push(&format!(" AS {alias} WHERE "));
    filter::write(&mut writer, alias, &update.key);
    Work::Write(write, select::finish(writer, &update.select, columns))
}

/// Selects whether the check holds, whether the row may be read, and what was asked of it.
fn guarded(writer: &mut Writer, alias: Alias, update: &Update) -> Vec<OutputColumn> {
    writer.push("SELECT (");
    filter::write(writer, alias, &update.check);
    writer.push(") IS TRUE, (");
    filter::write(writer, alias, &update.select.filter);
    writer.push(") IS TRUE, ");
    select::columns(writer, alias, &update.select.fields)
}

fn write(writer: &mut Writer, update: &Update) -> Alias {
    let alias = writer.alias(update.select.table);
    writer.push("UPDATE ");
    writer.table(update.select.table);
    writer.push(&format!(" AS {alias} SET "));
    for (index, assignment) in update.assignments.iter().enumerate() {
        if index > 0 {
            writer.push(", ");
        }
        assign(writer, alias, assignment);
    }
    writer.push(" WHERE ");
    filter::write(writer, alias, &update.key);
    filter::and(writer, alias, &update.rows);
    alias
}

fn assign(writer: &mut Writer, alias: Alias, assignment: &Assignment) {
    let column = assignment.column;
    writer.push(&format!("\"{}\" = ", column.sql));
    match (&assignment.change, writer.dialect) {
        (Change::Set(value), _) => writer.bind(value),
        (Change::Increment(value), _) => combine(writer, alias, column, ["", " + ", ""], value),
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
