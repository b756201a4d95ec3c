//! The order of JSON values on SQLite, so that a database sorts, groups and tells them apart as PostgreSQL does.

use rusqlite::{Connection, Result};

use crate::execute::jsonb;

/// Registers the collation `jsonb`.
pub(super) fn register(connection: &Connection) -> Result<()> {
    connection.create_collation("jsonb", |left, right| {
        match (serde_json::from_str(left), serde_json::from_str(right)) {
            (Ok(left), Ok(right)) => jsonb::compare(&left, &right),
            _ => left.cmp(right),
        }
    })
}
