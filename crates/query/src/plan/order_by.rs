//! `order_by`: columns of the row and of rows reached by object relationships, and what is computed over the
//! rows of array relationships.

use portico_entity::catalogue::{Cardinality, Column, Relation, Table, catalogue};

use super::aggregate::{Computed, Count, Function};
use super::{ByName, Filter, select};
use crate::error::Failure;
use crate::request::Place;

/// Terms of one `order_by`: databases take about 1,600.
const MOST_TERMS: usize = 100;

/// One term of an order.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// Object relationships to follow, each with the rows a role may see there.
    pub through: Vec<(ByName<Relation>, Filter)>,
    /// What stands at their end.
    pub by: OrderBy,
    /// Which way.
    pub direction: Direction,
}

/// What rows are ordered by.
#[derive(Debug, Clone, PartialEq)]
pub enum OrderBy {
    /// A column.
    Column(ByName<Column>),
    /// What is computed over the rows of an array relationship, those that a role may see.
    Related(ByName<Relation>, Filter, Computed),
}

/// A direction of order with the place of nulls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Direction {
    /// Greatest first.
    pub descending: bool,
    /// Nulls before everything else.
    pub nulls_first: bool,
}

impl Direction {
    /// `asc`.
    pub const ASCENDING: Self = Self {
        descending: false,
        nulls_first: false,
    };

    /// The values of the enum `order_by`, in Hasura's order, with their descriptions.
    pub const ALL: [(&'static str, &'static str, Self); 6] = [
        (
            "asc",
            "in ascending order, nulls last",
            Self {
                descending: false,
                nulls_first: false,
            },
        ),
        (
            "asc_nulls_first",
            "in ascending order, nulls first",
            Self {
                descending: false,
                nulls_first: true,
            },
        ),
        (
            "asc_nulls_last",
            "in ascending order, nulls last",
            Self {
                descending: false,
                nulls_first: false,
            },
        ),
        (
            "desc",
            "in descending order, nulls first",
            Self {
                descending: true,
                nulls_first: true,
            },
        ),
        (
            "desc_nulls_first",
            "in descending order, nulls first",
            Self {
                descending: true,
                nulls_first: true,
            },
        ),
        (
            "desc_nulls_last",
            "in descending order, nulls last",
            Self {
                descending: true,
                nulls_first: false,
            },
        ),
    ];
}

/// Reads an `order_by` argument: terms in the order they are written; null and empty parts are ignored.
pub fn argument(table: &'static Table, place: Option<Place<'_>>) -> Result<Vec<Order>, Failure> {
    let mut terms = Vec::new();
    let Some(place) = place.filter(|place| !place.is_null()) else {
        return Ok(terms);
    };
    for element in place.elements()? {
        if !element.is_null() {
            object(table, &element, &[], &mut terms)?;
        }
        check_length(terms.len(), &place)?;
    }
    Ok(terms)
}

/// Refuses an order of more terms than a database takes.
pub(super) fn check_length(terms: usize, place: &Place<'_>) -> Result<(), Failure> {
    if terms > MOST_TERMS {
        let message = format!("the order has too many terms: no more than {MOST_TERMS} are allowed");
        return Err(Failure::validation(&place.path, message));
    }
    Ok(())
}

fn object(
    table: &'static Table,
    place: &Place<'_>,
    through: &[ByName<Relation>],
    terms: &mut Vec<Order>,
) -> Result<(), Failure> {
    let type_name = format!("{}_order_by", table.type_name);
    for (key, value) in place.entries(&type_name)? {
        if value.is_null() {
            continue;
        }
        if let Some(column) = table.column(key) {
            terms.push(Order {
                through: through.iter().map(|relation| (*relation, Filter::TRUE)).collect(),
                by: OrderBy::Column(ByName(column)),
                direction: direction(&value)?,
            });
            continue;
        }
        if let Some((relation, target)) = select::aggregated(table, key) {
            for (computed, direction) in computed(target, &value)? {
                terms.push(Order {
                    through: through.iter().map(|relation| (*relation, Filter::TRUE)).collect(),
                    by: OrderBy::Related(ByName(relation), Filter::TRUE, computed),
                    direction,
                });
            }
            continue;
        }
        let relation = table
            .relation(key)
            .filter(|found| found.cardinality == Cardinality::Object);
        let target = relation.and_then(|relation| catalogue().table(relation.target));
        match (relation, target) {
            (Some(relation), Some(target)) => {
                let further: Vec<_> = through.iter().copied().chain([ByName(relation)]).collect();
                object(target, &value, &further, terms)?;
            }
            _ => return Err(Failure::unknown_field(&value.path, key, &type_name)),
        }
    }
    Ok(())
}

/// Reads `users_aggregate_order_by`.
pub(super) fn computed(
    table: &'static Table,
    place: &Place<'_>,
) -> Result<Vec<(Computed, Direction)>, Failure> {
    let type_name = format!("{}_aggregate_order_by", table.type_name);
    let mut terms = Vec::new();
    for (name, place) in place.entries(&type_name)? {
        if place.is_null() {
            continue;
        }
        if name == "count" {
            terms.push((Computed::Count(Count::default()), direction(&place)?));
            continue;
        }
        let function =
            Function::parse(name).ok_or_else(|| Failure::unknown_field(&place.path, name, &type_name))?;
        let type_name = format!("{}_{name}_order_by", table.type_name);
        for (name, place) in place.entries(&type_name)? {
            let column = table.column(name).filter(|column| function.fits(column.scalar));
            let column = column.ok_or_else(|| Failure::unknown_field(&place.path, name, &type_name))?;
            if !place.is_null() {
                terms.push((Computed::Of(function, ByName(column)), direction(&place)?));
            }
        }
    }
    Ok(terms)
}

/// The order of rows of which only the first of each kind is wanted: the columns that make the kind lead it.
pub(super) fn led_by(
    distinct_on: &[ByName<Column>],
    order_by: Vec<Order>,
    path: &str,
) -> Result<Vec<Order>, Failure> {
    if order_by.is_empty() {
        let ascending = |column: &ByName<Column>| Order {
            through: Vec::new(),
            by: OrderBy::Column(*column),
            direction: Direction::ASCENDING,
        };
        return Ok(distinct_on.iter().map(ascending).collect());
    }
    let mut missing = distinct_on.to_vec();
    for order in &order_by {
        if missing.is_empty() {
            break;
        }
        let leads = match &order.by {
            OrderBy::Column(column) => order.through.is_empty() && distinct_on.contains(column),
            OrderBy::Related(..) => false,
        };
        if !leads {
            break;
        }
        missing.retain(|column| order.by != OrderBy::Column(*column));
    }
    match missing.is_empty() {
        true => Ok(order_by),
        false => {
            let message = "\"distinct_on\" columns must match initial \"order_by\" columns";
            Err(Failure::validation(format!("{path}.args"), message))
        }
    }
}

/// Reads a value of the enum `order_by`.
pub(super) fn direction(place: &Place<'_>) -> Result<Direction, Failure> {
    let name = place.enum_value("order_by")?;
    let found = Direction::ALL.into_iter().find(|(known, ..)| *known == name);
    found.map(|(_, _, direction)| direction).ok_or_else(|| {
        let known = Direction::ALL.map(|(name, ..)| name);
        Failure::unknown_value(&place.path, name, "order_by", &known)
    })
}
