//! Inherited roles: what several roles may do, together.

use std::collections::{BTreeMap, BTreeSet};

use portico_entity::catalogue::{Catalogue, Column, Table};

use super::role::Role;
use super::table::{RootFields, SelectPermission, TablePermissions};
use crate::plan::Filter;

/// The role that may do what these may. It reads the rows of all of them, each column on the rows where one of
/// them sees it; it writes what those of them who write agree on.
pub(super) fn inherited(catalogue: &'static Catalogue, name: &str, parents: &[&Role]) -> Role {
    let mut role = Role::unknown(name);
    for table in &catalogue.tables {
        let granted: Vec<&TablePermissions> =
            parents.iter().filter_map(|parent| parent.table(table)).collect();
        if !granted.is_empty() {
            *role.grant(table) = together(table, &granted);
        }
    }
    role
}

fn together(table: &'static Table, granted: &[&TablePermissions]) -> TablePermissions {
    let selects: Vec<&SelectPermission> = granted
        .iter()
        .filter_map(|granted| granted.select.as_ref())
        .collect();
    TablePermissions {
        select: (!selects.is_empty()).then(|| union(table, &selects)),
        insert: agreed(granted.iter().filter_map(|granted| granted.insert.as_ref())),
        update: agreed(granted.iter().filter_map(|granted| granted.update.as_ref())),
        delete: agreed(granted.iter().filter_map(|granted| granted.delete.as_ref())),
    }
}

/// What all say; nothing where they differ, because neither of two rules is the other's right.
fn agreed<'p, P: Clone + PartialEq + 'p>(mut permissions: impl Iterator<Item = &'p P>) -> Option<P> {
    let first = permissions.next()?;
    permissions.all(|other| other == first).then(|| first.clone())
}

fn union(table: &'static Table, selects: &[&SelectPermission]) -> SelectPermission {
    let names: BTreeSet<&str> = selects.iter().flat_map(|select| select.columns()).collect();
    let columns = table.columns.iter().filter(|column| names.contains(column.sql));
    let rows = any(selects.iter().map(|select| select.filter.clone()));
    let mut permission = SelectPermission::new(columns.clone(), rows);
    for column in columns {
        if let Some(rows) = visible_on(column, selects) {
            permission.set_mask(column.sql, rows);
        }
    }
    permission.limit = selects
        .iter()
        .map(|select| select.limit)
        .reduce(|one, other| one.zip(other).map(|(one, other)| one.max(other)))
        .flatten();
    permission.aggregations = selects.iter().any(|select| select.aggregations);
    permission.query = roots(selects.iter().map(|select| select.query));
    permission.subscription = roots(selects.iter().map(|select| select.subscription));
    permission
}

/// On which rows one of the permissions shows the column; nothing where each does on all of its own.
fn visible_on(column: &Column, selects: &[&SelectPermission]) -> Option<Filter> {
    let shows = |select: &&&SelectPermission| select.reads(column) && select.mask(column.sql).is_none();
    if selects.iter().filter(shows).count() == selects.len() {
        return None;
    }
    let rows = selects
        .iter()
        .filter(|select| select.reads(column))
        .map(|select| {
            let mask = select.mask(column.sql).cloned().unwrap_or(Filter::TRUE);
            select.filter.clone().and(mask)
        });
    Some(any(rows))
}

fn any(filters: impl Iterator<Item = Filter>) -> Filter {
    let mut different: Vec<Filter> = Vec::new();
    for filter in filters {
        if filter.is_true() {
            return Filter::TRUE;
        }
        if !different.contains(&filter) {
            different.push(filter);
        }
    }
    match <[Filter; 1]>::try_from(different) {
        Ok([only]) => only,
        Err(several) => Filter::Any(several),
    }
}

fn roots(all: impl Iterator<Item = RootFields>) -> RootFields {
    all.fold(RootFields::NONE, |one, other| RootFields {
        list: one.list || other.list,
        by_key: one.by_key || other.by_key,
        aggregate: one.aggregate || other.aggregate,
        stream: one.stream || other.stream,
    })
}

/// A role made of others.
#[derive(Debug, Clone)]
pub(super) struct Inheritance {
    /// Its name.
    pub(super) name: String,
    /// The roles it is made of.
    pub(super) parents: Vec<String>,
}

/// Why a role cannot be made of others.
#[derive(Debug)]
pub(super) struct Unmade {
    /// Its name.
    pub(super) name: String,
    /// In words.
    pub(super) reason: String,
}

/// Adds inherited roles to the others, in whatever order they are told. What a role was granted by itself
/// comes before what it inherits.
pub(super) fn add(
    catalogue: &'static Catalogue,
    roles: &mut BTreeMap<String, Role>,
    inheritances: &[Inheritance],
) -> Result<(), Unmade> {
    let mut waiting: Vec<&Inheritance> = inheritances.iter().collect();
    while !waiting.is_empty() {
        let is_waiting = |name: &String| waiting.iter().any(|other| other.name == *name);
        let ready = waiting
            .iter()
            .position(|inheritance| !inheritance.parents.iter().any(is_waiting));
        let Some(ready) = ready else {
            let name = waiting
                .first()
                .map(|first| first.name.clone())
                .unwrap_or_default();
            let reason = "the role inherits from itself".to_owned();
            return Err(Unmade { name, reason });
        };
        let Inheritance { name, parents } = waiting.remove(ready);
        let mut found = Vec::new();
        for parent in parents {
            found.push(roles.get(parent).ok_or_else(|| Unmade {
                name: name.clone(),
                reason: format!("there is no role {parent}"),
            })?);
        }
        let mut role = inherited(catalogue, name, &found);
        if let Some(own) = roles.remove(name) {
            role.replace(own);
        }
        roles.insert(name.clone(), role);
    }
    Ok(())
}
