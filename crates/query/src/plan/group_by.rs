//! Groups of rows that are equal in some columns, and what is computed over each.

use portico_entity::catalogue::{Column, Table};

use super::aggregate::{Computed, Each, Member, Summary, members, select_columns, summary};
use super::{ByName, Direction, Select, order_by, select};
use crate::error::Failure;
use crate::request::{Place, Selection, Variables};

/// Rows in groups.
#[derive(Debug, Clone)]
pub struct GroupBy {
    /// Which rows; their limits and offset are those of the groups.
    pub rows: Select,
    /// By which columns; at least one.
    pub by: Vec<ByName<Column>>,
    /// In which order the groups come.
    pub order_by: Vec<(GroupOrder, Direction)>,
    /// What is asked of each.
    pub members: Vec<Member<GroupContent>>,
}

/// What groups are ordered by.
#[derive(Debug, Clone, PartialEq)]
pub enum GroupOrder {
    /// A column that all rows of a group share.
    Key(ByName<Column>),
    /// What is computed over its rows.
    Computed(Computed),
}

/// What a member of `users_group_by` holds.
#[derive(Debug, Clone)]
pub enum GroupContent {
    /// The name of the type.
    Typename(String),
    /// The columns that its rows share.
    Key(Vec<Member<Each>>),
    /// What is computed over its rows.
    Summary(Vec<Member<Summary>>),
}

/// Groups with the arguments `by`, `where`, `order_by`, `limit` and `offset`.
pub fn group_by(
    table: &'static Table,
    selection: &Selection,
    variables: &Variables,
    path: &str,
) -> Result<GroupBy, Failure> {
    let argument = |name: &str| selection.argument(name, variables, path);
    let by = select_columns(table, argument("by"))?;
    if by.is_empty() {
        let message = "groups need at least one column to be made by";
        return Err(Failure::validation(format!("{path}.args.by"), message));
    }
    let members = members(&selection.selections, path, |selection, path| {
        let type_name = format!("{}_group_by", table.type_name);
        Ok(match selection.name.as_str() {
            "__typename" => GroupContent::Typename(type_name),
            "key" => GroupContent::Key(key(table, &by, &selection.selections, path)?),
            "aggregate" => GroupContent::Summary(summary(table, &selection.selections, variables, path)?),
            name => return Err(Failure::unknown_field(path, name, &type_name)),
        })
    })?;
    Ok(GroupBy {
        rows: select::matching(table, selection, variables, path)?,
        order_by: orders(table, &by, argument("order_by"))?,
        by,
        members,
    })
}

fn key(
    table: &'static Table,
    by: &[ByName<Column>],
    selections: &[Selection],
    path: &str,
) -> Result<Vec<Member<Each>>, Failure> {
    let type_name = format!("{}_group_by_key", table.type_name);
    members(selections, path, |selection, path| {
        match selection.name.as_str() {
            "__typename" => Ok(Each::Typename(type_name.clone())),
            name => shared(table, by, name, &type_name, path).map(Each::Column),
        }
    })
}

/// A column that the rows of each group share.
fn shared(
    table: &'static Table,
    by: &[ByName<Column>],
    name: &str,
    type_name: &str,
    path: &str,
) -> Result<ByName<Column>, Failure> {
    let column = table
        .column(name)
        .map(ByName)
        .ok_or_else(|| Failure::unknown_field(path, name, type_name))?;
    match by.contains(&column) {
        true => Ok(column),
        false => {
            let message = format!("the groups are not made by the column '{name}'");
            Err(Failure::validation(path, message))
        }
    }
}

fn orders(
    table: &'static Table,
    by: &[ByName<Column>],
    place: Option<Place<'_>>,
) -> Result<Vec<(GroupOrder, Direction)>, Failure> {
    let type_name = format!("{}_group_by_order_by", table.type_name);
    let mut terms = Vec::new();
    let Some(place) = place.filter(|place| !place.is_null()) else {
        return Ok(terms);
    };
    for element in place.elements()?.iter().filter(|element| !element.is_null()) {
        for (name, value) in element.entries(&type_name)? {
            match name {
                _ if value.is_null() => {}
                "key" => by_key(table, by, &value, &mut terms)?,
                "aggregate" => {
                    let computed = order_by::computed(table, &value)?.into_iter();
                    terms.extend(computed.map(|(computed, way)| (GroupOrder::Computed(computed), way)));
                }
                name => return Err(Failure::unknown_field(&value.path, name, &type_name)),
            }
        }
    }
    order_by::check_length(terms.len(), &place)?;
    Ok(terms)
}

fn by_key(
    table: &'static Table,
    by: &[ByName<Column>],
    place: &Place<'_>,
    terms: &mut Vec<(GroupOrder, Direction)>,
) -> Result<(), Failure> {
    let type_name = format!("{}_group_by_key_order_by", table.type_name);
    for (name, value) in place.entries(&type_name)? {
        if !value.is_null() {
            let column = shared(table, by, name, &type_name, &value.path)?;
            terms.push((GroupOrder::Key(column), order_by::direction(&value)?));
        }
    }
    Ok(())
}
