//! Which writes end sessions, or make them what they were not.

use portico_entity::catalogue::{Column, Consequence, Table};

use super::SessionWrite;
use crate::plan::insert::Node;
use crate::plan::mutation::{Mutation, Write};
use crate::plan::{Action, Plan};

/// The table of sessions and personal access tokens.
const SESSIONS: &str = "refresh_tokens";

/// The writes of sessions among a plan's, if there are any.
pub(super) fn of(plan: &Plan) -> Option<SessionWrite> {
    let found = plan.roots.iter().filter_map(|root| {
        let Action::Mutate(mutation) = &root.action else {
            return None;
        };
        let mut columns = Vec::new();
        written(mutation, &mut columns).then(|| SessionWrite {
            path: format!("$.selectionSet.{}", root.key),
            withheld: withheld(columns),
        })
    });
    // One that nobody signed in may ask for is told first.
    let mut found: Vec<SessionWrite> = found.collect();
    found.sort_by_key(|write| write.withheld.is_none());
    found.into_iter().next()
}

/// Whether sessions are written; gathers the columns that take another value.
fn written(mutation: &Mutation, columns: &mut Vec<&'static Column>) -> bool {
    let mut any = false;
    for write in &mutation.writes {
        any |= match write {
            Write::Insert(insert) => inserted(&insert.node, columns),
            Write::Update(update) if is_sessions(mutation.table) => {
                columns.extend(update.assignments.iter().map(|assignment| assignment.column));
                true
            }
            Write::Delete(_) => is_sessions(mutation.table),
            Write::Update(_) => false,
        };
    }
    any
}

fn inserted(node: &Node, columns: &mut Vec<&'static Column>) -> bool {
    let mut any = is_sessions(node.table);
    if any {
        // A new row has them all, also the one that says whose it is where another row says it for this one.
        columns.extend(&node.table.columns);
    }
    for nested in &node.nested {
        any |= inserted(&nested.node, columns);
    }
    any
}

fn withheld(columns: Vec<&'static Column>) -> Option<&'static str> {
    let mut columns = columns.into_iter();
    let found = columns.find(|column| column.is_followed_by(Consequence::AdminSecret))?;
    Some(&found.name)
}

fn is_sessions(table: &Table) -> bool {
    table.sql == SESSIONS
}
