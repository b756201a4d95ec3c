//! The search for secrets in everything that a service keeps.

use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};

use super::database::{Kind, TestDatabase};

/// Tables of data that tests make by the thousand are read no further.
const ROWS: usize = 2_000;

/// Fails if any column of any table holds one of the secrets as it is.
pub(crate) async fn check_absent(database: &TestDatabase, secrets: &[String]) {
    if secrets.is_empty() {
        return;
    }
    // Some tests end with a server that is gone.
    let Some(connection) = database.try_connect().await else {
        return;
    };
    for (table, columns) in tables(&connection, database.kind).await {
        let sql = format!("SELECT {} FROM {table} LIMIT {ROWS}", columns.join(", "));
        let rows = connection
            .query_all_raw(statement(&connection, sql))
            .await
            .unwrap();
        for row in rows {
            for (number, column) in columns.iter().enumerate() {
                let value: Option<Vec<u8>> = row.try_get_by_index(number).unwrap();
                let value = String::from_utf8_lossy(&value.unwrap_or_default()).into_owned();
                if let Some(secret) = secrets.iter().find(|secret| value.contains(secret.as_str())) {
                    panic!("a secret is kept: {secret} in {table}, {column}");
                }
            }
        }
    }
    connection.close().await.unwrap();
}

fn statement(connection: &DatabaseConnection, sql: String) -> Statement {
    Statement::from_string(connection.get_database_backend(), sql)
}

/// Every table, with expressions that read its columns as bytes.
async fn tables(connection: &DatabaseConnection, kind: Kind) -> Vec<(String, Vec<String>)> {
    let sql = match kind {
        Kind::Sqlite => {
            "SELECT '\"' || m.name || '\"' AS place, 'CAST(\"' || c.name || '\" AS BLOB)' AS part \
             FROM sqlite_schema m JOIN pragma_table_xinfo(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' \
             ORDER BY 1"
        }
        Kind::Postgres => {
            "SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) AS place, CASE udt_name \
               WHEN 'bytea' THEN quote_ident(column_name) \
               ELSE 'convert_to(' || quote_ident(column_name) || '::text, ''UTF8'')' END AS part \
             FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name) \
             WHERE table_type = 'BASE TABLE' AND table_schema IN ('auth', 'public') ORDER BY 1"
        }
    };
    let mut tables: Vec<(String, Vec<String>)> = Vec::new();
    let rows = connection
        .query_all_raw(statement(connection, sql.to_owned()))
        .await
        .unwrap();
    for row in rows {
        let (place, part): (String, String) = (
            row.try_get("", "place").unwrap(),
            row.try_get("", "part").unwrap(),
        );
        match tables.last_mut() {
            Some((last, parts)) if *last == place => parts.push(part),
            _ => tables.push((place, vec![part])),
        }
    }
    tables
}
