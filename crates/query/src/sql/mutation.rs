//! Writes and what is answered of them. Every write returns the keys of its rows; what is answered is read by
//! them in the same transaction, so that it shows what triggers and later writes made of the rows. Rows that
//! are gone are recalled from what their removal returned. A change whose rows cannot look otherwise afterwards
//! answers them itself.

mod at_once;
mod consequence;
mod kept;
mod work;

use std::sync::Arc;

use portico_entity::LONGEST_JSON;
use portico_entity::catalogue::{Column, Scalar, Table};

pub use at_once::Returned;
pub(crate) use at_once::WRITTEN;
use consequence::may_forget_tokens;
pub(super) use consequence::{
    audited, changes_address, changes_factors, is_audited, is_compared, proves_its_user,
};
use kept::is_kept;
pub use work::{AnswerWork, MutationWork, ResponseValue, RowsWork, Statement, WriteWork};

use super::insert::{self, InsertWork};
use super::writer::{Alias, Target, Writer};
use super::{Dialect, Read, filter, json, select, update};
use crate::plan::mutation::{Answer, Mutation, ResponseContent, ResponseField, Write, key_columns};
use crate::plan::update::{Assignment, Change, Update};
use crate::plan::{Bind, BindKind, Filter, Select, Shape};
use crate::request::Operand;

/// The work of a mutation.
pub(super) fn root(mutation: &Mutation, target: Target<'_>) -> MutationWork {
    let table = mutation.table;
    let gone = matches!(mutation.writes.first(), Some(Write::Delete(_)));
    let answer = match &mutation.answer {
        Answer::Row(found) => AnswerWork::Row(written(found, gone, target)),
        Answer::Response(fields) => AnswerWork::Response(response(fields, gone, target)),
        Answer::Responses(fields) => AnswerWork::Responses(response(fields, gone, target)),
    };
    let recalled = match &answer {
        AnswerWork::Row(_) => true,
        AnswerWork::Response(members) | AnswerWork::Responses(members) => members
            .iter()
            .any(|(_, value)| matches!(value, ResponseValue::Returning(_))),
    };
    let writes = mutation.writes.iter().map(|write| match write {
        Write::Insert(found) => {
            let work = insert::work(found, target);
            let returned = at_once::insert(found, &work, &mutation.answer, target);
            WriteWork::Insert(InsertWork { returned, ..work })
        }
        Write::Update(found) if found.assignments.is_empty() => WriteWork::Nothing,
        Write::Update(found) => change(mutation, found, target),
        Write::Delete(filter) => WriteWork::Rows(removal(table, filter, recalled, target)),
    });
    MutationWork {
        table,
        action: mutation.action.clone(),
        writes: writes.collect(),
        answer,
        discreet: mutation.discreet,
        path: mutation.path.clone(),
        forgets_tokens: mutation
            .writes
            .iter()
            .any(|write| may_forget_tokens(table, write)),
    }
}

fn response(fields: &[ResponseField], gone: bool, target: Target<'_>) -> Vec<(String, ResponseValue)> {
    let member = |field: &ResponseField| {
        let value = match &field.content {
            ResponseContent::Typename(name) => ResponseValue::Known(format!("\"{name}\"")),
            ResponseContent::AffectedRows => ResponseValue::AffectedRows,
            ResponseContent::Returning(found) => ResponseValue::Returning(written(found, gone, target)),
        };
        (field.key.clone(), value)
    };
    fields.iter().map(member).collect()
}

fn change(mutation: &Mutation, found: &Update, target: Target<'_>) -> WriteWork {
    let (table, answer) = (mutation.table, &mutation.answer);
    let columns = found.columns();
    let overgrown = match mutation.discreet {
        true => overgrown(table, found, target),
        false => None,
    };
    let check = match is_kept(&found.rights.check, &found.filter, &columns) {
        true => None,
        false => check(table, &found.rights.check, target),
    };
    let audited = audited(table, &columns);
    if check.is_none()
        && overgrown.is_none()
        && audited.is_none()
        && let Some(read) = at_once::change(table, found, answer, target)
    {
        return WriteWork::AtOnce(read);
    }
    let mut writer = Writer::new(target);
    update::write(&mut writer, table, found);
    returning(&mut writer, table);
    writer.push(", NULL");
    WriteWork::Rows(RowsWork {
        recall: None,
        statement: Statement::of(writer),
        check,
        overgrown,
        audited,
        changes_factors: changes_factors(table, &columns),
        changes_address: changes_address(table, &columns),
        former: is_compared(table, &columns).then(|| former(table, &found.filter, target)),
    })
}

fn removal(table: &'static Table, rows: &Filter, recalled: bool, target: Target<'_>) -> RowsWork {
    let refers_to_itself = table
        .relations
        .iter()
        .any(|relation| relation.target == table.type_name);
    let before = recalled && refers_to_itself && target.dialect == Dialect::Sqlite;
    let mut writer = Writer::new(target);
    let alias = writer.alias(table);
    writer.push("DELETE FROM ");
    writer.table(table);
    writer.push(&format!(" AS {alias} WHERE "));
    filter::write(&mut writer, alias, rows);
    returning(&mut writer, table);
    writer.push(", ");
    match recalled && !before {
        true => whole_row(&mut writer, table),
        false => writer.push("NULL"),
    }
    RowsWork {
        statement: Statement::of(writer),
        recall: before.then(|| recall(table, rows, target)),
        check: None,
        overgrown: None,
        audited: is_audited(table).then(Vec::new),
        changes_factors: proves_its_user(table),
        changes_address: false,
        former: None,
    }
}

fn recall(table: &'static Table, rows: &Filter, target: Target<'_>) -> Arc<str> {
    let mut writer = Writer::new(target);
    let alias = writer.alias(table);
    writer.push("SELECT ");
    whole_row(&mut writer, table);
    writer.push(" FROM ");
    writer.table(table);
    writer.push(&format!(" AS {alias} WHERE "));
    filter::write(&mut writer, alias, rows);
    writer.sql.into()
}

/// What rows hold before a change: key, user, address, second factor.
fn former(table: &'static Table, rows: &Filter, target: Target<'_>) -> Statement {
    let mut writer = Writer::new(target);
    let alias = writer.alias(table);
    writer.push("SELECT ");
    key_text(&mut writer, table);
    compared_columns(&mut writer, table);
    writer.push(" FROM ");
    writer.table(table);
    writer.push(&format!(" AS {alias} WHERE "));
    filter::write(&mut writer, alias, rows);
    lock(&mut writer, alias);
    Statement::of(writer)
}

/// Writes what is compared of a row before and after a write, behind its key.
pub(super) fn compared_columns(writer: &mut Writer, table: &'static Table) {
    let columns = [
        user_column(table),
        table.column_by_sql("email"),
        table.column_by_sql("active_mfa_type"),
    ];
    for column in columns {
        writer.push(", ");
        text(writer, column);
    }
}

/// Nobody else changes the rows between reading and writing them. SQLite has one who writes.
pub(super) fn lock(writer: &mut Writer, alias: Alias) {
    if writer.dialect == Dialect::Postgres {
        writer.push(&format!(" FOR UPDATE OF {alias}"));
    }
}

/// Writes the key of a row and its user as texts, for execution.
pub(super) fn returning(writer: &mut Writer, table: &'static Table) {
    writer.push(" RETURNING ");
    key_text(writer, table);
    writer.push(", ");
    text(writer, user_column(table));
}

/// The column that says whose row it is.
pub(crate) fn user_column(table: &'static Table) -> Option<&'static Column> {
    match table.sql {
        "users" => table.column_by_sql("id"),
        _ => table.column_by_sql("user_id"),
    }
}

/// Writes the key of a row as a text.
pub(super) fn key_text(writer: &mut Writer, table: &'static Table) {
    text(writer, key_columns(table).next());
}

fn text(writer: &mut Writer, column: Option<&Column>) {
    match column {
        Some(column) => as_text(writer, column.scalar, &format!("\"{}\"", column.sql)),
        None => writer.push("NULL"),
    }
}

/// Writes a value as the text that execution reads.
pub(super) fn as_text(writer: &mut Writer, scalar: Scalar, value: &str) {
    let (before, after) = match (writer.dialect, scalar) {
        (Dialect::Postgres, _) => ("", "::text"),
        (Dialect::Sqlite, Scalar::Uuid) => ("uuid_text(", ")"),
        (Dialect::Sqlite, _) => ("", ""),
    };
    writer.push(&format!("{before}{value}{after}"));
}

fn open_columns(table: &'static Table) -> Vec<&'static Column> {
    table.columns.iter().filter(|column| !column.secret).collect()
}

/// Writes the row as the text of a JSON object that [`recalled_rows`] reads.
fn whole_row(writer: &mut Writer, table: &'static Table) {
    let columns = open_columns(table);
    json::object(
        writer,
        &columns,
        |column| column.sql,
        |writer, column| match (writer.dialect, column.scalar) {
            // The digits of nothing are those of no bytes.
            (Dialect::Sqlite, Scalar::Uuid | Scalar::Bytea) => {
                writer.push(&format!(
                    "CASE WHEN \"{0}\" IS NOT NULL THEN hex(\"{0}\") END",
                    column.sql
                ));
            }
            _ => writer.push(&format!("\"{}\"", column.sql)),
        },
    );
    if writer.dialect == Dialect::Postgres {
        writer.push("::text");
    }
}

/// Writes the source of rows that are gone.
fn recalled_rows(writer: &mut Writer, alias: Alias, table: &'static Table) {
    match writer.dialect {
        Dialect::Postgres => {
            writer.push(" FROM jsonb_populate_recordset(NULL::");
            writer.table(table);
            writer.push(", ");
            writer.bind(&written_bind(BindKind::Scalar(Scalar::Jsonb)));
            writer.push(&format!(") AS {alias}"));
        }
        Dialect::Sqlite => {
            writer.push(" FROM (SELECT ");
            for (index, column) in open_columns(table).into_iter().enumerate() {
                if index > 0 {
                    writer.push(", ");
                }
                let name = column.sql;
                let value = match column.scalar {
                    Scalar::Uuid | Scalar::Bytea => format!("unhex(value ->> '{name}')"),
                    Scalar::Citext => format!("(value ->> '{name}') COLLATE NOCASE"),
                    _ => format!("value ->> '{name}'"),
                };
                writer.push(&format!("{value} AS \"{name}\""));
            }
            writer.push(" FROM json_each(");
            writer.bind(&written_bind(BindKind::Scalar(Scalar::Jsonb)));
            writer.push(&format!(")) AS {alias}"));
        }
    }
}

/// Writes the source of the rows with the keys that were written, in their order.
fn rows_by_key(writer: &mut Writer, alias: Alias, table: &'static Table) {
    let Some(key) = key_columns(table).next() else {
        return;
    };
    let bind = written_bind(BindKind::List(key.scalar));
    match writer.dialect {
        Dialect::Postgres => {
            writer.push(" FROM unnest(");
            writer.bind(&bind);
            writer.push(") WITH ORDINALITY AS k(key, position) JOIN ");
            writer.table(table);
            writer.push(&format!(" AS {alias} ON {alias}.\"{}\" = k.key", key.sql));
        }
        Dialect::Sqlite => {
            writer.push(" FROM json_each(");
            writer.bind(&bind);
            writer.push(") AS k CROSS JOIN ");
            writer.table(table);
            let value = match key.scalar {
                Scalar::Uuid => "unhex(k.value)",
                _ => "k.value",
            };
            writer.push(&format!(" AS {alias} ON {alias}.\"{}\" = {value}", key.sql));
        }
    }
}

pub(super) fn written_bind(kind: BindKind) -> Bind {
    Bind {
        operand: Operand::Written,
        kind,
        path: "$".to_owned(),
    }
}

/// Reads what is asked of the rows written, as far as the role may read them.
fn written(found: &Select, gone: bool, target: Target<'_>) -> Read {
    let mut writer = Writer::new(target);
    let alias = writer.alias(found.table);
    writer.push("SELECT ");
    let columns = select::columns(&mut writer, alias, &found.fields);
    match gone {
        true => recalled_rows(&mut writer, alias, found.table),
        false => rows_by_key(&mut writer, alias, found.table),
    }
    writer.push(" WHERE ");
    filter::write(&mut writer, alias, &found.filter);
    match (gone || found.shape == Shape::One, target.dialect) {
        (true, _) => {}
        (false, Dialect::Postgres) => writer.push(" ORDER BY k.position"),
        (false, Dialect::Sqlite) => writer.push(" ORDER BY k.key"),
    }
    select::finish(writer, found, columns)
}

/// Finds a row among those written in which JSON has grown to more than a user may keep; nothing where none grows. How
/// long values are that come whole is known before.
fn overgrown(table: &'static Table, found: &Update, target: Target<'_>) -> Option<Statement> {
    let grows =
        |assignment: &&Assignment| matches!(assignment.change, Change::Append(_) | Change::Prepend(_));
    let mut growing = found.assignments.iter().filter(grows).peekable();
    growing.peek()?;
    let mut writer = Writer::new(target);
    let alias = writer.alias(table);
    writer.push("SELECT '' ");
    rows_by_key(&mut writer, alias, table);
    writer.push(" WHERE ");
    for (index, assignment) in growing.enumerate() {
        if index > 0 {
            writer.push(" OR ");
        }
        writer.push("octet_length(");
        as_text(
            &mut writer,
            Scalar::Jsonb,
            &format!("{alias}.\"{}\"", assignment.column.sql),
        );
        writer.push(&format!(") > {LONGEST_JSON}"));
    }
    writer.push(" LIMIT 1");
    Some(Statement::of(writer))
}

/// Finds a row among those written that does not satisfy a condition; nothing where every row does.
pub(super) fn check(table: &'static Table, check: &Filter, target: Target<'_>) -> Option<Statement> {
    if check.is_true() {
        return None;
    }
    let mut writer = Writer::new(target);
    let alias = writer.alias(table);
    writer.push("SELECT '' ");
    rows_by_key(&mut writer, alias, table);
    writer.push(" WHERE (");
    filter::write(&mut writer, alias, check);
    writer.push(") IS NOT TRUE LIMIT 1");
    Some(Statement::of(writer))
}
