//! What the entities say of the database, as lines that can be held against what a database says of itself.

use std::collections::BTreeSet;

use portico_entity::catalogue::catalogue;
use portico_entity::{
    audit_events, contacts, langs, members, orgs, provider_requests, providers, refresh_token_types,
    refresh_tokens, roles, user_apps, user_providers, user_roles, user_security_keys, users,
};
use portico_entity::{
    challenges, change_notices, limits, outbox, password_history, recovery_codes, settings, signing_keys,
    tickets, totp_steps,
};
use sea_orm::sea_query::StringLen;
use sea_orm::{ColumnTrait, ColumnType, EntityTrait, IdenStatic, Iterable, PrimaryKeyToColumn};

/// Lines that state one fact each.
pub(super) type Facts = BTreeSet<String>;

/// The two ways in which a column is stored.
#[derive(Debug, Clone, Copy)]
pub(super) enum Storage {
    Sqlite,
    Postgres,
}

/// Runs a macro over every entity.
macro_rules! for_each_entity {
    ($run:ident) => {
        $run!(
            audit_events,
            challenges,
            change_notices,
            contacts,
            langs,
            limits,
            members,
            orgs,
            outbox,
            password_history,
            provider_requests,
            providers,
            recovery_codes,
            refresh_token_types,
            refresh_tokens,
            roles,
            settings,
            signing_keys,
            tickets,
            totp_steps,
            user_apps,
            user_providers,
            user_roles,
            user_security_keys,
            users
        )
    };
}
pub(super) use for_each_entity;

/// Every column: type, nullability, default, generation; and every primary key.
pub(super) fn columns(storage: Storage) -> Facts {
    let mut facts = Facts::new();
    macro_rules! collect {
        ($($entity:ident),+) => { $(table::<$entity::Entity>(storage, &mut facts);)+ };
    }
    for_each_entity!(collect);
    facts
}

fn table<E: EntityTrait>(storage: Storage, facts: &mut Facts) {
    let name = E::default().as_str();
    for column in E::Column::iter() {
        let definition = column.def();
        let computed = catalogue()
            .table_by_sql(name)
            .and_then(|table| table.column_by_sql(column.as_str()))
            .is_some_and(|column| column.computed);
        facts.insert(column_fact(
            name,
            column.as_str(),
            &column_type(definition.get_column_type(), column.as_str(), storage, computed),
            definition.is_null(),
            definition.get_column_default().is_some(),
            computed,
        ));
    }
    let key: Vec<&str> = E::PrimaryKey::iter()
        .map(|key| key.into_column().as_str())
        .collect();
    facts.insert(key_fact(name, &key.join(", ")));
}

/// The line for a column; the default of a computed column is what computes it.
pub(super) fn column_fact(
    table: &str,
    column: &str,
    column_type: &str,
    nullable: bool,
    default: bool,
    computed: bool,
) -> String {
    let null = if nullable { "null" } else { "not null" };
    let filled = match (computed, default) {
        (true, _) => ", computed",
        (false, true) => ", default",
        (false, false) => "",
    };
    format!("{table}.{column}: {column_type}, {null}{filled}")
}

/// The line for a primary key.
pub(super) fn key_fact(table: &str, columns: &str) -> String {
    format!("{table}: key ({columns})")
}

/// The line for a unique constraint.
pub(super) fn unique_fact(table: &str, columns: &str) -> String {
    format!("{table}: unique ({columns})")
}

/// The type as the database names it. SQLite has few types: what they lack is in the text of the table.
fn column_type(column_type: &ColumnType, name: &str, storage: Storage, computed: bool) -> String {
    let (postgres, sqlite) = match column_type {
        ColumnType::Uuid => ("uuid", "BLOB".to_owned()),
        ColumnType::VarBinary(_) => ("bytea", "BLOB".to_owned()),
        ColumnType::Text => ("text", "TEXT".to_owned()),
        ColumnType::TimestampWithTimeZone => ("timestamp with time zone", "TEXT".to_owned()),
        ColumnType::JsonBinary => ("jsonb", format!("TEXT json_valid({name})")),
        ColumnType::Custom(custom) if custom.to_string() == "citext" => {
            ("citext", format!("TEXT {name} TEXT COLLATE NOCASE"))
        }
        ColumnType::Boolean if computed => ("boolean", "INTEGER".to_owned()),
        ColumnType::Boolean => ("boolean", format!("INTEGER CHECK ({name} IN (0, 1))")),
        ColumnType::Integer => ("integer", "INTEGER".to_owned()),
        ColumnType::BigInteger => ("bigint", "INTEGER".to_owned()),
        ColumnType::String(StringLen::N(2)) => (
            "character varying(2)",
            format!("TEXT CHECK (length({name}) <= 2)"),
        ),
        ColumnType::String(StringLen::N(255)) => (
            "character varying(255)",
            format!("TEXT CHECK (length({name}) <= 255)"),
        ),
        other => panic!("no storage was agreed for {other:?} of {name}"),
    };
    match storage {
        Storage::Postgres => postgres.to_owned(),
        Storage::Sqlite => sqlite,
    }
}

/// Primary keys and unique constraints by name, of the tables that the API shows.
pub(super) fn uniques() -> Facts {
    let uniques = catalogue().tables.iter().flat_map(|table| {
        table
            .uniques
            .iter()
            .map(|unique| format!("{}: {} ({})", table.sql, unique.name, unique.columns.join(", ")))
    });
    uniques.collect()
}
