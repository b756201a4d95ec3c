//! Roles and what they may do with each table.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use portico_entity::catalogue::{Catalogue, Column, Consequence, Table};

use super::metadata::{self, MetadataError};
use super::{ADMIN, PUBLIC};
use crate::plan::Filter;

/// What a role may read of a table.
#[derive(Debug, Clone)]
pub struct SelectPermission {
    columns: BTreeSet<&'static str>,
    /// Which rows.
    pub filter: Filter,
    /// At most so many rows at once.
    pub limit: Option<u32>,
}

/// What a role may change of a table.
#[derive(Debug, Clone)]
pub struct UpdatePermission {
    columns: BTreeSet<&'static str>,
    /// Which rows.
    pub filter: Filter,
    /// What must hold of a row afterwards.
    pub check: Filter,
}

/// What a role may do with a table.
#[derive(Debug, Clone, Default)]
pub struct TablePermissions {
    /// Reading, if at all.
    pub select: Option<SelectPermission>,
    /// Changing, if at all.
    pub update: Option<UpdatePermission>,
}

/// A role.
#[derive(Debug, Clone)]
pub struct Role {
    /// Its name.
    pub name: String,
    tables: BTreeMap<&'static str, TablePermissions>,
}

impl SelectPermission {
    pub(super) fn new(
        columns: impl IntoIterator<Item = &'static Column>,
        filter: Filter,
        limit: Option<u32>,
    ) -> Self {
        Self {
            columns: readable(columns),
            filter,
            limit,
        }
    }

    /// Whether the column may be read: in answers, filters and orders alike.
    pub fn reads(&self, column: &Column) -> bool {
        self.columns.contains(column.sql)
    }
}

impl UpdatePermission {
    pub(super) fn new(
        columns: impl IntoIterator<Item = &'static Column>,
        filter: Filter,
        check: Filter,
    ) -> Self {
        let columns = columns
            .into_iter()
            .filter(|column| !column.secret && !column.computed)
            .map(|column| column.sql);
        Self {
            columns: columns.collect(),
            filter,
            check,
        }
    }

    /// Whether the column may be written.
    pub fn writes(&self, column: &Column) -> bool {
        self.columns.contains(column.sql)
    }
}

fn readable(columns: impl IntoIterator<Item = &'static Column>) -> BTreeSet<&'static str> {
    columns
        .into_iter()
        .filter(|column| !column.secret)
        .map(|column| column.sql)
        .collect()
}

impl Role {
    /// A role without permissions: its schema is empty.
    pub fn unknown(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            tables: BTreeMap::new(),
        }
    }

    /// The role that sees all rows and all columns but secrets.
    fn admin(catalogue: &'static Catalogue) -> Self {
        let tables = catalogue
            .tables
            .iter()
            .map(|table| (table.type_name, all(table)))
            .collect();
        Self {
            name: ADMIN.to_owned(),
            tables,
        }
    }

    /// What the role may do with a table.
    pub fn table(&self, table: &Table) -> Option<&TablePermissions> {
        self.tables.get(table.type_name)
    }

    /// How the role may read a table.
    pub fn select(&self, table: &Table) -> Option<&SelectPermission> {
        self.table(table)?.select.as_ref()
    }

    /// How the role may change a table; nothing where it cannot read it.
    pub fn update(&self, table: &Table) -> Option<&UpdatePermission> {
        let permissions = self.table(table)?;
        permissions.select.as_ref().and(permissions.update.as_ref())
    }

    /// Whether softly deleted rows can appear to the role at all.
    pub fn sees_deleted(&self) -> bool {
        self.name == ADMIN
    }

    pub(super) fn grant(&mut self, table: &'static Table) -> &mut TablePermissions {
        self.tables.entry(table.type_name).or_default()
    }
}

fn all(table: &'static Table) -> TablePermissions {
    let select = SelectPermission::new(&table.columns, Filter::TRUE, None);
    let writable = table.columns.iter().filter(|column| is_writable(table, column));
    let update = UpdatePermission::new(writable, Filter::TRUE, Filter::TRUE);
    TablePermissions {
        select: Some(select),
        update: (!update.columns.is_empty()).then_some(update),
    }
}

/// Whether a plain update may write the column: keys stay, and what must have consequences is left to
/// operations that see to them.
fn is_writable(table: &Table, column: &Column) -> bool {
    let follows = column.consequences.as_deref().unwrap_or_default();
    let handled = follows
        .iter()
        .all(|consequence| *consequence == Consequence::ForgetTokens);
    handled && !table.key.contains(&column.sql) && table.sql != "audit_events"
}

/// The permissions of all roles.
#[derive(Debug, Clone)]
pub struct Permissions {
    roles: BTreeMap<String, Arc<Role>>,
}

impl Permissions {
    /// The permissions this build comes with.
    pub fn embedded(catalogue: &'static Catalogue) -> Result<Self, MetadataError> {
        Self::extended(catalogue, &[])
    }

    /// The permissions this build comes with and those of further files, each with its name.
    pub fn extended(
        catalogue: &'static Catalogue,
        files: &[(String, String)],
    ) -> Result<Self, MetadataError> {
        let mut roles = BTreeMap::from([
            (ADMIN.to_owned(), Role::admin(catalogue)),
            (PUBLIC.to_owned(), Role::unknown(PUBLIC)),
        ]);
        for (file, text) in metadata::EMBEDDED {
            metadata::read(catalogue, file, text, &mut roles)?;
        }
        for (file, text) in files {
            metadata::read(catalogue, file, text, &mut roles)?;
        }
        let roles = roles
            .into_iter()
            .map(|(name, role)| (name, Arc::new(role)))
            .collect();
        Ok(Self { roles })
    }

    /// The role of this name; one without permissions where it is unknown.
    pub fn role(&self, name: &str) -> Arc<Role> {
        self.roles
            .get(name)
            .cloned()
            .unwrap_or_else(|| Arc::new(Role::unknown(name)))
    }

    /// Whether the role is one of these.
    pub fn knows(&self, name: &str) -> bool {
        self.roles.contains_key(name)
    }

    /// The names of the roles, alphabetically.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.roles.keys().map(String::as_str)
    }
}
