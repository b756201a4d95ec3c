//! Order.

use portico_entity::catalogue::{Relation, catalogue};

use super::filter;
use super::writer::{Alias, Writer};
use crate::plan::{ByName, Filter, Order};

/// Writes the order of the rows of `alias`, if there is one.
pub(super) fn write(writer: &mut Writer, alias: Alias, terms: &[Order]) {
    for (index, term) in terms.iter().enumerate() {
        writer.push(match index {
            0 => " ORDER BY ",
            _ => ", ",
        });
        expression(writer, alias, &term.through, term);
        writer.push(match term.direction.descending {
            true => " DESC",
            false => " ASC",
        });
        // Left out where no null can be, so that an index can give the order.
        if !term.through.is_empty() || writer.may_be_null(alias, term.column.0) {
            writer.push(match term.direction.nulls_first {
                true => " NULLS FIRST",
                false => " NULLS LAST",
            });
        }
    }
}

fn expression(writer: &mut Writer, alias: Alias, through: &[(ByName<Relation>, Filter)], term: &Order) {
    let Some(((relation, rows), rest)) = through.split_first() else {
        return writer.column(alias, term.column.0.sql);
    };
    let Some(target) = catalogue().table(relation.0.target) else {
        return writer.push("NULL");
    };
    let inner = writer.alias(target);
    writer.push("(SELECT ");
    expression(writer, inner, rest, term);
    writer.push(" FROM ");
    writer.table(target);
    writer.push(&format!(" AS {inner} WHERE "));
    writer.column(inner, relation.0.to);
    writer.push(" = ");
    writer.column(alias, relation.0.from);
    filter::and(writer, inner, rows);
    writer.push(")");
}
