//! The permissions of a role: Hasura's keys, each read or refused.

use portico_entity::catalogue::{Catalogue, Column, Table};

use super::condition;
use super::node::{Fields, Mistake, Node};
use crate::execute::check_constant;
use crate::permission::{
    DeletePermission, InsertPermission, Preset, RootFields, SelectPermission, UpdatePermission,
};
use crate::plan::{Bind, BindKind, Filter};

/// Our own key: columns that are null but on rows that satisfy a condition.
const OWNER_ONLY: &str = "x-portico-owner-only";

type Tables = &'static Catalogue;

/// What may be read.
pub(super) fn select(
    catalogue: Tables,
    table: &'static Table,
    node: &Node,
) -> Result<SelectPermission, Mistake> {
    let mut fields = node.fields()?;
    let columns = columns(table, fields.require("columns")?)?;
    let filter = condition::read(catalogue, table, fields.require("filter")?)?;
    let mut permission = SelectPermission::new(columns, filter);
    permission.limit = fields.take("limit").map(Node::number).transpose()?;
    permission.aggregations = flag(&mut fields, "allow_aggregations")?;
    permission.query = roots(&mut fields, "query_root_fields")?;
    permission.subscription = roots(&mut fields, "subscription_root_fields")?;
    if let Some(node) = fields.take(OWNER_ONLY) {
        owner_only(catalogue, table, node, &mut permission)?;
    }
    fields.refuse(
        "computed_fields",
        "no table has computed fields; computed columns are columns",
    )?;
    fields.finish()?;
    Ok(permission)
}

/// What may be added.
pub(super) fn insert(
    catalogue: Tables,
    table: &'static Table,
    node: &Node,
) -> Result<InsertPermission, Mistake> {
    let mut fields = node.fields()?;
    let check = condition::read(catalogue, table, fields.require("check")?)?;
    let presets = presets(table, &mut fields)?;
    let columns = written(table, &mut fields, &presets)?;
    let mut permission = InsertPermission::new(columns, check, presets);
    permission.backend_only = flag(&mut fields, "backend_only")?;
    fields.refuse("validate_input", "no address is called to check what is written")?;
    fields.finish()?;
    Ok(permission)
}

/// What may be changed.
pub(super) fn update(
    catalogue: Tables,
    table: &'static Table,
    node: &Node,
) -> Result<UpdatePermission, Mistake> {
    let mut fields = node.fields()?;
    let filter = condition::read(catalogue, table, fields.require("filter")?)?;
    let check = match fields.take("check") {
        Some(check) => condition::read(catalogue, table, check)?,
        None => Filter::TRUE,
    };
    let presets = presets(table, &mut fields)?;
    let columns = written(table, &mut fields, &presets)?;
    let mut permission = UpdatePermission::new(columns, filter, check, presets);
    permission.backend_only = flag(&mut fields, "backend_only")?;
    fields.refuse("validate_input", "no address is called to check what is written")?;
    fields.finish()?;
    Ok(permission)
}

/// What may be removed.
pub(super) fn delete(
    catalogue: Tables,
    table: &'static Table,
    node: &Node,
) -> Result<DeletePermission, Mistake> {
    let mut fields = node.fields()?;
    let filter = condition::read(catalogue, table, fields.require("filter")?)?;
    let backend_only = flag(&mut fields, "backend_only")?;
    fields.refuse("validate_input", "no address is called to check what is removed")?;
    fields.finish()?;
    Ok(DeletePermission { filter, backend_only })
}

/// Groups of columns with the rows on which alone they are not null.
fn owner_only(
    catalogue: Tables,
    table: &'static Table,
    node: &Node,
    permission: &mut SelectPermission,
) -> Result<(), Mistake> {
    for group in node.list()? {
        let mut fields = group.fields()?;
        let rows = condition::read(catalogue, table, fields.require("filter")?)?;
        for node in fields.require("columns")?.list()? {
            let column = column(table, node)?;
            if !permission.reads(column) {
                return Err(node.mistake(format!("column {} is not among the columns above", column.sql)));
            }
            if permission.mask(column.sql).is_some() {
                return Err(node.mistake(format!("column {} is in two groups", column.sql)));
            }
            permission.set_mask(column.sql, rows.clone());
        }
        fields.finish()?;
    }
    Ok(())
}

fn flag(fields: &mut Fields<'_>, key: &str) -> Result<bool, Mistake> {
    fields.take(key).map_or(Ok(false), Node::boolean)
}

/// A list of columns, or `*` for all but secrets.
fn columns(table: &'static Table, node: &Node) -> Result<Vec<&'static Column>, Mistake> {
    if node.text().is_ok_and(|text| text == "*") {
        return Ok(table.columns.iter().filter(|column| !column.secret).collect());
    }
    node.list()?.iter().map(|node| column(table, node)).collect()
}

fn column(table: &'static Table, node: &Node) -> Result<&'static Column, Mistake> {
    condition::column(table, node.text()?).map_err(|reason| node.mistake(reason))
}

/// Columns a client may give: all but computed and preset ones where it says `*`.
fn written(
    table: &'static Table,
    fields: &mut Fields<'_>,
    presets: &[Preset],
) -> Result<Vec<&'static Column>, Mistake> {
    let Some(node) = fields.take("columns") else {
        return Ok(Vec::new());
    };
    let columns = columns(table, node)?;
    if node.text().is_ok() {
        return Ok(columns);
    }
    let wrong = columns.iter().find_map(|column| {
        let preset = presets.iter().any(|preset| preset.column == column.sql);
        match (column.is_input(), preset) {
            (false, _) => Some(format!(
                "column {} is computed or the service's own, nobody writes it",
                column.sql
            )),
            (_, true) => Some(format!(
                "column {} is preset, so no client can give it",
                column.sql
            )),
            _ => None,
        }
    });
    match wrong {
        Some(reason) => Err(node.mistake(reason)),
        None => Ok(columns),
    }
}

/// What `set` fills.
fn presets(table: &'static Table, fields: &mut Fields<'_>) -> Result<Vec<Preset>, Mistake> {
    let Some(node) = fields.take("set") else {
        return Ok(Vec::new());
    };
    let mut presets = Vec::new();
    for (key, node) in node.entries()? {
        let column = condition::column(table, &key.text).map_err(|reason| key.mistake(reason))?;
        if !column.is_input() {
            return Err(key.mistake("the column is computed or the service's own, nobody writes it"));
        }
        let kind = match column.nullable {
            true => BindKind::AssignedOrNull(column.scalar),
            false => BindKind::Assigned(column.scalar),
        };
        let value = Bind {
            operand: condition::operand(&node.json()),
            kind,
            path: "$".to_owned(),
        };
        check_constant(&value).map_err(|failure| node.mistake(failure.message))?;
        presets.push(Preset {
            column: column.sql,
            value,
        });
    }
    Ok(presets)
}

/// The root fields that a list leaves; all where there is no list.
fn roots(fields: &mut Fields<'_>, key: &str) -> Result<RootFields, Mistake> {
    let Some(node) = fields.take(key) else {
        return Ok(RootFields::ALL);
    };
    let mut roots = RootFields::NONE;
    for node in node.list()? {
        match node.text()? {
            "select" => roots.list = true,
            "select_by_pk" => roots.by_key = true,
            "select_aggregate" => roots.aggregate = true,
            "select_stream" if key == "subscription_root_fields" => roots.stream = true,
            other => return Err(node.mistake(format!("{key} knows no {other}"))),
        }
    }
    Ok(roots)
}
