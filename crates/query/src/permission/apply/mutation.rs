//! The rights to write.

use portico_entity::catalogue::{Column, Table};

use super::{hidden, is_null, request_filter, select};
use crate::error::Failure;
use crate::permission::{Role, UpdatePermission};
use crate::plan::Filter;
use crate::plan::insert::{Conflict, Node};
use crate::plan::mutation::{Mutation, Write};
use crate::plan::select::{DELETED, DELETED_AT};
use crate::plan::update::{Assignment, Change, Update, UpdateRights};

/// Adds to a mutation what the role's permissions say, or refuses it.
pub(super) fn apply(role: &Role, mutation: &mut Mutation, path: &str) -> Result<(), Failure> {
    let table = mutation.table;
    mutation.discreet = !role.is_admin();
    for write in &mut mutation.writes {
        match write {
            Write::Insert(found) => insert(role, &mut found.node, path)?,
            Write::Update(found) => update(role, table, found, mutation.by_key, path)?,
            Write::Delete(filter) => {
                let Some(permission) = role.delete(table) else {
                    return Err(hidden(&mutation.action, "mutation_root", path));
                };
                let client = std::mem::replace(filter, Filter::TRUE);
                *filter = rows(role, table, client, &permission.filter, mutation.by_key, path)?;
            }
        }
    }
    for found in mutation.answer.selects_mut() {
        select(role, found, path)?;
    }
    Ok(())
}

/// The rows that a request means among those that a permission opens.
fn rows(
    role: &Role,
    table: &'static Table,
    mut client: Filter,
    permitted: &Filter,
    by_key: bool,
    path: &str,
) -> Result<Filter, Failure> {
    let deleted_too = by_key || client.names(DELETED_AT) || client.names(DELETED);
    if !by_key {
        request_filter(role, table, &mut client, path)?;
    }
    let found = client.and(permitted.clone());
    Ok(match table.column_by_sql(DELETED_AT) {
        Some(column) if !(role.sees_deleted() && deleted_too) => found.and(is_null(column)),
        _ => found,
    })
}

fn update(
    role: &Role,
    table: &'static Table,
    update: &mut Update,
    by_key: bool,
    path: &str,
) -> Result<(), Failure> {
    let permission = permission_to_update(role, table, path)?;
    for assignment in &update.assignments {
        if !permission.writes(assignment.column) {
            let input = format!("{}_set_input", table.type_name);
            return Err(hidden(&assignment.column.name, &input, path));
        }
    }
    let client = std::mem::replace(&mut update.filter, Filter::TRUE);
    let rows = rows(role, table, client, &permission.filter, by_key, path)?;
    update.filter = rows.and(seen(role, table, &update.assignments));
    update.rights = rights(permission);
    Ok(())
}

/// Where the role sees every column that is changed by what it holds: whether that fits, and how long it gets, tells of
/// it.
fn seen(role: &Role, table: &Table, assignments: &[Assignment]) -> Filter {
    let changed = assignments
        .iter()
        .filter(|assignment| !matches!(assignment.change, Change::Set(_)));
    let masks = changed.filter_map(|assignment| role.select(table)?.mask(assignment.column.sql));
    masks.fold(Filter::TRUE, |all, mask| all.and(mask.clone()))
}

fn permission_to_update<'r>(
    role: &'r Role,
    table: &Table,
    path: &str,
) -> Result<&'r UpdatePermission, Failure> {
    role.update(table)
        .ok_or_else(|| hidden(table.plural, "mutation_root", path))
}

fn rights(permission: &UpdatePermission) -> UpdateRights {
    UpdateRights {
        rows: permission.filter.clone(),
        check: permission.check.clone(),
        presets: permission.presets.clone(),
    }
}

fn insert(role: &Role, node: &mut Node, path: &str) -> Result<(), Failure> {
    let table = node.table;
    let Some(permission) = role.insert(table) else {
        return Err(hidden(table.plural, "mutation_root", path));
    };
    let input = format!("{}_insert_input", table.type_name);
    if let Some(column) = forbidden(node.columns.iter().map(|column| column.0), |column| {
        permission.writes(column)
    }) {
        return Err(hidden(&column.name, &input, path));
    }
    node.check = permission.check.clone();
    node.presets = permission.presets.clone();
    if let Some(conflict) = &mut node.conflict {
        upsert(role, table, conflict, path)?;
    }
    for nested in &mut node.nested {
        insert(role, &mut nested.node, path)?;
    }
    Ok(())
}

/// An upsert needs both permissions; where nothing is updated, that to insert is enough.
fn upsert(role: &Role, table: &'static Table, conflict: &mut Conflict, path: &str) -> Result<(), Failure> {
    if conflict.update.is_empty() {
        return Ok(());
    }
    let permission = permission_to_update(role, table, path)?;
    if let Some(column) = forbidden(conflict.update.iter().map(|column| column.0), |column| {
        permission.writes(column)
    }) {
        let input = format!("{}_update_column", table.type_name);
        return Err(hidden(&column.name, &input, path));
    }
    let by_key = conflict.unique.columns == table.key;
    let deleted_too = by_key || conflict.filter.names(DELETED_AT) || conflict.filter.names(DELETED);
    request_filter(role, table, &mut conflict.filter, path)?;
    conflict.rights = rights(permission);
    if let Some(column) = table.column_by_sql(DELETED_AT)
        && !(role.sees_deleted() && deleted_too)
    {
        let permitted = std::mem::take(&mut conflict.rights.rows);
        conflict.rights.rows = permitted.and(is_null(column));
    }
    Ok(())
}

fn forbidden(
    mut columns: impl Iterator<Item = &'static Column>,
    allowed: impl Fn(&Column) -> bool,
) -> Option<&'static Column> {
    columns.find(|column| !allowed(column))
}
