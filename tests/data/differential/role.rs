//! Who asks: roles with every key of a permission, and what of the rows they see.

use serde_json::Value;

use super::condition::{Condition, target};
use super::rows::{Row, Store};
use super::schema::{Relation, TABLES, Table};

/// What a role may read of a table.
#[derive(Debug, Clone)]
pub(super) struct Permission {
    pub(super) table: &'static Table,
    pub(super) columns: Vec<&'static str>,
    pub(super) rows: Condition,
    pub(super) limit: Option<usize>,
    pub(super) aggregations: bool,
    /// The root fields there are; all where nothing is said.
    pub(super) roots: Option<Vec<&'static str>>,
    /// Columns that are null but where a condition holds.
    pub(super) owner_only: Option<(Vec<&'static str>, Condition)>,
}

/// What a permission writes whatever the client says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Preset {
    Value(Value),
    /// Who asks.
    User,
}

/// What a role may add to a table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Insertion {
    pub(super) table: &'static Table,
    pub(super) columns: Vec<&'static str>,
    /// What must hold of a new row.
    pub(super) check: Condition,
    pub(super) presets: Vec<(&'static str, Preset)>,
    pub(super) backend_only: bool,
}

/// What a role may change of a table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Alteration {
    pub(super) table: &'static Table,
    pub(super) columns: Vec<&'static str>,
    pub(super) rows: Condition,
    /// What must hold of a changed row.
    pub(super) check: Condition,
    pub(super) presets: Vec<(&'static str, Preset)>,
    pub(super) backend_only: bool,
}

/// What a role may remove from a table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Removal {
    pub(super) table: &'static Table,
    pub(super) rows: Condition,
    pub(super) backend_only: bool,
}

/// A role. The administrator has no permissions to read and needs none.
#[derive(Debug, Clone)]
pub(super) struct Role {
    pub(super) name: &'static str,
    pub(super) permissions: Vec<Permission>,
    pub(super) insertions: Vec<Insertion>,
    pub(super) alterations: Vec<Alteration>,
    pub(super) removals: Vec<Removal>,
    /// The roles it inherits from.
    pub(super) parents: Vec<&'static str>,
}

/// Somebody with a role, and all there is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asking<'a> {
    pub(super) store: &'a Store,
    pub(super) role: &'a Role,
    pub(super) user: &'a str,
    /// The row that a permission is asked about, inside its condition, which meets every row and column as it is.
    pub(super) inside: Option<&'a Row>,
}

impl Role {
    /// A role that may do nothing yet.
    pub(super) fn named(name: &'static str) -> Self {
        Self {
            name,
            permissions: Vec::new(),
            insertions: Vec::new(),
            alterations: Vec::new(),
            removals: Vec::new(),
            parents: Vec::new(),
        }
    }

    /// The role that reads what any of these reads, and writes what those of them who write agree on.
    pub(super) fn inheriting(name: &'static str, parents: &[&Self]) -> Self {
        let mut role = Self::named(name);
        for parent in parents {
            role.parents.push(parent.name);
            role.permissions.extend(parent.permissions.iter().cloned());
        }
        for table in &TABLES {
            let insertions = parents.iter().filter_map(|parent| parent.insertion(table));
            let alterations = parents.iter().filter_map(|parent| parent.alteration(table));
            let removals = parents.iter().filter_map(|parent| parent.removal(table));
            role.insertions.extend(agreed(insertions.collect()));
            role.alterations.extend(agreed(alterations.collect()));
            role.removals.extend(agreed(removals.collect()));
        }
        role
    }

    pub(super) fn insertion(&self, table: &Table) -> Option<&Insertion> {
        self.insertions.iter().find(|insertion| insertion.table == table)
    }

    pub(super) fn alteration(&self, table: &Table) -> Option<&Alteration> {
        self.alterations
            .iter()
            .find(|alteration| alteration.table == table)
    }

    pub(super) fn removal(&self, table: &Table) -> Option<&Removal> {
        self.removals.iter().find(|removal| removal.table == table)
    }

    pub(super) fn is_admin(&self) -> bool {
        self.name == "admin"
    }

    pub(super) fn of(&self, table: &Table) -> impl Iterator<Item = &Permission> {
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

    /// Whether the rows of a table have a root field, as Hasura calls it.
    pub(super) fn has_root(&self, table: &Table, root: &str) -> bool {
        self.is_admin()
            || self.of(table).any(|permission| {
                let roots = permission.roots.as_ref();
                roots.is_none_or(|roots| roots.contains(&root))
            })
    }

    /// The most rows of one list; of several roles the highest limit counts.
    pub(super) fn limit(&self, table: &Table) -> Option<usize> {
        let limits: Option<Vec<usize>> = self.of(table).map(|permission| permission.limit).collect();
        limits?.into_iter().max()
    }
}

impl Asking<'_> {
    /// Whether a condition of a permission holds of a row.
    pub(super) fn permits(self, condition: &Condition, table: &'static Table, row: &Row) -> bool {
        let asking = Asking {
            inside: Some(row),
            ..self
        };
        condition.holds(&asking, table, row) == Some(true)
    }

    fn allows(self, permission: &Permission, row: &Row) -> bool {
        self.permits(&permission.rows, permission.table, row)
    }

    /// Whether the row exists for them.
    pub(super) fn sees(self, table: &'static Table, row: &Row, deleted_too: bool) -> bool {
        let deleted = row.get("deletedAt").is_some_and(|at| !at.is_null());
        self.inside.is_some()
            || match self.role.is_admin() {
                true => deleted_too || !deleted,
                false => !deleted && self.role.of(table).any(|permission| self.allows(permission, row)),
            }
    }

    /// Whether they may write to a row at all: nobody but an administrator who means them meets deleted ones.
    pub(super) fn may_write(self, row: &Row, deleted_too: bool) -> bool {
        let deleted = row.get("deletedAt").is_some_and(|at| !at.is_null());
        !deleted || (deleted_too && self.role.is_admin())
    }

    /// What stands in a column for them.
    pub(super) fn cell(self, table: &'static Table, row: &Row, column: &'static str) -> Value {
        match self.shows(table, row, column) {
            true => row[column].clone(),
            false => Value::Null,
        }
    }

    /// Whether they see what stands in a column. One that every permission shows as it is can be compared also
    /// where a row is one to write and not one to read.
    fn shows(self, table: &'static Table, row: &Row, column: &'static str) -> bool {
        let shown = |permission: &Permission| {
            let owned = permission.owner_only.iter().any(|(columns, rows)| {
                // What is shown on all rows is as if nothing was said.
                columns.contains(&column) && !rows.is_empty()
            });
            permission.columns.contains(&column) && !owned
        };
        self.inside.is_some()
            || self.role.is_admin()
            || self.role.of(table).all(shown)
            || self.role.of(table).any(|permission| {
                let owned = match &permission.owner_only {
                    Some((columns, rows)) if columns.contains(&column) => self.permits(rows, table, row),
                    _ => true,
                };
                owned && permission.columns.contains(&column) && self.allows(permission, row)
            })
    }

    /// Whether they may change a column by what it holds: not where they see it on other rows alone.
    pub(super) fn may_build_on(self, table: &'static Table, row: &Row, column: &'static str) -> bool {
        !self.role.reads_column(table, column) || self.shows(table, row, column)
    }

    /// The rows of a table that they see and that satisfy a condition.
    pub(super) fn rows(self, table: &'static Table, condition: &Condition, deleted_too: bool) -> Vec<Row> {
        let rows = self.store.rows(table.name).iter();
        rows.filter(|row| self.sees(table, row, deleted_too))
            .filter(|row| condition.holds(&self, table, row) == Some(true))
            .cloned()
            .collect()
    }

    /// Those that are related to a row of a table.
    pub(super) fn related(
        self,
        (table, row): (&'static Table, &Row),
        relation: &Relation,
        condition: &Condition,
        deleted_too: bool,
    ) -> Vec<Row> {
        // What is hidden on a row leads nowhere from there; a column that is in no permission hides nothing.
        let key = |table: &'static Table, row: &Row, column: &'static str| match self
            .role
            .reads_column(table, column)
        {
            true => self.cell(table, row, column),
            false => row[column].clone(),
        };
        let from = key(table, row, relation.from);
        let mut rows = self.rows(target(relation), condition, deleted_too);
        rows.retain(|other| !from.is_null() && key(target(relation), other, relation.to) == from);
        rows
    }
}

/// What all say; nothing where they differ.
fn agreed<P: Clone + PartialEq>(permissions: Vec<&P>) -> Option<P> {
    let (first, others) = permissions.split_first()?;
    others
        .iter()
        .all(|other| other == first)
        .then(|| (*first).clone())
}
