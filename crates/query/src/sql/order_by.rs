//! Order.

use portico_entity::catalogue::{Relation, catalogue};

use super::writer::{Alias, Writer};
use super::{filter, function};
use crate::plan::aggregate::Computed;
use crate::plan::{ByName, Direction, Filter, Order, OrderBy};

/// Writes the order of the rows of `alias`, if there is one.
pub(super) fn write(writer: &mut Writer, alias: Alias, terms: &[Order]) {
    for (index, term) in terms.iter().enumerate() {
        writer.push(match index {
            0 => " ORDER BY ",
            _ => ", ",
        });
        expression(writer, alias, &term.through, term);
        let nullable = match &term.by {
            OrderBy::Column(column) => writer.may_be_null(alias, column.0),
            OrderBy::Related(_, _, computed) => !matches!(computed, Computed::Count(_)),
        };
        direction(writer, term.direction, nullable || !term.through.is_empty());
    }
}

/// Writes which way a term goes. The place of nulls is left out where none can be, so that an index can give
/// the order.
pub(super) fn direction(writer: &mut Writer, direction: Direction, nullable: bool) {
    writer.push(match direction.descending {
        true => " DESC",
        false => " ASC",
    });
    if nullable {
        writer.push(match direction.nulls_first {
            true => " NULLS FIRST",
            false => " NULLS LAST",
        });
    }
}

fn expression(writer: &mut Writer, alias: Alias, through: &[(ByName<Relation>, Filter)], term: &Order) {
    let Some(((relation, rows), rest)) = through.split_first() else {
        return match &term.by {
            OrderBy::Column(column) => writer.comparable(alias, column.0),
            OrderBy::Related(relation, rows, computed) => {
                related(writer, alias, relation.0, rows, |writer, inner| {
                    function::computed(writer, inner, computed);
                });
            }
        };
    };
    related(writer, alias, relation.0, rows, |writer, inner| {
        expression(writer, inner, rest, term);
    });
    // A sub-select has no collation of its own.
    if let OrderBy::Column(column) = &term.by {
        writer.collation(column.0);
    }
}

/// Writes a sub-select over related rows.
fn related(
    writer: &mut Writer,
    outer: Alias,
    relation: &Relation,
    rows: &Filter,
    value: impl FnOnce(&mut Writer, Alias),
) {
    let Some(target) = catalogue().table(relation.target) else {
        return writer.push("NULL");
    };
    let inner = writer.alias(target);
    writer.push("(SELECT ");
    value(writer, inner);
    writer.push(" FROM ");
    writer.table(target);
    writer.push(&format!(" AS {inner} WHERE "));
    writer.column(inner, relation.to);
    writer.push(" = ");
    writer.column(outer, relation.from);
    filter::and(writer, inner, rows);
    writer.push(")");
}
