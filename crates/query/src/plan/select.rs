//! Reading: rows of a table with their columns and related rows.

use portico_entity::catalogue::{Cardinality, Relation, Scalar, Table, catalogue};

use super::filter::{self, bind};
use super::merge::merge;
use super::{Bind, BindKind, ByName, Content, Field, Filter, Operator, Select, Shape};
use super::{aggregate, mutation, order_by};
use crate::error::Failure;
use crate::request::{Operand, Selection, Variables};

/// The column that marks a row as softly deleted.
pub const DELETED_AT: &str = "deleted_at";
/// The computed column that says the same.
pub const DELETED: &str = "deleted";

/// A list of rows with the arguments `where`, `order_by`, `limit` and `offset`.
pub fn list(
    table: &'static Table,
    selection: &Selection,
    variables: &Variables,
    path: &str,
) -> Result<Select, Failure> {
    Ok(Select {
        fields: fields(table, &selection.selections, variables, path)?,
        ..rows(table, selection, variables, path)?
    })
}

/// The rows that the arguments of a list say, without fields.
pub(super) fn rows(
    table: &'static Table,
    selection: &Selection,
    variables: &Variables,
    path: &str,
) -> Result<Select, Failure> {
    let argument = |name: &str| selection.argument(name, variables, path);
    let distinct_on = aggregate::select_columns(table, argument("distinct_on"))?;
    let order_by = order_by::argument(table, argument("order_by"))?;
    Ok(Select {
        order_by: order_by::led_by(&distinct_on, order_by, path)?,
        distinct_on,
        ..matching(table, selection, variables, path)?
    })
}

/// The rows that the arguments `where`, `limit` and `offset` say, without order.
pub(super) fn matching(
    table: &'static Table,
    selection: &Selection,
    variables: &Variables,
    path: &str,
) -> Result<Select, Failure> {
    let argument = |name: &str| selection.argument(name, variables, path);
    let filter = filter::argument(table, argument("where"))?;
    let deleted_too = filter.names(DELETED_AT) || filter.names(DELETED);
    Ok(Select {
        table,
        shape: Shape::Many,
        filter,
        deleted_too,
        distinct_on: Vec::new(),
        order_by: Vec::new(),
        limit: argument("limit").map(|place| bind(&place, BindKind::Limit)),
        role_limit: None,
        offset: argument("offset").map(|place| bind(&place, BindKind::Offset)),
        fields: Vec::new(),
    })
}

/// The row with the key that the arguments give.
pub fn by_key(
    table: &'static Table,
    selection: &Selection,
    variables: &Variables,
    path: &str,
) -> Result<Select, Failure> {
    let key = mutation::key(table, selection, variables, path)?;
    one(table, key, selection, variables, path)
}

/// The row of the user who asks.
pub fn own_user(
    table: &'static Table,
    selection: &Selection,
    variables: &Variables,
    path: &str,
) -> Result<Select, Failure> {
    let Some(column) = table.column_by_sql("id") else {
        return Err(Failure::unexpected(&"the users table has no column id"));
    };
    let own = Bind {
        operand: Operand::Session("x-hasura-user-id".to_owned()),
        kind: BindKind::Scalar(Scalar::Uuid),
        path: path.to_owned(),
    };
    let filter = Filter::Compare(ByName(column), Operator::Equal, own);
    one(table, filter, selection, variables, path)
}

/// At most one row.
pub(super) fn one(
    table: &'static Table,
    filter: Filter,
    selection: &Selection,
    variables: &Variables,
    path: &str,
) -> Result<Select, Failure> {
    Ok(Select {
        table,
        shape: Shape::One,
        filter,
        deleted_too: true,
        distinct_on: Vec::new(),
        order_by: Vec::new(),
        limit: None,
        role_limit: None,
        offset: None,
        fields: fields(table, &selection.selections, variables, path)?,
    })
}

/// What is selected of a row; selections under one name are merged, as GraphQL wants.
pub(super) fn fields(
    table: &'static Table,
    selections: &[Selection],
    variables: &Variables,
    path: &str,
) -> Result<Vec<Field>, Failure> {
    merge(selections, path)?
        .iter()
        .map(|selection| field(table, selection, variables, path))
        .collect()
}

fn field(
    table: &'static Table,
    selection: &Selection,
    variables: &Variables,
    path: &str,
) -> Result<Field, Failure> {
    let path = format!("{path}.selectionSet.{}", selection.key);
    let key = selection.key.clone();
    if selection.name == "__typename" {
        return Ok(Field {
            key,
            content: Content::Typename(table.type_name),
        });
    }
    if let Some(column) = table.column(&selection.name) {
        let json_path = selection
            .argument("path", variables, &path)
            .map(|place| bind(&place, BindKind::JsonPath));
        return Ok(Field {
            key,
            content: Content::Column(column, json_path),
        });
    }
    if let Some((relation, target)) = aggregated(table, &selection.name) {
        let aggregate = aggregate::aggregate(target, selection, variables, &path)?;
        return Ok(Field {
            key,
            content: Content::Aggregate(relation, Box::new(aggregate)),
        });
    }
    let found = table.relation(&selection.name);
    let target = found.and_then(|relation| catalogue().table(relation.target));
    match (found, target) {
        (Some(relation), Some(target)) => {
            let select = related(relation, target, selection, variables, &path)?;
            Ok(Field {
                key,
                content: Content::Related(relation, Box::new(select)),
            })
        }
        _ => Err(Failure::unknown_field(path, &selection.name, table.type_name)),
    }
}

/// The array relationship whose rows a member of this name asks as a whole: `roles_aggregate`.
pub(super) fn aggregated(table: &'static Table, name: &str) -> Option<(&'static Relation, &'static Table)> {
    let relation = table.relation(name.strip_suffix("_aggregate")?)?;
    let target = catalogue().table(relation.target)?;
    (relation.cardinality == Cardinality::Array).then_some((relation, target))
}

fn related(
    relation: &'static Relation,
    target: &'static Table,
    selection: &Selection,
    variables: &Variables,
    path: &str,
) -> Result<Select, Failure> {
    match relation.cardinality {
        Cardinality::Array => list(target, selection, variables, path),
        Cardinality::Object => one(target, Filter::TRUE, selection, variables, path),
    }
}
