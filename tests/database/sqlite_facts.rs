//! What a SQLite database says of itself.

use std::collections::BTreeMap;

use sqlx::SqlitePool;

use super::entity_facts::{Facts, column_fact, key_fact, unique_fact};

/// What SQLite keeps of a table is the text that made it.
pub(super) async fn tables(pool: &SqlitePool) -> BTreeMap<String, String> {
    let tables: Vec<(String, String)> = sqlx::query_as(
        "SELECT name, sql FROM sqlite_schema
         WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'portico_migrations'",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    tables.into_iter().collect()
}

/// Every column and every primary key.
pub(super) async fn columns(pool: &SqlitePool) -> Facts {
    let mut facts = Facts::new();
    for (table, sql) in tables(pool).await {
        let rows: Vec<(String, String, bool, bool, i64, i64)> = sqlx::query_as(
            "SELECT name, type, NOT \"notnull\", dflt_value IS NOT NULL, hidden, pk
             FROM pragma_table_xinfo(?) ORDER BY pk",
        )
        .bind(&table)
        .fetch_all(pool)
        .await
        .unwrap();
        let mut key = Vec::new();
        for (column, declared, null, default, hidden, place) in rows {
            let column_type = refined(&declared, &column, &sql);
            facts.insert(column_fact(
                &table,
                &column,
                &column_type,
                null,
                default,
                hidden > 1,
            ));
            if place > 0 {
                key.push(column);
            }
        }
        facts.insert(key_fact(&table, &key.join(", ")));
    }
    facts
}

/// The declared type with the condition that makes it stand for a type SQLite lacks.
fn refined(declared: &str, column: &str, sql: &str) -> String {
    let conditions = [
        format!("json_valid({column})"),
        format!("{column} TEXT COLLATE NOCASE"),
        format!("CHECK ({column} IN (0, 1))"),
        format!("CHECK (length({column}) <= 2)"),
        format!("CHECK (length({column}) <= 255)"),
    ];
    // The blank keeps `email` from being found inside `new_email`.
    let condition = conditions
        .iter()
        .find(|condition| sql.contains(&format!(" {condition}")) || sql.contains(&format!("({condition}")));
    condition.map_or_else(
        || declared.to_owned(),
        |condition| format!("{declared} {condition}"),
    )
}

/// Unique constraints by their columns: SQLite forgets the names.
pub(super) async fn uniques(pool: &SqlitePool) -> Facts {
    let rows = indexes(pool).await;
    rows.into_iter()
        // The catalogue does not know what the API does not show.
        .filter(|index| index.origin == "u" && index.table != "tickets")
        .map(|index| unique_fact(&index.table, &index.columns))
        .collect()
}

/// Names of constraints, as they stand in the text of the tables.
pub(super) async fn constraint_names(pool: &SqlitePool) -> Facts {
    let mut facts = Facts::new();
    for (table, sql) in tables(pool).await {
        let names = sql
            .split("CONSTRAINT ")
            .skip(1)
            .filter_map(|rest| rest.split_whitespace().next());
        facts.extend(names.map(|name| format!("{table}: {name}")));
    }
    facts
}

/// Every foreign key.
pub(super) async fn foreign_keys(pool: &SqlitePool) -> Facts {
    let rows: Vec<(String, String, String, String, String)> = sqlx::query_as(
        "SELECT s.name, f.\"from\", f.\"table\", f.on_update, f.on_delete
         FROM sqlite_schema s JOIN pragma_foreign_key_list(s.name) f WHERE s.type = 'table'",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    rows.into_iter()
        .map(|(table, column, target, update, delete)| {
            format!("{table}: ({column}) to {target}, on update {update}, on delete {delete}")
        })
        .collect()
}

/// Indexes that no constraint made, by name.
pub(super) async fn plain_indexes(pool: &SqlitePool) -> Facts {
    let rows = indexes(pool).await;
    rows.into_iter()
        .filter(|index| index.origin == "c")
        .map(|index| format!("{}: {} ({})", index.table, index.name, index.columns))
        .collect()
}

#[derive(Debug)]
struct Index {
    table: String,
    name: String,
    /// `c` by statement, `u` by unique constraint, `pk` by primary key.
    origin: String,
    columns: String,
}

async fn indexes(pool: &SqlitePool) -> Vec<Index> {
    let rows: Vec<(String, String, String, String)> = sqlx::query_as(
        "SELECT s.name, l.name, l.origin,
                (SELECT group_concat(i.name, ', ' ORDER BY i.seqno) FROM pragma_index_info(l.name) i)
         FROM sqlite_schema s JOIN pragma_index_list(s.name) l
         WHERE s.type = 'table' AND s.name <> 'portico_migrations'",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let index = |(table, name, origin, columns)| Index {
        table,
        name,
        origin,
        columns,
    };
    rows.into_iter().map(index).collect()
}
