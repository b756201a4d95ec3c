//! Changing one row by its key, with `_set`, `_inc` and the JSON operators.

use portico_entity::catalogue::{Column, Scalar, Table};

use super::filter::bind;
use super::{Assignment, BindKind, ByName, Change, Filter, Operator, Update, select};
use crate::error::Failure;
use crate::request::{Place, Selection, Variables};

/// The operators of an update, with the columns they work on.
pub const OPERATORS: [&str; 7] = [
    "_set",
    "_inc",
    "_append",
    "_prepend",
    "_delete_key",
    "_delete_elem",
    "_delete_at_path",
];

/// Whether an operator works on columns of this scalar.
pub fn applies(operator: &str, scalar: Scalar) -> bool {
    match operator {
        "_set" => true,
        "_inc" => matches!(scalar, Scalar::Int | Scalar::Bigint),
        _ => scalar == Scalar::Jsonb,
    }
}

/// An update of the row that `pk_columns` names.
pub fn by_key(
    table: &'static Table,
    selection: &Selection,
    variables: &Variables,
    path: &str,
) -> Result<Update, Failure> {
    let key = key(table, selection, variables, path)?;
    let assignments = assignments(table, selection, variables, path)?;
    let select = select::one(table, Filter::TRUE, selection, variables, path)?;
    Ok(Update {
        assignments,
        check: Filter::TRUE,
        key,
        rows: Filter::TRUE,
        select,
    })
}

fn key(
    table: &'static Table,
    selection: &Selection,
    variables: &Variables,
    path: &str,
) -> Result<Filter, Failure> {
    let type_name = format!("{}_pk_columns_input", table.type_name);
    let missing = |name: &str| {
        Failure::validation(
            format!("{path}.args.{name}"),
            format!("missing required field '{name}'"),
        )
    };
    let place = selection
        .argument("pk_columns", variables, path)
        .ok_or_else(|| missing("pk_columns"))?;
    let entries = place.entries(&type_name)?;
    let mut conditions = Vec::new();
    for column in table.key.iter().filter_map(|key| table.column_by_sql(key)) {
        let (_, value) = entries
            .iter()
            .find(|(name, _)| *name == column.name)
            .ok_or_else(|| missing(&format!("pk_columns.{}", column.name)))?;
        let value = bind(value, BindKind::Scalar(column.scalar));
        conditions.push(Filter::Compare(ByName(column), Operator::Equal, value));
    }
    Ok(Filter::All(conditions))
}

fn assignments(
    table: &'static Table,
    selection: &Selection,
    variables: &Variables,
    path: &str,
) -> Result<Vec<Assignment>, Failure> {
    let mut assignments: Vec<Assignment> = Vec::new();
    let mut repeated = Vec::new();
    for operator in OPERATORS {
        let argument = selection.argument(operator, variables, path);
        let Some(place) = argument.filter(|place| !place.is_null()) else {
            continue;
        };
        for (name, value) in place.entries(&format!("{}{operator}_input", table.type_name))? {
            if value.is_absent() {
                continue;
            }
            let assignment = assignment(table, operator, name, &value)?;
            if assignments
                .iter()
                .any(|earlier| std::ptr::eq(earlier.column, assignment.column))
            {
                repeated.push(format!("'{name}'"));
            }
            assignments.push(assignment);
        }
    }
    if !repeated.is_empty() {
        let message = format!("Column found in multiple operators: [{}].", repeated.join(", "));
        return Err(Failure::validation(format!("{path}.args"), message));
    }
    if assignments.is_empty() {
        let message = "at least one update operator must be provided";
        return Err(Failure::validation(format!("{path}.args"), message));
    }
    Ok(assignments)
}

fn assignment(
    table: &'static Table,
    operator: &str,
    name: &str,
    place: &Place<'_>,
) -> Result<Assignment, Failure> {
    let column: &'static Column = table
        .column(name)
        .filter(|column| applies(operator, column.scalar))
        .ok_or_else(|| {
            let message = format!(
                "field '{name}' not found in type: '{}{operator}_input'",
                table.type_name
            );
            Failure::validation(&place.path, message)
        })?;
    let set = match column.nullable {
        // GraphQL's null is SQL's null, for JSON columns too.
        true => BindKind::Nullable(column.scalar),
        false if place.is_null() => return Err(place.expected(&format!("a value for column '{name}'"))),
        false => BindKind::Scalar(column.scalar),
    };
    let value = |kind| bind(place, kind);
    let change = match operator {
        "_set" => Change::Set(value(set)),
        "_inc" => Change::Increment(value(BindKind::Scalar(column.scalar))),
        "_append" => Change::Append(value(BindKind::Scalar(Scalar::Jsonb))),
        "_prepend" => Change::Prepend(value(BindKind::Scalar(Scalar::Jsonb))),
        "_delete_key" => Change::DeleteKey(value(BindKind::Scalar(Scalar::String))),
        "_delete_elem" => Change::DeleteElement(value(BindKind::Scalar(Scalar::Int))),
        _ => Change::DeleteAtPath(value(BindKind::JsonSteps)),
    };
    Ok(Assignment { column, change })
}
