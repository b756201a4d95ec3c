//! Who asks: roles with every key of a select permission, and what of the rows they see.

use std::cmp::Ordering;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::condition::{Comparison, Condition, target};
use super::rows::{Row, Store};
use super::schema::{Relation, TABLES, Table, snake_case, table};

/// What a role may read of a table.
#[derive(Debug, Clone)]
pub(super) struct Permission {
    pub(super) table: &'static Table,
    pub(super) columns: Vec<&'static str>,
    pub(super) rows: Condition,
    pub(super) limit: Option<usize>,
    pub(super) aggregations: bool,
    /// Columns that are null but where a condition holds.
    pub(super) owner_only: Option<(Vec<&'static str>, Condition)>,
}

/// What a role may change of users.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) columns: Vec<&'static str>,
    pub(super) rows: Condition,
    /// What must hold of the changed row.
    pub(super) check: Condition,
}

/// A role; the administrator has no permissions and needs none.
#[derive(Debug, Clone)]
pub(super) struct Role {
    pub(super) name: &'static str,
    pub(super) permissions: Vec<Permission>,
    pub(super) change: Option<Change>,
    /// The roles it inherits from.
    parents: &'static [&'static str],
}

/// Somebody with a role, and all there is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asking<'a> {
    pub(super) store: &'a Store,
    pub(super) role: &'a Role,
    pub(super) user: &'a str,
    /// Inside the condition of a permission, which meets every row and column as it is.
    pub(super) unbound: bool,
}

impl Role {
    fn is_admin(&self) -> bool {
        self.name == "admin"
    }

    fn of(&self, table: &Table) -> impl Iterator<Item = &Permission> {
        self.permissions
            .iter()
            .filter(move |permission| permission.table == table)
    }

    pub(super) fn reads(&self, table: &Table) -> bool {
        self.is_admin() || self.of(table).next().is_some()
    }

    pub(super) fn reads_column(&self, table: &Table, column: &str) -> bool {
        self.is_admin()
            || self
                .of(table)
                .any(|permission| permission.columns.contains(&column))
    }

    pub(super) fn aggregates(&self, table: &Table) -> bool {
        self.is_admin() || self.of(table).any(|permission| permission.aggregations)
    }

    /// The most rows of one list; of several roles the highest limit counts.
    pub(super) fn limit(&self, table: &Table) -> Option<usize> {
        let limits: Option<Vec<usize>> = self.of(table).map(|permission| permission.limit).collect();
        limits?.into_iter().max()
    }
}

impl Asking<'_> {
    pub(super) fn in_permission(self) -> Self {
        Self {
            unbound: true,
            ..self
        }
    }

    fn allows(self, permission: &Permission, row: &Row) -> bool {
        permission
            .rows
            .holds(&self.in_permission(), permission.table, row)
            == Some(true)
    }

    /// Whether the row exists for them.
    pub(super) fn sees(self, table: &'static Table, row: &Row, deleted_too: bool) -> bool {
        let deleted = row.get("deletedAt").is_some_and(|at| !at.is_null());
        self.unbound
            || match self.role.is_admin() {
                true => deleted_too || !deleted,
                false => !deleted && self.role.of(table).any(|permission| self.allows(permission, row)),
            }
    }

    /// What stands in a column for them.
    pub(super) fn cell(self, table: &'static Table, row: &Row, column: &'static str) -> Value {
        let visible = self.unbound
            || self.role.is_admin()
            || self.role.of(table).any(|permission| {
                let owned = match &permission.owner_only {
                    Some((columns, rows)) if columns.contains(&column) => {
                        rows.holds(&self.in_permission(), table, row) == Some(true)
                    }
                    _ => true,
                };
                owned && permission.columns.contains(&column) && self.allows(permission, row)
            });
        if visible { row[column].clone() } else { Value::Null }
    }

    /// The rows of a table that they see and that satisfy a condition.
    pub(super) fn rows(self, table: &'static Table, condition: &Condition, deleted_too: bool) -> Vec<Row> {
        let rows = self.store.rows(table.name).iter();
        rows.filter(|row| self.sees(table, row, deleted_too))
            .filter(|row| condition.holds(&self, table, row) == Some(true))
            .cloned()
            .collect()
    }

    /// Those that are related to a row.
    pub(super) fn related(
        self,
        relation: &Relation,
        row: &Row,
        condition: &Condition,
        deleted_too: bool,
    ) -> Vec<Row> {
        let from = &row[relation.from];
        let mut rows = self.rows(target(relation), condition, deleted_too);
        rows.retain(|other| !from.is_null() && &other[relation.to] == from);
        rows
    }
}

fn permission(name: &str, columns: &[&'static str], rows: Condition) -> Permission {
    let table = table(name);
    Permission {
        table,
        columns: match columns {
            [] => table.columns.iter().map(|column| column.name).collect(),
            columns => columns.to_vec(),
        },
        rows,
        limit: None,
        aggregations: true,
        owner_only: None,
    }
}

/// The columns that random changes are about: nothing follows a change of these.
fn users_columns() -> Vec<&'static str> {
    vec![
        "displayName",
        "metadata",
        "attemptNumber",
        "lastSeen",
        "lastProjectId",
    ]
}

/// All roles of the test, the administrator first.
pub(super) fn roles() -> Vec<Role> {
    let everything = || Condition::And(Vec::new());
    let own = |name: &str, column: &str| Condition::IsSelf(table(name).column(column));
    let is = |name: &str, column: &str, value: Value| {
        Condition::Is(
            table(name).column(column),
            Comparison::Order("_eq", &[Ordering::Equal], value),
        )
    };
    let through = |name: &str, relation: &str, inner: Condition| {
        Condition::Related(table(name).relation(relation), Box::new(inner))
    };
    let role = |name, permissions, change| Role {
        name,
        permissions,
        change,
        parents: &[],
    };
    let changes_of_clerk = Change {
        columns: vec!["displayName", "metadata", "attemptNumber"],
        rows: Condition::Not(Box::new(is("users", "gender", json!("male")))),
        check: Condition::Not(Box::new(is("users", "displayName", json!("é")))),
    };
    let changes_of_mate = Change {
        columns: vec!["metadata", "lastSeen", "lastProjectId"],
        rows: own("users", "id"),
        check: everything(),
    };
    let all = users_columns();
    let changes_of_admin = Change {
        columns: all,
        rows: everything(),
        check: everything(),
    };
    let clerk = vec![
        Permission {
            limit: Some(3),
            ..permission("users", &[], is("users", "disabled", json!(false)))
        },
        Permission {
            aggregations: false,
            ..permission("members", &["id", "orgId", "userId", "archived"], everything())
        },
        permission("orgs", &["id", "name"], is("orgs", "archived", json!(false))),
    ];
    let mates = through(
        "members",
        "org",
        through("orgs", "members", own("members", "userId")),
    );
    let mate = vec![
        Permission {
            owner_only: Some((vec!["newEmail", "metadata"], own("users", "id"))),
            ..permission(
                "users",
                &[
                    "id",
                    "displayName",
                    "newEmail",
                    "metadata",
                    "lastSeen",
                    "invitedBy",
                ],
                through("users", "members", mates.clone()),
            )
        },
        Permission {
            limit: Some(2),
            ..permission("members", &[], mates)
        },
        permission("orgs", &[], everything()),
        permission(
            "authUserRoles",
            &[],
            Condition::Not(Box::new(own("authUserRoles", "userId"))),
        ),
    ];
    let (users, members) = (table("users"), table("members"));
    let invited = Condition::Columns(users.column("invitedBy"), Ordering::Less, users.column("id"));
    let archived = is("members", "archived", json!(true));
    let auditor = vec![
        Permission {
            aggregations: false,
            ..permission(
                "users",
                &["id", "displayName", "attemptNumber", "gender", "importedFrom"],
                Condition::Or(vec![
                    invited,
                    Condition::Exists(members, members.column("userId"), Box::new(archived)),
                ]),
            )
        },
        permission("authUserSecurityKeys", &[], everything()),
    ];
    let both = clerk.iter().chain(&auditor).chain(&mate).cloned().collect();
    vec![
        role("admin", Vec::new(), Some(changes_of_admin)),
        role("clerk", clerk, Some(changes_of_clerk)),
        role("mate", mate, Some(changes_of_mate)),
        role("auditor", auditor, None),
        // What its parents may change they may not in the same way, so that nothing is left.
        Role {
            parents: &["clerk", "auditor", "mate"],
            ..role("everyone", both, None)
        },
    ]
}

/// Writes the roles as a folder of Hasura's metadata.
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
    let mut files = Vec::new();
    for table in &TABLES {
        let granted = roles.iter().filter(|role| role.parents.is_empty());
        let permissions: Vec<Value> = granted
            .flat_map(|role| role.of(table).map(|permission| entry(role.name, permission)))
            .collect();
        let file = format!("auth_{}.yaml", table.sql);
        let content = json!({
            "table": { "schema": "auth", "name": table.sql },
            "select_permissions": permissions,
            "update_permissions": changes(table, roles),
        });
        fs::write(tables.join(&file), content.to_string()).unwrap();
        files.push(format!("!include {file}"));
    }
    fs::write(tables.join("tables.yaml"), json!(files).to_string()).unwrap();
}

fn changes(table: &Table, roles: &[Role]) -> Vec<Value> {
    let granted = roles
        .iter()
        .filter(|role| table.name == "users" && !role.is_admin());
    granted
        .filter_map(|role| {
            let change = role.change.as_ref()?;
            let columns: Vec<_> = change.columns.iter().map(|column| snake_case(column)).collect();
            Some(json!({ "role": role.name, "permission": {
                "columns": columns,
                "filter": change.rows.to_metadata(),
                "check": change.check.to_metadata(),
            } }))
        })
        .collect()
}

fn entry(role: &str, permission: &Permission) -> Value {
    let names = |columns: &[&str]| {
        columns
            .iter()
            .map(|column| snake_case(column))
            .collect::<Vec<_>>()
    };
    let mut content = json!({
        "columns": names(&permission.columns),
        "filter": permission.rows.to_metadata(),
        "allow_aggregations": permission.aggregations,
    });
    if let Some(limit) = permission.limit {
        content["limit"] = json!(limit);
    }
    if let Some((columns, rows)) = &permission.owner_only {
        content["x-portico-owner-only"] =
            json!([{ "columns": names(columns), "filter": rows.to_metadata() }]);
    }
    json!({ "role": role, "permission": content })
}
