//! Conditions on what is computed over the rows of a relationship.

use std::sync::LazyLock;

use portico_entity::catalogue::{Column, Relation, Scalar, Table};

use super::aggregate::{Computed, count};
use super::{ByName, Filter, filter};
use crate::error::Failure;
use crate::request::Place;

/// A condition on what is computed over related rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// To which rows.
    pub relation: ByName<Relation>,
    /// Which of them.
    pub rows: Filter,
    /// What is computed.
    pub computed: Computed,
    /// What must hold of it: comparisons of [`COUNTED`] or [`JUDGED`].
    pub predicate: Filter,
}

/// Stands for a count in a predicate.
pub static COUNTED: LazyLock<Column> = LazyLock::new(|| result(Scalar::Int));
/// Stands for a Boolean in a predicate.
pub static JUDGED: LazyLock<Column> = LazyLock::new(|| result(Scalar::Boolean));

fn result(scalar: Scalar) -> Column {
    Column {
        sql: "value",
        name: "value".to_owned(),
        comment: "",
        scalar,
        nullable: true,
        has_default: false,
        secret: false,
        set_afterwards: false,
        computed: true,
        own: false,
        blank: None,
        consequences: None,
    }
}

/// Reads `users_aggregate_bool_exp`: conditions on what is computed over the rows of a relationship.
pub(super) fn read(
    relation: &'static Relation,
    target: &'static Table,
    place: &Place<'_>,
) -> Result<Filter, Failure> {
    let type_name = format!("{}_aggregate_bool_exp", target.type_name);
    let mut filters = Vec::new();
    for (name, place) in place.entries(&type_name)? {
        let arguments = place.entries(&format!("{type_name}_{name}"))?;
        let argument = |wanted: &str| {
            let found = arguments.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, place)| place.clone())
        };
        let required =
            |wanted: &str| argument(wanted).ok_or_else(|| Failure::missing_field(&place.path, wanted));
        let (computed, result) = match name {
            "count" => (
                Computed::Count(count(target, argument("arguments"), argument("distinct"))?),
                &*COUNTED,
            ),
            "bool_and" => (
                Computed::Every(boolean(target, &required("arguments")?)?),
                &*JUDGED,
            ),
            "bool_or" => (Computed::Any(boolean(target, &required("arguments")?)?), &*JUDGED),
            name => return Err(Failure::unknown_field(&place.path, name, &type_name)),
        };
        filters.push(Filter::Aggregate(Box::new(Condition {
            relation: ByName(relation),
            rows: filter::nested(target, argument("filter"))?,
            computed,
            predicate: filter::comparisons(result, &required("predicate")?)?,
        })));
    }
    Ok(Filter::All(filters))
}

fn boolean(table: &'static Table, place: &Place<'_>) -> Result<ByName<Column>, Failure> {
    let type_name = format!("{}_select_column", table.type_name);
    table
        .column(place.enum_value(&type_name)?)
        .filter(|column| column.scalar == Scalar::Boolean)
        .map(ByName)
        .ok_or_else(|| place.expected("a Boolean column"))
}
