//! Entities, migrations and both databases say the same, column by column.

use portico_entity::catalogue::{Cardinality, catalogue};
use sqlx::{PgPool, SqlitePool};
use tempfile::TempDir;

use super::entity_facts::{self, Facts, Storage, unique_fact};
use super::{folder, postgres_facts, postgres_pool, sqlite_facts, sqlite_pool};
use crate::support::postgres;
use crate::support::requirement::Requirement;

async fn sqlite() -> (SqlitePool, TempDir) {
    let folder = folder();
    let pool = sqlite_pool(&folder.path().join("portico.db")).await;
    portico_migrations::migrate_sqlite(&pool, &folder.path().join("portico.db.lock"))
        .await
        .unwrap();
    (pool, folder)
}

async fn postgres() -> Option<PgPool> {
    let Some(cluster) = postgres::shared().await else {
        Requirement::Postgres.absent();
        return None;
    };
    Some(postgres_pool(&cluster.migrated_database().await).await)
}

fn assert_same(left: &Facts, left_name: &str, right: &Facts, right_name: &str) {
    assert!(!left.is_empty(), "{left_name} said nothing");
    let only_left: Vec<_> = left.difference(right).collect();
    let only_right: Vec<_> = right.difference(left).collect();
    assert!(
        only_left.is_empty() && only_right.is_empty(),
        "only {left_name}: {only_left:#?}\nonly {right_name}: {only_right:#?}"
    );
}

#[tokio::test]
async fn sqlite_has_the_columns_of_the_entities() {
    let (pool, _folder) = sqlite().await;
    let entities = entity_facts::columns(Storage::Sqlite);
    assert_same(
        &entities,
        "entities",
        &sqlite_facts::columns(&pool).await,
        "SQLite",
    );
}

#[tokio::test]
async fn postgres_has_the_columns_of_the_entities() {
    let Some(pool) = postgres().await else { return };
    let entities = entity_facts::columns(Storage::Postgres);
    assert_same(
        &entities,
        "entities",
        &postgres_facts::columns(&pool).await,
        "PostgreSQL",
    );
}

#[tokio::test]
async fn sqlite_has_the_unique_constraints_of_the_entities() {
    let (pool, _folder) = sqlite().await;
    let uniques = catalogue().tables.iter().flat_map(|table| {
        let uniques = table.uniques.iter().filter(|unique| unique.columns != table.key);
        uniques.map(|unique| unique_fact(table.sql, &unique.columns.join(", ")))
    });
    assert_same(
        &uniques.collect(),
        "entities",
        &sqlite_facts::uniques(&pool).await,
        "SQLite",
    );
}

#[tokio::test]
async fn postgres_has_the_unique_constraints_of_the_entities_by_name() {
    let Some(pool) = postgres().await else { return };
    let internal = [
        "challenges",
        "change_notices",
        "limits",
        "outbox",
        "password_history",
        "recovery_codes",
        "settings",
        "signing_keys",
        "tickets",
        "totp_steps",
    ];
    let constraints = postgres_facts::constraints(&pool).await;
    let uniques = constraints.iter().filter(|constraint| {
        ["p", "u"].contains(&constraint.kind.as_str()) && !internal.contains(&constraint.table.as_str())
    });
    let uniques = uniques.map(|unique| format!("{}: {} ({})", unique.table, unique.name, unique.columns));
    assert_same(
        &entity_facts::uniques(),
        "entities",
        &uniques.collect(),
        "PostgreSQL",
    );
}

#[tokio::test]
async fn both_databases_have_the_same_constraints_and_indexes() {
    let (sqlite, _folder) = sqlite().await;
    let Some(postgres) = postgres().await else { return };
    let constraints = postgres_facts::constraints(&postgres).await;

    let foreign_keys = constraints.iter().filter(|constraint| constraint.kind == "f");
    let foreign_keys: Facts = foreign_keys
        .map(postgres_facts::Constraint::foreign_key_fact)
        .collect();
    assert_same(
        &foreign_keys,
        "PostgreSQL",
        &sqlite_facts::foreign_keys(&sqlite).await,
        "SQLite",
    );

    let mut names: Facts = constraints
        .iter()
        .map(|c| format!("{}: {}", c.table, c.name))
        .collect();
    // On PostgreSQL it belongs to the domain.
    names.insert("users: email_check".to_owned());
    assert_same(
        &names,
        "PostgreSQL",
        &sqlite_facts::constraint_names(&sqlite).await,
        "SQLite",
    );

    let indexes = postgres_facts::plain_indexes(&postgres).await;
    assert_same(
        &indexes,
        "PostgreSQL",
        &sqlite_facts::plain_indexes(&sqlite).await,
        "SQLite",
    );
}

#[tokio::test]
async fn every_foreign_key_begins_an_index() {
    let Some(pool) = postgres().await else { return };
    let indexed = postgres_facts::indexed(&pool).await;
    let constraints = postgres_facts::constraints(&pool).await;
    for key in constraints.iter().filter(|constraint| constraint.kind == "f") {
        let found = indexed.iter().any(|(table, columns)| {
            *table == key.table && columns.split(", ").next() == Some(key.columns.as_str())
        });
        assert!(found, "no index begins with {}.{}", key.table, key.columns);
    }
}

#[tokio::test]
async fn a_relationship_that_always_finds_its_row_is_a_foreign_key() {
    let Some(pool) = postgres().await else { return };
    let constraints = postgres_facts::constraints(&pool).await;
    for table in &catalogue().tables {
        for relation in table.relations.iter().filter(|relation| relation.required) {
            let target = catalogue().table(relation.target).unwrap().sql;
            let found = constraints.iter().any(|key| {
                key.kind == "f"
                    && key.table == table.sql
                    && key.columns == relation.from
                    && key.target == target
            });
            assert!(found, "{}.{} is not a foreign key", table.sql, relation.from);
        }
    }
}

#[tokio::test]
async fn every_relationship_leads_to_columns_of_one_type_and_to_an_index() {
    let Some(pool) = postgres().await else { return };
    let indexed = postgres_facts::indexed(&pool).await;
    for table in &catalogue().tables {
        for relation in &table.relations {
            let target = catalogue().table(relation.target).unwrap();
            let to = target.column_by_sql(relation.to).unwrap();
            let from = table.column_by_sql(relation.from).unwrap();
            let enumerated = |scalar| matches!(scalar, portico_entity::catalogue::Scalar::Enum(_));
            assert!(
                from.scalar == to.scalar || enumerated(from.scalar) || enumerated(to.scalar),
                "{}.{} joins two types",
                table.type_name,
                relation.name
            );
            let found = indexed
                .iter()
                .any(|(name, columns)| name == target.sql && columns.split(", ").next() == Some(relation.to));
            assert!(
                found,
                "{}.{} finds its rows without an index",
                table.type_name, relation.name
            );
            if relation.cardinality == Cardinality::Object {
                assert_eq!(
                    target.key,
                    [relation.to],
                    "{}.{} may find two rows",
                    table.type_name,
                    relation.name
                );
            }
        }
    }
}

#[tokio::test]
async fn both_databases_begin_with_the_same_rows() {
    let (sqlite, _folder) = sqlite().await;
    let Some(postgres) = postgres().await else { return };
    let statements = [
        "SELECT role || '=' || name FROM roles",
        "SELECT value || '=' || comment FROM refresh_token_types",
        "SELECT id FROM providers",
        "SELECT code || '=' || name FROM langs",
    ];
    for statement in statements {
        let left: Vec<String> = sqlx::query_scalar(statement).fetch_all(&sqlite).await.unwrap();
        let right: Vec<String> = sqlx::query_scalar(statement).fetch_all(&postgres).await.unwrap();
        assert_same(
            &left.into_iter().collect(),
            "SQLite",
            &right.into_iter().collect(),
            "PostgreSQL",
        );
    }
}

#[tokio::test]
async fn postgres_keeps_counters_without_a_log() {
    let Some(pool) = postgres().await else { return };
    let persistence = "SELECT relpersistence::text FROM pg_class WHERE oid = 'limits'::regclass";
    assert_eq!(
        sqlx::query_scalar::<_, String>(persistence)
            .fetch_one(&pool)
            .await
            .unwrap(),
        "u"
    );
}

#[tokio::test]
async fn an_enum_table_holds_the_values_of_its_entity() {
    let (pool, _folder) = sqlite().await;
    let table = catalogue().table("authRefreshTokenTypes").unwrap();
    let stored: Vec<String> = sqlx::query_scalar("SELECT value || ': ' || comment FROM refresh_token_types")
        .fetch_all(&pool)
        .await
        .unwrap();
    let values: Facts = table
        .values
        .iter()
        .map(|(value, meaning)| format!("{value}: {meaning}"))
        .collect();
    assert_same(&values, "entity", &stored.into_iter().collect(), "SQLite");
}
