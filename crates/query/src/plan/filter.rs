//! `where`: Hasura's boolean expressions.

use portico_entity::catalogue::{Column, Scalar, Table, catalogue};

use super::{Bind, BindKind, ByName, Filter, Operator, aggregate_condition, select};
use crate::error::Failure;
use crate::request::{Operand, Place};

/// Parts of one `where`: SQLite takes no expression of more than 1,000 levels, and a list of alternatives has
/// one for each.
const MOST_PARTS: usize = 900;

/// Reads a `where` argument; null and absence mean every row.
pub fn argument(table: &'static Table, place: Option<Place<'_>>) -> Result<Filter, Failure> {
    let Some(place) = place.filter(|place| !place.is_null()) else {
        return Ok(Filter::TRUE);
    };
    let filter = expression(table, &place)?;
    refuse_too_many_parts(table, &filter, &ONE_EACH, &place.path)?;
    Ok(filter)
}

/// Refuses a condition that would be too large an expression; `weight` is how many parts a column is.
pub(crate) fn refuse_too_many_parts(
    table: &'static Table,
    filter: &Filter,
    weight: &dyn Fn(&'static Table, &Column) -> usize,
    path: &str,
) -> Result<(), Failure> {
    match parts(table, filter, weight) > MOST_PARTS {
        true => {
            let message = format!("the condition has too many parts: no more than {MOST_PARTS} are allowed");
            Err(Failure::validation(path, message))
        }
        false => Ok(()),
    }
}

/// Reads a condition inside another one; null and absence mean every row.
pub(super) fn nested(table: &'static Table, place: Option<Place<'_>>) -> Result<Filter, Failure> {
    match place.filter(|place| !place.is_null()) {
        Some(place) => expression(table, &place),
        None => Ok(Filter::TRUE),
    }
}

/// The weight of columns that stand as they are stored.
pub(crate) const ONE_EACH: fn(&'static Table, &Column) -> usize = |_, _| 1;

/// How many parts become one expression. What combines a single part adds nothing.
pub(crate) fn parts(
    table: &'static Table,
    filter: &Filter,
    weight: &dyn Fn(&'static Table, &Column) -> usize,
) -> usize {
    let here = |filter: &Filter| parts(table, filter, weight);
    let there = |name: &str, filter: &Filter| {
        let target = catalogue().table(name);
        target.map_or(0, |target| parts(target, filter, weight))
    };
    match filter {
        Filter::All(filters) | Filter::Any(filters) => filters.iter().map(here).sum::<usize>().max(1),
        Filter::Aggregate(condition) => {
            let target = condition.relation.0.target;
            let columns = condition.computed.columns().iter();
            let columns = catalogue().table(target).map_or(0, |table| {
                columns.map(|column| weight(table, column.0) - 1).sum::<usize>()
            });
            1 + columns + there(target, &condition.rows) + here(&condition.predicate)
        }
        Filter::Related(relation, filter) => 1 + there(relation.0.target, filter),
        Filter::Exists(table, filter) => 1 + parts(table.0, filter, weight),
        Filter::Not(filter) => 1 + here(filter),
        Filter::OfPermission(filter) => here(filter),
        Filter::Compare(column, ..) | Filter::CompareText(column, ..) | Filter::IsNull(column, _) => {
            weight(table, column.0)
        }
        Filter::CompareColumns(..) => 1,
    }
}

/// Reads one boolean expression over a table.
pub fn expression(table: &'static Table, place: &Place<'_>) -> Result<Filter, Failure> {
    let type_name = format!("{}_bool_exp", table.type_name);
    let mut filters = Vec::new();
    for (key, value) in place.entries(&type_name)? {
        filters.push(match key {
            "_and" => Filter::All(expressions(table, &value)?),
            "_or" => Filter::Any(expressions(table, &value)?),
            "_not" => Filter::Not(Box::new(expression(table, &value)?)),
            name => member(table, name, &value, &type_name)?,
        });
    }
    Ok(Filter::All(filters))
}

fn expressions(table: &'static Table, place: &Place<'_>) -> Result<Vec<Filter>, Failure> {
    place
        .elements()?
        .iter()
        .map(|element| expression(table, element))
        .collect()
}

fn member(table: &'static Table, name: &str, place: &Place<'_>, type_name: &str) -> Result<Filter, Failure> {
    if let Some(column) = table.column(name) {
        return comparisons(column, place);
    }
    if let Some((relation, target)) = select::aggregated(table, name) {
        return aggregate_condition::read(relation, target, place);
    }
    let related = table
        .relation(name)
        .and_then(|relation| Some((relation, catalogue().table(relation.target)?)));
    match related {
        Some((relation, target)) => Ok(Filter::Related(
            ByName(relation),
            Box::new(expression(target, place)?),
        )),
        None => Err(Failure::unknown_field(&place.path, name, type_name)),
    }
}

/// Reads the comparisons of a column.
pub(super) fn comparisons(column: &'static Column, place: &Place<'_>) -> Result<Filter, Failure> {
    let type_name = format!("{}_comparison_exp", column.scalar.graphql());
    let mut filters = Vec::new();
    for (name, value) in place.entries(&type_name)? {
        filters.push(match name {
            "_cast" if column.scalar == Scalar::Jsonb => cast(column, &value)?,
            name => comparison(column, column.scalar, name, &value, &type_name)?,
        });
    }
    Ok(Filter::All(filters))
}

/// `{String: {…}}`: comparisons of the value's text.
fn cast(column: &'static Column, place: &Place<'_>) -> Result<Filter, Failure> {
    let mut filters = Vec::new();
    for (name, value) in place.entries("jsonb_cast_exp")? {
        if name != "String" {
            return Err(Failure::unknown_field(&value.path, name, "jsonb_cast_exp"));
        }
        let type_name = "String_comparison_exp";
        for (name, value) in value.entries(type_name)? {
            filters.push(comparison(column, Scalar::String, name, &value, type_name)?);
        }
    }
    Ok(Filter::All(filters))
}

fn comparison(
    column: &'static Column,
    scalar: Scalar,
    name: &str,
    place: &Place<'_>,
    type_name: &str,
) -> Result<Filter, Failure> {
    compared(column, scalar, name, place.operand(), &place.path)
        .ok_or_else(|| Failure::unknown_field(&place.path, name, type_name))
}

/// The comparison of a column, as its own scalar or as text, by the operator of this name; nothing where the
/// scalar has no such operator.
pub(crate) fn compared(
    column: &'static Column,
    scalar: Scalar,
    name: &str,
    operand: Operand,
    path: &str,
) -> Option<Filter> {
    let bind = |kind| Bind {
        operand,
        kind,
        path: path.to_owned(),
    };
    if name == "_is_null" {
        let bind = bind(BindKind::Scalar(Scalar::Boolean));
        return Some(Filter::IsNull(ByName(column), bind));
    }
    let operator = Operator::parse(name, scalar)?;
    let bind = bind(operator.operand(scalar));
    Some(match scalar == column.scalar {
        true => Filter::Compare(ByName(column), operator, bind),
        false => Filter::CompareText(ByName(column), operator, bind),
    })
}

/// A parameter read from a place.
pub(super) fn bind(place: &Place<'_>, kind: BindKind) -> Bind {
    Bind {
        operand: place.operand(),
        kind,
        path: place.path.clone(),
    }
}
