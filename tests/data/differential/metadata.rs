//! Roles as a folder of Hasura's metadata.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::role::{Permission, Preset, Role};
use super::schema::{TABLES, Table, snake_case};

/// Writes the roles to a folder.
pub(super) fn write(folder: &Path, roles: &[Role]) {
    let tables = folder.join("databases/default/tables");
    fs::create_dir_all(&tables).unwrap();
    fs::write(folder.join("version.yaml"), "version: 3\n").unwrap();
    let inherited: Vec<Value> = roles
        .iter()
        .filter(|role| !role.parents.is_empty())
        .map(|role| json!({ "role_name": role.name, "role_set": role.parents }))
        .collect();
    // JSON is YAML.
    fs::write(folder.join("inherited_roles.yaml"), json!(inherited).to_string()).unwrap();
    let database = json!([{
        "name": "default",
        "kind": "postgres",
        "configuration": { "connection_info": { "database_url": { "from_env": "DATABASE_URL" } } },
        "tables": "!include default/tables/tables.yaml",
    }]);
    fs::write(folder.join("databases/databases.yaml"), database.to_string()).unwrap();
    let granted: Vec<&Role> = roles
        .iter()
        .filter(|role| role.parents.is_empty() && !role.is_admin())
        .collect();
    let mut files = Vec::new();
    for table in &TABLES {
        let file = format!("auth_{}.yaml", table.sql);
        let mut content = json!({ "table": { "schema": "auth", "name": table.sql } });
        for (action, entry) in ACTIONS {
            let entries = granted
                .iter()
                .filter_map(|role| Some(json!({ "role": role.name, "permission": entry(role, table)? })));
            content[action] = entries.collect();
        }
        fs::write(tables.join(&file), content.to_string()).unwrap();
        files.push(format!("!include {file}"));
    }
    fs::write(tables.join("tables.yaml"), json!(files).to_string()).unwrap();
}

/// What the metadata says of a role, to read beside a failure.
pub(super) fn text(role: &Role) -> String {
    let mut lines = vec![format!("role {} inherits from {:?}", role.name, role.parents)];
    for table in TABLES
        .iter()
        .filter(|_| role.parents.is_empty() && !role.is_admin())
    {
        for (action, entry) in ACTIONS {
            let entry = entry(role, table);
            lines.extend(entry.map(|entry| format!("  {} {action}: {entry}", table.sql)));
        }
    }
    lines.join("\n")
}

/// The permission of a role for a table, if it has one.
type Entry = fn(&Role, &Table) -> Option<Value>;

const ACTIONS: [(&str, Entry); 4] = [
    ("select_permissions", |role, table| {
        role.of(table).next().map(select)
    }),
    ("insert_permissions", |role, table| {
        let permission = role.insertion(table)?;
        Some(json!({
            "columns": names(&permission.columns),
            "check": permission.check.to_metadata(),
            "set": presets(&permission.presets),
            "backend_only": permission.backend_only,
        }))
    }),
    ("update_permissions", |role, table| {
        let permission = role.alteration(table)?;
        Some(json!({
            "columns": names(&permission.columns),
            "filter": permission.rows.to_metadata(),
            "check": permission.check.to_metadata(),
            "set": presets(&permission.presets),
            "backend_only": permission.backend_only,
        }))
    }),
    ("delete_permissions", |role, table| {
        let permission = role.removal(table)?;
        Some(json!({
            "filter": permission.rows.to_metadata(),
            "backend_only": permission.backend_only,
        }))
    }),
];

fn names(columns: &[&str]) -> Vec<String> {
    columns.iter().map(|column| snake_case(column)).collect()
}

fn presets(presets: &[(&'static str, Preset)]) -> Map<String, Value> {
    let value = |preset: &Preset| match preset {
        Preset::Value(value) => value.clone(),
        Preset::User => json!("X-Hasura-User-Id"),
    };
    presets
        .iter()
        .map(|(column, preset)| (snake_case(column), value(preset)))
        .collect()
}

fn select(permission: &Permission) -> Value {
    let mut content = json!({
        "columns": names(&permission.columns),
        "filter": permission.rows.to_metadata(),
        "allow_aggregations": permission.aggregations,
    });
    if let Some(limit) = permission.limit {
        content["limit"] = json!(limit);
    }
    if let Some(roots) = &permission.roots {
        content["query_root_fields"] = json!(roots);
    }
    if let Some((columns, rows)) = &permission.owner_only {
        content["x-portico-owner-only"] =
            json!([{ "columns": names(columns), "filter": rows.to_metadata() }]);
    }
    content
}
