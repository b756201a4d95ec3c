//! The file of a table. What the catalogue fixes (names, relationships) may be said again but not otherwise;
//! what exists in Hasura and not here is refused, not passed over.

use std::collections::BTreeMap;

use portico_entity::catalogue::{Cardinality, Catalogue, Table};

use super::node::{Fields, Mistake, Node};
use super::{Grants, grant};
use crate::permission::role::Role;
use crate::permission::{ADMIN, TablePermissions};

/// The schema of all tables.
const SCHEMA: &str = "auth";

/// Keys of Hasura that ask for something that is not here.
const ELSEWHERE: [&str; 3] = ["computed_fields", "remote_relationships", "event_triggers"];

/// Our own key: nothing that this build grants on the table remains.
const ALONE: &str = "x-portico-alone";

/// Grants to the roles what a file says.
pub(super) fn read(catalogue: &'static Catalogue, node: &Node, grants: &mut Grants) -> Result<(), Mistake> {
    let mut fields = node.fields()?;
    let table = named(catalogue, fields.require("table")?)?;
    if let Some(configuration) = fields.take("configuration") {
        check_names(table, configuration)?;
    }
    for (key, cardinality) in [
        ("object_relationships", Cardinality::Object),
        ("array_relationships", Cardinality::Array),
    ] {
        if let Some(list) = fields.take(key) {
            check_relations(table, list, cardinality)?;
        }
    }
    for key in ELSEWHERE {
        fields.refuse(key, "there is no such thing here")?;
    }
    fields.ignore("is_enum");
    fields.ignore("apollo_federation_config");
    if fields.take(ALONE).map_or(Ok(false), Node::boolean)? {
        grants.alone.insert(table.type_name);
    }
    permissions(catalogue, table, &mut fields, &mut grants.roles)?;
    fields.finish()
}

/// A table by schema and name, or by its name alone.
pub(super) fn named(catalogue: &'static Catalogue, node: &Node) -> Result<&'static Table, Mistake> {
    let (schema, name) = if node.is_map() {
        let mut fields = node.fields()?;
        let named = (fields.require("schema")?.text()?, fields.require("name")?.text()?);
        fields.finish()?;
        named
    } else {
        (SCHEMA, node.text()?)
    };
    catalogue
        .table_by_sql(name)
        .filter(|_| schema == SCHEMA)
        .ok_or_else(|| node.mistake(format!("there is no table {schema}.{name}")))
}

fn permissions(
    catalogue: &'static Catalogue,
    table: &'static Table,
    fields: &mut Fields<'_>,
    roles: &mut BTreeMap<String, Role>,
) -> Result<(), Mistake> {
    each(
        fields.take("select_permissions"),
        table,
        roles,
        |granted, node| {
            let select = grant::select(catalogue, table, node)?;
            Ok(granted.select.replace(select).is_none())
        },
    )?;
    each(
        fields.take("insert_permissions"),
        table,
        roles,
        |granted, node| {
            let insert = grant::insert(catalogue, table, node)?;
            Ok(granted.insert.replace(insert).is_none())
        },
    )?;
    each(
        fields.take("update_permissions"),
        table,
        roles,
        |granted, node| {
            let update = grant::update(catalogue, table, node)?;
            Ok(granted.update.replace(update).is_none())
        },
    )?;
    each(
        fields.take("delete_permissions"),
        table,
        roles,
        |granted, node| {
            let delete = grant::delete(catalogue, table, node)?;
            Ok(granted.delete.replace(delete).is_none())
        },
    )
}

/// Reads the entries of one action; `grant` tells whether the role had none before.
fn each(
    list: Option<&Node>,
    table: &'static Table,
    roles: &mut BTreeMap<String, Role>,
    grant: impl Fn(&mut TablePermissions, &Node) -> Result<bool, Mistake>,
) -> Result<(), Mistake> {
    let Some(list) = list else {
        return Ok(());
    };
    for entry in list.list()? {
        let mut fields = entry.fields()?;
        let node = fields.require("role")?;
        let name = node.text()?;
        let permission = fields.require("permission")?;
        fields.ignore("comment");
        fields.finish()?;
        if name == ADMIN {
            return Err(node.mistake("the role admin may do everything already"));
        }
        let role = roles
            .entry(name.to_owned())
            .or_insert_with_key(|name| Role::unknown(name));
        if !grant(role.grant(table), permission)? {
            return Err(node.mistake(format!("role {name} has two permissions for the same action")));
        }
    }
    Ok(())
}

/// Names are part of the API: a file may repeat them, not change them.
fn check_names(table: &'static Table, node: &Node) -> Result<(), Mistake> {
    let mut fields = node.fields()?;
    if let Some(name) = fields.take("custom_name") {
        same(name, Some(table.type_name), "the table")?;
    }
    if let Some(roots) = fields.take("custom_root_fields") {
        for (key, name) in roots.entries()? {
            if !name.is_null() {
                let name = custom_name(name)?;
                same(name, root_name(table, &key.text).as_deref(), &key.text)?;
            }
        }
    }
    for key in ["column_config", "custom_column_names"] {
        for (key, node) in fields.take(key).map_or(Ok(&[][..]), Node::entries)? {
            let column = table
                .column_by_sql(&key.text)
                .ok_or_else(|| key.mistake(format!("table {} has no such column", table.sql)))?;
            let given = custom_name(node)?;
            if !given.is_null() {
                same(given, Some(&column.name), &key.text)?;
            }
        }
    }
    fields.ignore("comment");
    fields.finish()
}

/// A name, given plainly or beside a comment.
fn custom_name(node: &Node) -> Result<&Node, Mistake> {
    if !node.is_map() {
        return Ok(node);
    }
    let found = node
        .entries()?
        .iter()
        .find(|(key, _)| matches!(key.text.as_str(), "name" | "custom_name"));
    Ok(found.map_or(node, |(_, name)| name))
}

fn same(given: &Node, ours: Option<&str>, what: &str) -> Result<(), Mistake> {
    let name = given.text()?;
    match ours {
        Some(ours) if ours == name => Ok(()),
        Some(ours) => Err(given.mistake(format!(
            "{what} is called {ours} here and cannot be called {name}"
        ))),
        None => Err(given.mistake(format!("{what}: there is no such root field"))),
    }
}

/// The name of a root field by its key in Hasura's metadata.
fn root_name(table: &Table, key: &str) -> Option<String> {
    let verb = |verb: &str, noun: &str| {
        let mut letters = noun.chars();
        let first = letters.next().map(char::to_uppercase);
        format!(
            "{verb}{}{}",
            first.into_iter().flatten().collect::<String>(),
            letters.as_str()
        )
    };
    let (one, many) = (table.singular, table.plural);
    Some(match key {
        "select" => many.to_owned(),
        "select_by_pk" => one.to_owned(),
        "select_aggregate" => format!("{many}Aggregate"),
        "select_stream" => format!("{}_stream", table.type_name),
        "insert" => verb("insert", many),
        "insert_one" => verb("insert", one),
        "update" => verb("update", many),
        "update_by_pk" => verb("update", one),
        "update_many" => format!("update_{}_many", table.type_name),
        "delete" => verb("delete", many),
        "delete_by_pk" => verb("delete", one),
        _ => return None,
    })
}

fn check_relations(table: &'static Table, list: &Node, cardinality: Cardinality) -> Result<(), Mistake> {
    for entry in list.list()? {
        let mut fields = entry.fields()?;
        let node = fields.require("name")?;
        let name = node.text()?;
        let known = table
            .relation(name)
            .is_some_and(|relation| relation.cardinality == cardinality);
        if !known {
            return Err(node.mistake(format!(
                "table {} has no such relationship {name}, and files add none",
                table.sql
            )));
        }
        fields.ignore("using");
        fields.ignore("comment");
        fields.finish()?;
    }
    Ok(())
}
