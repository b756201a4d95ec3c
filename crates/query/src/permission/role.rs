//! Roles and what they may do.

use std::collections::BTreeMap;
use std::sync::Arc;

use portico_entity::catalogue::{Catalogue, Table};

use super::apply::Masks;
use super::metadata::{self, Metadata, MetadataError};
use super::table::{
    DeletePermission, InsertPermission, SelectPermission, TablePermissions, UpdatePermission,
};
use super::{ADMIN, PUBLIC, inherit};
use crate::plan::Filter;

/// A role.
#[derive(Debug, Clone, PartialEq)]
pub struct Role {
    /// Its name.
    pub name: String,
    tables: BTreeMap<&'static str, TablePermissions>,
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

    /// How the role may add to a table.
    pub fn insert(&self, table: &Table) -> Option<&InsertPermission> {
        self.table(table)?.insert.as_ref()
    }

    /// How the role may change a table; nothing where it cannot read it.
    pub fn update(&self, table: &Table) -> Option<&UpdatePermission> {
        let permissions = self.table(table)?;
        permissions.select.as_ref().and(permissions.update.as_ref())
    }

    /// How the role may remove from a table; nothing where it cannot read it.
    pub fn delete(&self, table: &Table) -> Option<&DeletePermission> {
        let permissions = self.table(table)?;
        permissions.select.as_ref().and(permissions.delete.as_ref())
    }

    /// Whether the role sees and does everything but secrets.
    pub fn is_admin(&self) -> bool {
        self.name == ADMIN
    }

    /// Whether the role sees the column of this SQL name on some rows only.
    pub fn masks_column(&self, table: &Table, column: &str) -> bool {
        self.select(table)
            .is_some_and(|permission| permission.mask(column).is_some())
    }

    /// The columns that the role sees on some rows only.
    pub(super) fn masks(&self) -> Masks {
        let tables = self.tables.iter().filter_map(|(table, permissions)| {
            let masks = permissions.select.as_ref()?.masks();
            (!masks.is_empty()).then(|| (*table, masks.clone()))
        });
        Masks(tables.collect())
    }

    /// The role as conditions of writes meet it: among rows, too, that it may not read.
    pub(super) fn among_hidden_rows(&self) -> Self {
        let mut role = self.clone();
        let selects = role.tables.values_mut().filter_map(|table| table.select.as_mut());
        selects.for_each(SelectPermission::mask_hidden_rows);
        role
    }

    /// Whether softly deleted rows can appear to the role at all.
    pub fn sees_deleted(&self) -> bool {
        self.is_admin()
    }

    pub(super) fn grant(&mut self, table: &'static Table) -> &mut TablePermissions {
        self.tables.entry(table.type_name).or_default()
    }

    /// What the other one grants takes the place of what this one does, table by table, action by action.
    pub(super) fn replace(&mut self, other: Self) {
        for (table, permissions) in other.tables {
            self.tables.entry(table).or_default().replace(permissions);
        }
    }

    /// The role as it is for a client that is no backend.
    fn without_backend(&self) -> Self {
        let tables = self.tables.iter();
        Self {
            name: self.name.clone(),
            tables: tables
                .map(|(table, permissions)| (*table, permissions.clone().without_backend()))
                .collect(),
        }
    }
}

fn all(table: &'static Table) -> TablePermissions {
    let mut select = SelectPermission::new(&table.columns, Filter::TRUE);
    select.aggregations = true;
    let select = Some(select);
    if table.append_only {
        return TablePermissions {
            select,
            ..TablePermissions::default()
        };
    }
    TablePermissions {
        select,
        insert: Some(InsertPermission::new(&table.columns, Filter::TRUE, Vec::new())),
        update: Some(UpdatePermission::new(
            &table.columns,
            Filter::TRUE,
            Filter::TRUE,
            Vec::new(),
        )),
        delete: Some(DeletePermission {
            filter: Filter::TRUE,
            backend_only: false,
        }),
    }
}

/// A role as a client with the admin secret meets it that calls itself a backend, and as everybody else does.
#[derive(Debug, Clone)]
struct Faces {
    backend: Arc<Role>,
    client: Arc<Role>,
}

/// The permissions of all roles.
#[derive(Debug, Clone)]
pub struct Permissions {
    roles: BTreeMap<String, Faces>,
}

impl Permissions {
    /// The permissions this build comes with.
    pub fn embedded(catalogue: &'static Catalogue) -> Result<Self, MetadataError> {
        Self::with(catalogue, &Metadata::default())
    }

    /// The permissions this build comes with and those of an operator. What the operator says of a table, a
    /// role and an action takes the place of what this build says of it.
    pub fn with(catalogue: &'static Catalogue, metadata: &Metadata) -> Result<Self, MetadataError> {
        let mut roles = BTreeMap::from([
            (ADMIN.to_owned(), Role::admin(catalogue)),
            (PUBLIC.to_owned(), Role::unknown(PUBLIC)),
        ]);
        let mut embedded = metadata::read(catalogue, &metadata::EMBEDDED)?;
        for role in embedded.roles.values_mut() {
            role.tables
                .retain(|table, _| !metadata.grants.alone.contains(table));
        }
        roles.append(&mut embedded.roles);
        for (name, role) in &metadata.grants.roles {
            let known = roles
                .entry(name.clone())
                .or_insert_with_key(|name| Role::unknown(name));
            known.replace(role.clone());
        }
        inherit::add(catalogue, &mut roles, &metadata.inheritances)
            .map_err(|unmade| metadata.unmade(&unmade.name, unmade.reason))?;
        let roles = roles.into_iter().map(|(name, role)| {
            let client = Arc::new(role.without_backend());
            let backend = match *client == role {
                true => Arc::clone(&client),
                false => Arc::new(role),
            };
            (name, Faces { backend, client })
        });
        Ok(Self {
            roles: roles.collect(),
        })
    }

    /// The role of this name; one without permissions where it is unknown.
    pub fn role(&self, name: &str) -> Arc<Role> {
        match self.roles.get(name) {
            Some(faces) => Arc::clone(&faces.client),
            None => Arc::new(Role::unknown(name)),
        }
    }

    /// The role of this name with what only a backend may, where there is such a thing.
    pub fn backend_role(&self, name: &str) -> Option<Arc<Role>> {
        let faces = self.roles.get(name)?;
        (!Arc::ptr_eq(&faces.backend, &faces.client)).then(|| Arc::clone(&faces.backend))
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
