//! Permissions in Hasura's metadata format: one YAML file a table, columns and filters by SQL names.

use std::collections::BTreeMap;

use portico_entity::catalogue::{Catalogue, Column, Scalar, Table};
use serde::Deserialize;
use serde_json::Value;

use super::role::{Role, SelectPermission, UpdatePermission};
use crate::plan::{Bind, BindKind, ByName, Filter, Operator};
use crate::request::Operand;

/// The files of this build.
pub const EMBEDDED: [(&str, &str); 14] = [
    ("apps.yaml", include_str!("../../metadata/apps.yaml")),
    (
        "audit_events.yaml",
        include_str!("../../metadata/audit_events.yaml"),
    ),
    ("contacts.yaml", include_str!("../../metadata/contacts.yaml")),
    ("langs.yaml", include_str!("../../metadata/langs.yaml")),
    ("members.yaml", include_str!("../../metadata/members.yaml")),
    ("orgs.yaml", include_str!("../../metadata/orgs.yaml")),
    ("providers.yaml", include_str!("../../metadata/providers.yaml")),
    (
        "refresh_token_types.yaml",
        include_str!("../../metadata/refresh_token_types.yaml"),
    ),
    (
        "refresh_tokens.yaml",
        include_str!("../../metadata/refresh_tokens.yaml"),
    ),
    ("roles.yaml", include_str!("../../metadata/roles.yaml")),
    (
        "user_providers.yaml",
        include_str!("../../metadata/user_providers.yaml"),
    ),
    ("user_roles.yaml", include_str!("../../metadata/user_roles.yaml")),
    (
        "user_security_keys.yaml",
        include_str!("../../metadata/user_security_keys.yaml"),
    ),
    ("users.yaml", include_str!("../../metadata/users.yaml")),
];

/// Why permission data was refused.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {reason}")]
pub struct MetadataError {
    /// The file.
    pub file: String,
    /// What is wrong with it.
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    table: TableName,
    #[serde(default)]
    select_permissions: Vec<Entry<SelectEntry>>,
    #[serde(default)]
    update_permissions: Vec<Entry<UpdateEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TableName {
    schema: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry<T> {
    role: String,
    permission: T,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SelectEntry {
    columns: Vec<String>,
    filter: Value,
    limit: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UpdateEntry {
    columns: Vec<String>,
    filter: Value,
    #[serde(default)]
    check: Value,
}

/// Reads one file and grants to the roles what it says.
pub fn read(
    catalogue: &'static Catalogue,
    file: &str,
    text: &str,
    roles: &mut BTreeMap<String, Role>,
) -> Result<(), MetadataError> {
    let refuse = |reason: String| MetadataError {
        file: file.to_owned(),
        reason,
    };
    let parsed: File = serde_saphyr::from_str(text).map_err(|error| refuse(error.to_string()))?;
    let TableName { schema, name } = parsed.table;
    let table = catalogue
        .table_by_sql(&name)
        .filter(|_| schema == "auth")
        .ok_or_else(|| refuse(format!("there is no table {schema}.{name}")))?;
    for Entry { role, permission } in parsed.select_permissions {
        let columns = columns(table, &permission.columns).map_err(&refuse)?;
        let rows = filter(catalogue, table, &permission.filter).map_err(&refuse)?;
        let granted = granted(roles, &role, table);
        if granted.select.is_some() {
            return Err(refuse(format!("role {role} has two select permissions")));
        }
        granted.select = Some(SelectPermission::new(columns, rows, permission.limit));
    }
    for Entry { role, permission } in parsed.update_permissions {
        let columns = columns(table, &permission.columns).map_err(&refuse)?;
        let rows = filter(catalogue, table, &permission.filter).map_err(&refuse)?;
        let check = filter(catalogue, table, &permission.check).map_err(&refuse)?;
        let granted = granted(roles, &role, table);
        if granted.update.is_some() {
            return Err(refuse(format!("role {role} has two update permissions")));
        }
        granted.update = Some(UpdatePermission::new(columns, rows, check));
    }
    Ok(())
}

fn granted<'r>(
    roles: &'r mut BTreeMap<String, Role>,
    role: &str,
    table: &'static Table,
) -> &'r mut super::TablePermissions {
    roles
        .entry(role.to_owned())
        .or_insert_with(|| Role::unknown(role))
        .grant(table)
}

fn columns(table: &'static Table, names: &[String]) -> Result<Vec<&'static Column>, String> {
    names.iter().map(|name| column(table, name)).collect()
}

/// The column of this SQL name; a secret is told by name, so that nobody searches for a typo.
fn column(table: &'static Table, name: &str) -> Result<&'static Column, String> {
    match table.column_by_sql(name) {
        Some(column) if column.secret => Err(format!(
            "column {name} of {} is a secret, nothing can name it",
            table.sql
        )),
        Some(column) => Ok(column),
        None => Err(format!("table {} has no column {name}", table.sql)),
    }
}

fn filter(catalogue: &'static Catalogue, table: &'static Table, value: &Value) -> Result<Filter, String> {
    let entries = match value {
        Value::Null => return Ok(Filter::TRUE),
        Value::Object(entries) => entries,
        other => {
            return Err(format!(
                "a condition is an object, not {}",
                crate::scalar::kind(other)
            ));
        }
    };
    let mut filters = Vec::new();
    for (key, value) in entries {
        filters.push(match key.as_str() {
            "_and" => Filter::All(list(catalogue, table, value)?),
            "_or" => Filter::Any(list(catalogue, table, value)?),
            "_not" => Filter::Not(Box::new(filter(catalogue, table, value)?)),
            name => match table.relation(name) {
                Some(relation) => {
                    let target = catalogue
                        .table(relation.target)
                        .ok_or_else(|| format!("relationship {name} leads to no table"))?;
                    Filter::Related(ByName(relation), Box::new(filter(catalogue, target, value)?))
                }
                None => comparisons(column(table, name)?, value)?,
            },
        });
    }
    Ok(Filter::All(filters))
}

fn list(catalogue: &'static Catalogue, table: &'static Table, value: &Value) -> Result<Vec<Filter>, String> {
    match value {
        Value::Array(values) => values
            .iter()
            .map(|value| filter(catalogue, table, value))
            .collect(),
        other => Err(format!(
            "_and and _or take a list, not {}",
            crate::scalar::kind(other)
        )),
    }
}

fn comparisons(column: &'static Column, value: &Value) -> Result<Filter, String> {
    let Value::Object(entries) = value else {
        return Err(format!(
            "column {} needs an operator, as in {{ _eq: … }}",
            column.sql
        ));
    };
    let mut filters = Vec::new();
    for (name, value) in entries {
        let path = format!("permission.{}.{name}", column.sql);
        let bind = |kind| Bind {
            operand: operand(value),
            kind,
            path,
        };
        filters.push(if name == "_is_null" {
            Filter::IsNull(ByName(column), bind(BindKind::Scalar(Scalar::Boolean)))
        } else {
            let operator = Operator::parse(name, column.scalar)
                .ok_or_else(|| format!("column {} has no operator {name}", column.sql))?;
            let kind = match operator.takes_list() {
                true => BindKind::List(column.scalar),
                false => BindKind::Scalar(column.scalar),
            };
            Filter::Compare(ByName(column), operator, bind(kind))
        });
    }
    Ok(Filter::All(filters))
}

/// A string that begins like a header of the session is the session variable of that name.
fn operand(value: &Value) -> Operand {
    match value {
        Value::String(text) if text.to_ascii_lowercase().starts_with("x-hasura-") => {
            Operand::Session(text.to_ascii_lowercase())
        }
        other => Operand::Constant(other.clone()),
    }
}

#[cfg(test)]
mod tests {
    use portico_entity::catalogue::catalogue;

    use super::*;

    fn refusal(text: &str) -> String {
        read(catalogue(), "test.yaml", text, &mut BTreeMap::new())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn the_embedded_files_are_sound() {
        super::super::Permissions::embedded(catalogue()).unwrap();
    }

    #[test]
    fn a_secret_column_is_refused_by_name() {
        let text = "table: { schema: auth, name: users }\nselect_permissions:\n  - role: user\n    permission: { columns: [password_hash], filter: {} }\n";
        assert!(
            refusal(text).contains("password_hash of users is a secret"),
            "{}",
            refusal(text)
        );
    }

    #[test]
    fn a_filter_on_a_secret_column_is_refused() {
        let text = "table: { schema: auth, name: users }\nselect_permissions:\n  - role: user\n    permission: { columns: [id], filter: { totp_secret: { _eq: x } } }\n";
        assert!(refusal(text).contains("totp_secret of users is a secret"));
    }

    #[test]
    fn unknown_tables_columns_operators_and_keys_are_refused() {
        let users =
            "table: { schema: auth, name: users }\nselect_permissions:\n  - role: user\n    permission:";
        for (text, reason) in [
            (
                "table: { schema: auth, name: nothing }\n".to_owned(),
                "no table auth.nothing",
            ),
            (
                format!("{users} {{ columns: [nothing], filter: {{}} }}\n"),
                "no column nothing",
            ),
            (
                format!("{users} {{ columns: [id], filter: {{ id: {{ _equals: 1 }} }} }}\n"),
                "no operator _equals",
            ),
            (
                format!("{users} {{ columns: [id], filter: {{}}, computed: 1 }}\n"),
                "computed",
            ),
        ] {
            assert!(refusal(&text).contains(reason), "{text}: {}", refusal(&text));
        }
    }
}
