//! What a PostgreSQL database says of itself.

use sqlx::PgPool;

use super::entity_facts::{Facts, column_fact, key_fact};

const COLUMNS: &str = "
    SELECT c.relname::text, a.attname::text,
           format_type(coalesce(nullif(t.typbasetype, 0), a.atttypid), a.atttypmod),
           NOT a.attnotnull, a.atthasdef, a.attgenerated <> ''
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid
    JOIN pg_type t ON t.oid = a.atttypid
    WHERE c.relnamespace = 'auth'::regnamespace AND c.relkind = 'r' AND c.relname <> 'portico_migrations'
      AND a.attnum > 0 AND NOT a.attisdropped";

const CONSTRAINTS: &str = "
    SELECT c.relname::text, k.conname::text, k.contype::text,
           coalesce((SELECT string_agg(a.attname, ', ' ORDER BY p.place)
                     FROM unnest(k.conkey) WITH ORDINALITY p (number, place)
                     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.number), ''),
           coalesce(f.relname::text, ''), k.confupdtype::text, k.confdeltype::text
    FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid
    LEFT JOIN pg_class f ON f.oid = k.confrelid
    WHERE c.relnamespace = 'auth'::regnamespace AND c.relname <> 'portico_migrations'
      AND k.contype IN ('p', 'u', 'f', 'c')";

const INDEXES: &str = "
    SELECT c.relname::text, i.relname::text,
           EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.indexrelid AND k.contype IN ('p', 'u')),
           (SELECT string_agg(a.attname, ', ' ORDER BY p.place)
            FROM unnest(x.indkey) WITH ORDINALITY p (number, place)
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.number)
    FROM pg_index x
    JOIN pg_class c ON c.oid = x.indrelid
    JOIN pg_class i ON i.oid = x.indexrelid
    WHERE c.relnamespace = 'auth'::regnamespace AND c.relname <> 'portico_migrations'";

/// Every column and every primary key.
pub(super) async fn columns(pool: &PgPool) -> Facts {
    let rows: Vec<(String, String, String, bool, bool, bool)> =
        sqlx::query_as(COLUMNS).fetch_all(pool).await.unwrap();
    let columns = rows
        .iter()
        .map(|(table, column, column_type, null, default, computed)| {
            column_fact(table, column, column_type, *null, *default, *computed)
        });
    let keys = constraints(pool).await;
    let keys = keys.iter().filter(|constraint| constraint.kind == "p");
    columns
        .chain(keys.map(|key| key_fact(&key.table, &key.columns)))
        .collect()
}

/// A constraint of a table.
#[derive(Debug)]
pub(super) struct Constraint {
    pub(super) table: String,
    pub(super) name: String,
    /// `p` primary key, `u` unique, `f` foreign key, `c` check.
    pub(super) kind: String,
    pub(super) columns: String,
    pub(super) target: String,
    on_update: String,
    on_delete: String,
}

impl Constraint {
    /// The line for a foreign key.
    pub(super) fn foreign_key_fact(&self) -> String {
        let (update, delete) = (action(&self.on_update), action(&self.on_delete));
        format!(
            "{}: ({}) to {}, on update {update}, on delete {delete}",
            self.table, self.columns, self.target
        )
    }
}

fn action(letter: &str) -> &'static str {
    match letter {
        "c" => "CASCADE",
        "n" => "SET NULL",
        "r" => "RESTRICT",
        _ => "NO ACTION",
    }
}

pub(super) async fn constraints(pool: &PgPool) -> Vec<Constraint> {
    let rows: Vec<(String, String, String, String, String, String, String)> =
        sqlx::query_as(CONSTRAINTS).fetch_all(pool).await.unwrap();
    let constraint = |(table, name, kind, columns, target, on_update, on_delete)| Constraint {
        table,
        name,
        kind,
        columns,
        target,
        on_update,
        on_delete,
    };
    rows.into_iter().map(constraint).collect()
}

/// Table and columns of every index, also of those behind constraints.
pub(super) async fn indexed(pool: &PgPool) -> Vec<(String, String)> {
    let rows = indexes(pool).await;
    rows.into_iter()
        .map(|(table, _, _, columns)| (table, columns))
        .collect()
}

/// Indexes that no constraint made, by name.
pub(super) async fn plain_indexes(pool: &PgPool) -> Facts {
    let rows = indexes(pool).await;
    rows.into_iter()
        .filter(|(_, _, constraint, _)| !constraint)
        .map(|(table, name, _, columns)| format!("{table}: {name} ({columns})"))
        .collect()
}

async fn indexes(pool: &PgPool) -> Vec<(String, String, bool, String)> {
    sqlx::query_as(INDEXES).fetch_all(pool).await.unwrap()
}
