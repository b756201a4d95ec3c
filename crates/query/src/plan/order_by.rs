//! `order_by`: columns of the row and of rows reached by object relationships.

use portico_entity::catalogue::{Cardinality, Relation, Table, catalogue};

use super::{ByName, Direction, Filter, Order};
use crate::error::Failure;
use crate::request::Place;

/// Terms of one `order_by`: databases take about 1,600.
const MOST_TERMS: usize = 100;

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
        if terms.len() > MOST_TERMS {
            let message = format!("the order has too many terms: no more than {MOST_TERMS} are allowed");
            return Err(Failure::validation(place.path, message));
        }
    }
    Ok(terms)
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
            let through = through.iter().map(|relation| (*relation, Filter::TRUE)).collect();
            terms.push(Order {
                through,
                column: ByName(column),
                direction: direction(&value)?,
            });
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
            _ => {
                let message = format!("field '{key}' not found in type: '{type_name}'");
                return Err(Failure::validation(&value.path, message));
            }
        }
    }
    Ok(())
}

fn direction(place: &Place<'_>) -> Result<Direction, Failure> {
    let name = place.enum_value("order_by")?;
    let found = Direction::ALL.into_iter().find(|(known, ..)| *known == name);
    found.map(|(_, _, direction)| direction).ok_or_else(|| {
        let known: Vec<_> = Direction::ALL
            .iter()
            .map(|(name, ..)| format!("'{name}'"))
            .collect();
        let message = format!(
            "expected one of the values [{}] for type 'order_by', but found '{name}'",
            known.join(", ")
        );
        Failure::validation(&place.path, message)
    })
}
