//! The name of a constraint that a write broke. SQLite does not tell: it is found out afterwards, so that
//! writes which break none pay nothing for it.

use std::sync::{Arc, Mutex};

use rusqlite::hooks::Action;
use rusqlite::types::Value;
use rusqlite::{Connection, Error, OptionalExtension, Row, ffi};

use super::write::finish;
use super::{error, lock};
use crate::error::Failure;

/// What a client may know of an error, after the statement that broke it and before its transaction ends.
pub(super) fn failure(connection: &Connection, sql: &str, values: &[Value], error: Error) -> Failure {
    let Error::SqliteFailure(cause, message) = &error else {
        return error::failure(error);
    };
    let message = message.as_deref().unwrap_or_default();
    let found = match cause.extended_code {
        ffi::SQLITE_CONSTRAINT_CHECK => check(connection, message).map(Some),
        // What refers to a row restricts its removal in the manner of a trigger.
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY | ffi::SQLITE_CONSTRAINT_TRIGGER
            if message == "FOREIGN KEY constraint failed" =>
        {
            foreign_key(connection, sql, values)
        }
        _ => return error::failure(error),
    };
    match found {
        Ok(Some(failure)) => failure,
        Ok(None) => error::failure(error),
        Err(reason) => {
            tracing::warn!(%reason, "it was not found out which constraint a write broke");
            error::failure(error)
        }
    }
}

/// A check by the table whose definition has it; one that no table has is a type on PostgreSQL.
fn check(connection: &Connection, message: &str) -> rusqlite::Result<Failure> {
    let name = message.split_once(": ").map_or("", |(_, name)| name);
    let table = connection
        .query_row(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND instr(sql, 'CONSTRAINT ' || ?1 || ' CHECK')",
            [name],
            |row| row.get::<_, String>(0),
        )
        .optional()?;
    Ok(error::check(table.as_deref(), name))
}

/// A row that a statement wrote.
type Touched = (Action, String, i64);

/// Runs the statement once more, with references looked at later, and looks at those of the rows it writes.
fn foreign_key(connection: &Connection, sql: &str, values: &[Value]) -> rusqlite::Result<Option<Failure>> {
    // Until the transaction ends, or whoever goes on with it says otherwise.
    connection.pragma_update(None, "defer_foreign_keys", true)?;
    let touched = Arc::new(Mutex::new(Vec::<Touched>::new()));
    let seen = Arc::clone(&touched);
    connection.update_hook(Some(move |action, _: &str, table: &str, row| {
        lock(&seen).push((action, table.to_owned(), row));
    }))?;
    let written = finish(connection, sql, values);
    connection.update_hook(None::<fn(Action, &str, &str, i64)>)?;
    written?;
    let touched = std::mem::take(&mut *lock(&touched));
    let references = references(connection)?;
    let mut first: Option<(i64, &Reference)> = None;
    for reference in &references {
        let broken = reference.broken_by(connection, &touched)?;
        if let Some(place) = broken.filter(|place| first.is_none_or(|(known, _)| *place < known)) {
            first = Some((place, reference));
        }
    }
    if let Some((_, reference)) = first {
        return Ok(Some(error::reference_to_nothing(
            &reference.table,
            &reference.name,
        )));
    }
    for reference in &references {
        if reference.left_behind(connection, &touched)? {
            let Reference {
                table, name, target, ..
            } = reference;
            return Ok(Some(error::row_in_use(target, table, name)));
        }
    }
    Ok(None)
}

/// A foreign key.
#[derive(Debug)]
struct Reference {
    name: String,
    table: String,
    column: String,
    target: String,
    to: String,
}

/// Every foreign key of the database, those of a table in the order of its definition.
fn references(connection: &Connection) -> rusqlite::Result<Vec<Reference>> {
    let mut statement = connection.prepare(
        "SELECT s.name, k.\"from\", k.\"table\", k.\"to\", s.sql, \
         row_number() OVER (PARTITION BY s.name ORDER BY k.id DESC) - 1 \
         FROM sqlite_schema s JOIN pragma_foreign_key_list(s.name) k \
         WHERE s.type = 'table' ORDER BY s.rowid, k.id DESC",
    )?;
    let read = |row: &Row<'_>| {
        let definition: String = row.get(4)?;
        Ok(Reference {
            table: row.get(0)?,
            column: row.get(1)?,
            target: row.get(2)?,
            to: row.get(3)?,
            name: name(&definition, row.get::<_, u16>(5)?.into()),
        })
    };
    statement.query_map([], read)?.collect()
}

/// The name of a table's nth foreign key, from the statement that made the table.
fn name(definition: &str, place: usize) -> String {
    let before = definition.split("REFERENCES").nth(place);
    let name = before.and_then(|before| before.rsplit_once("CONSTRAINT "));
    name.map_or("", |(_, name)| name.trim()).to_owned()
}

impl Reference {
    /// The place of the first row written that refers to no row.
    fn broken_by(&self, connection: &Connection, touched: &[Touched]) -> rusqlite::Result<Option<i64>> {
        let rows: Vec<Option<i64>> = touched
            .iter()
            .map(|(_, table, row)| (*table == self.table).then_some(*row))
            .collect();
        if rows.iter().all(Option::is_none) {
            return Ok(None);
        }
        let Self {
            table,
            column,
            target,
            to,
            ..
        } = self;
        let sql = format!(
            "SELECT min(w.key) FROM json_each(?1) w JOIN \"{table}\" r ON r.rowid = w.value \
             WHERE r.\"{column}\" IS NOT NULL \
             AND NOT EXISTS (SELECT 1 FROM \"{target}\" t WHERE t.\"{to}\" = r.\"{column}\")"
        );
        let rows = serde_json::json!(rows).to_string();
        connection.query_row(&sql, [rows], |row| row.get(0))
    }

    /// Whether rows refer to one that was changed or removed.
    fn left_behind(&self, connection: &Connection, touched: &[Touched]) -> rusqlite::Result<bool> {
        if !touched.iter().any(|(_, table, _)| *table == self.target) {
            return Ok(false);
        }
        let Self {
            table,
            column,
            target,
            to,
            ..
        } = self;
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM \"{table}\" r WHERE r.\"{column}\" IS NOT NULL \
             AND NOT EXISTS (SELECT 1 FROM \"{target}\" t WHERE t.\"{to}\" = r.\"{column}\"))"
        );
        connection.query_row(&sql, [], |row| row.get(0))
    }
}
