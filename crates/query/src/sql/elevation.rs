//! Which writes change what proves a user.

use portico_entity::catalogue::{Column, Consequence, Table};

use super::{Elevated, user_column};
use crate::plan::insert::Node;
use crate::plan::mutation::{Mutation, Write};
use crate::plan::{Action, Plan};

/// The first write of a column for which a user has to be proved anew. A new user is nobody yet; but rows that
/// belong to a user may prove one as soon as they are there, and no more once they are gone.
pub(super) fn of(plan: &Plan) -> Option<Elevated> {
    plan.roots.iter().find_map(|root| {
        let Action::Mutate(mutation) = &root.action else {
            return None;
        };
        let column = written(mutation).find(|column| column.is_followed_by(Consequence::Elevation))?;
        Some(Elevated {
            column: &column.name,
            path: format!("$.selectionSet.{}", root.key),
        })
    })
}

/// The columns that take another value, be it one that a permission gives.
fn written(mutation: &Mutation) -> impl Iterator<Item = &'static Column> {
    let mut columns = Vec::new();
    for write in &mutation.writes {
        match write {
            Write::Insert(insert) => inserted(&insert.node, &mut columns),
            Write::Update(update) => columns.extend(named(mutation.table, update.columns())),
            Write::Delete(_) if belongs_to_a_user(mutation.table) => columns.extend(&mutation.table.columns),
            Write::Delete(_) => {}
        }
    }
    columns.into_iter()
}

fn inserted(node: &Node, columns: &mut Vec<&'static Column>) {
    if belongs_to_a_user(node.table) {
        columns.extend(node.columns.iter().map(|column| column.0));
        let presets = node.presets.iter().map(|preset| preset.column);
        columns.extend(named(node.table, presets.collect()));
    }
    if let Some(conflict) = &node.conflict {
        columns.extend(named(node.table, conflict.columns()));
    }
    for nested in &node.nested {
        inserted(&nested.node, columns);
    }
}

/// Columns by their SQL names.
fn named(table: &'static Table, names: Vec<&'static str>) -> impl Iterator<Item = &'static Column> {
    names.into_iter().filter_map(|name| table.column_by_sql(name))
}

/// Whether a row says whose it is, other than by being the user.
fn belongs_to_a_user(table: &'static Table) -> bool {
    user_column(table).is_some_and(|column| !table.key.contains(&column.sql))
}
