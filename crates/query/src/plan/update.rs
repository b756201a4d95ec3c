//! Changes of rows, with `_set`, `_inc` and the JSON operators.

use portico_entity::catalogue::{Column, Scalar, Table};

use super::filter::{self, bind};
use super::{Bind, BindKind, ByName, Filter, Operator, mutation};
use crate::error::Failure;
use crate::permission::Preset;
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

/// Updates of one `update_users_many`: each is a statement.
const MOST_UPDATES: usize = 100;

/// Whether an operator works on columns of this scalar.
pub fn applies(operator: &str, scalar: Scalar) -> bool {
    match operator {
        "_set" => true,
        "_inc" => matches!(scalar, Scalar::Int | Scalar::Bigint),
        _ => scalar == Scalar::Jsonb,
    }
}

/// A change of one column.
#[derive(Debug, Clone)]
pub struct Assignment {
    /// The column.
    pub column: &'static Column,
    /// How it changes.
    pub change: Change,
}

/// How a column changes.
#[derive(Debug, Clone)]
pub enum Change {
    /// `_set`: takes the value.
    Set(Bind),
    /// `_inc`: grows by the value.
    Increment(Bind),
    /// `_append`: JSON concatenation, the value last.
    Append(Bind),
    /// `_prepend`: JSON concatenation, the value first.
    Prepend(Bind),
    /// `_delete_key`: without the key.
    DeleteKey(Bind),
    /// `_delete_elem`: without the element.
    DeleteElement(Bind),
    /// `_delete_at_path`: without what is at the path.
    DeleteAtPath(Bind),
}

/// A change of rows.
#[derive(Debug, Clone)]
pub struct Update {
    /// Which rows, as the request says.
    pub filter: Filter,
    /// What is assigned; nothing where no row is to be touched.
    pub assignments: Vec<Assignment>,
    /// What the permission says.
    pub rights: UpdateRights,
}

impl Update {
    /// The columns written, by their SQL names.
    pub fn columns(&self) -> Vec<&'static str> {
        let presets = self.rights.presets.iter().map(|preset| preset.column);
        let assigned = self.assignments.iter().map(|assignment| assignment.column.sql);
        assigned.chain(presets).collect()
    }
}

/// What a permission to update adds to a change.
#[derive(Debug, Clone, Default)]
pub struct UpdateRights {
    /// Among which rows.
    pub rows: Filter,
    /// What must hold of a changed row.
    pub check: Filter,
    /// What is written whatever the client says.
    pub presets: Vec<Preset>,
}

/// The row that `pk_columns` names.
pub(super) fn by_key(
    table: &'static Table,
    selection: &Selection,
    variables: &Variables,
    path: &str,
) -> Result<Update, Failure> {
    let filter = key(table, selection, variables, path)?;
    let update = with(
        table,
        filter,
        &selection_operators(selection, variables, path),
        path,
    )?;
    if update.assignments.is_empty() {
        let message = "at least one update operator must be provided";
        return Err(Failure::validation(format!("{path}.args"), message));
    }
    Ok(update)
}

/// The rows that `where` names.
pub(super) fn by_filter(
    table: &'static Table,
    selection: &Selection,
    variables: &Variables,
    path: &str,
) -> Result<Update, Failure> {
    let filter = mutation::rows(table, selection, variables, path)?;
    with(
        table,
        filter,
        &selection_operators(selection, variables, path),
        path,
    )
}

/// The updates of `update_users_many`, in order.
pub(super) fn many(
    table: &'static Table,
    selection: &Selection,
    variables: &Variables,
    path: &str,
) -> Result<Vec<Update>, Failure> {
    let updates = selection
        .argument("updates", variables, path)
        .ok_or_else(|| mutation::missing(path, "updates"))?;
    let elements = updates.elements()?;
    if elements.len() > MOST_UPDATES {
        let message = format!("there are too many updates: no more than {MOST_UPDATES} are allowed");
        return Err(Failure::validation(updates.path, message));
    }
    let type_name = format!("{}_updates", table.type_name);
    let update = |element: &Place<'_>| {
        let mut filter = None;
        let mut operators = Vec::new();
        for (name, place) in element.entries(&type_name)? {
            match name {
                "where" if !place.is_null() => filter = Some(filter::argument(table, Some(place))?),
                name => operators.extend(operator(name).map(|name| (name, place))),
            }
        }
        let filter = filter.ok_or_else(|| Failure::missing_field(&element.path, "where"))?;
        with(table, filter, &operators, path)
    };
    elements.iter().map(update).collect()
}

fn operator(name: &str) -> Option<&'static str> {
    OPERATORS.into_iter().find(|known| *known == name)
}

fn selection_operators<'a>(
    selection: &'a Selection,
    variables: &'a Variables,
    path: &str,
) -> Vec<(&'static str, Place<'a>)> {
    OPERATORS
        .into_iter()
        .filter_map(|operator| Some((operator, selection.argument(operator, variables, path)?)))
        .collect()
}

fn with(
    table: &'static Table,
    filter: Filter,
    operators: &[(&'static str, Place<'_>)],
    path: &str,
) -> Result<Update, Failure> {
    Ok(Update {
        filter,
        assignments: assignments(table, operators, path)?,
        rights: UpdateRights::default(),
    })
}

fn key(
    table: &'static Table,
    selection: &Selection,
    variables: &Variables,
    path: &str,
) -> Result<Filter, Failure> {
    let type_name = format!("{}_pk_columns_input", table.type_name);
    let place = selection
        .argument("pk_columns", variables, path)
        .ok_or_else(|| mutation::missing(path, "pk_columns"))?;
    let entries = place.entries(&type_name)?;
    let mut conditions = Vec::new();
    for column in mutation::key_columns(table) {
        let (_, value) = entries
            .iter()
            .find(|(name, _)| *name == column.name)
            .ok_or_else(|| mutation::missing(path, &format!("pk_columns.{}", column.name)))?;
        let value = bind(value, BindKind::Scalar(column.scalar));
        conditions.push(Filter::Compare(ByName(column), Operator::Equal, value));
    }
    Ok(Filter::All(conditions))
}

fn assignments(
    table: &'static Table,
    operators: &[(&'static str, Place<'_>)],
    path: &str,
) -> Result<Vec<Assignment>, Failure> {
    let mut assignments: Vec<Assignment> = Vec::new();
    let mut repeated = Vec::new();
    for (operator, place) in operators.iter().filter(|(_, place)| !place.is_null()) {
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
            let type_name = format!("{}{operator}_input", table.type_name);
            Failure::unknown_field(&place.path, name, &type_name)
        })?;
    let set = match column.nullable {
        // GraphQL's null is SQL's null, for JSON columns too.
        true => BindKind::AssignedOrNull(column.scalar),
        false if place.is_null() => return Err(place.expected(&format!("a value for column '{name}'"))),
        false => BindKind::Assigned(column.scalar),
    };
    let value = |kind| bind(place, kind);
    let change = match operator {
        "_set" => Change::Set(value(set)),
        "_inc" => Change::Increment(value(BindKind::Assigned(column.scalar))),
        "_append" => Change::Append(value(BindKind::Assigned(Scalar::Jsonb))),
        "_prepend" => Change::Prepend(value(BindKind::Assigned(Scalar::Jsonb))),
        "_delete_key" => Change::DeleteKey(value(BindKind::Scalar(Scalar::String))),
        "_delete_elem" => Change::DeleteElement(value(BindKind::Scalar(Scalar::Int))),
        _ => Change::DeleteAtPath(value(BindKind::JsonSteps)),
    };
    Ok(Assignment { column, change })
}
