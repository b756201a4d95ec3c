//! What follows from a write besides its answer.

use portico_entity::catalogue::{Column, Consequence, Table};

use crate::plan::insert::Node;
use crate::plan::mutation::Write;

/// The names of the written columns that the audit wants to know of, if there are any.
pub(in crate::sql) fn audited(table: &Table, columns: &[&str]) -> Option<Vec<&'static str>> {
    let found: Vec<&'static str> = table
        .columns
        .iter()
        .filter(|column| columns.contains(&column.sql) && column.is_followed_by(Consequence::Audit))
        .map(|column| column.sql)
        .collect();
    (!found.is_empty()).then_some(found)
}

/// Whether the audit wants to know when rows come and go.
pub(in crate::sql) fn is_audited(table: &Table) -> bool {
    table
        .columns
        .iter()
        .any(|column| column.is_followed_by(Consequence::Audit))
}

/// Whether a write of these columns changes what a user is proved by.
pub(in crate::sql) fn changes_factors(table: &Table, columns: &[&str]) -> bool {
    is_any_followed_by(table, columns, Consequence::Factors)
}

/// Whether a write of these columns changes where a user is mailed.
pub(in crate::sql) fn changes_address(table: &Table, columns: &[&str]) -> bool {
    is_any_followed_by(table, columns, Consequence::Address)
}

/// Whether what follows a write of these columns depends on what the rows held before.
pub(in crate::sql) fn is_compared(table: &Table, columns: &[&str]) -> bool {
    let changes_hands = proves_its_user(table) && columns.contains(&"user_id");
    let changes_second_factor = table.sql == "users" && changes_factors(table, columns);
    changes_hands || changes_second_factor || changes_address(table, columns)
}

fn is_any_followed_by(table: &Table, columns: &[&str], consequence: Consequence) -> bool {
    columns.iter().any(|name| {
        let column = table.column_by_sql(name);
        column.is_some_and(|column| column.is_followed_by(consequence))
    })
}

/// Whether each row is something that its user is proved by.
pub(in crate::sql) fn proves_its_user(table: &Table) -> bool {
    let proves = |column: &Column| column.is_followed_by(Consequence::Factors);
    table.sql != "users" && table.columns.iter().any(proves)
}

/// Whether a write may end what an access token says: its session, its user, a role. Whoever is new has no token.
pub(super) fn may_forget_tokens(table: &Table, write: &Write) -> bool {
    match write {
        Write::Insert(insert) => node(&insert.node),
        Write::Update(update) => changes(table, &update.columns()),
        // Rows of other tables may go with them.
        Write::Delete(_) => true,
    }
}

fn node(new: &Node) -> bool {
    let table = new.table;
    let holds = table.sql != "users" && table.columns.iter().any(ends);
    let conflict = new.conflict.as_ref();
    let conflict = conflict.is_some_and(|conflict| changes(table, &conflict.columns()));
    holds || conflict || new.nested.iter().any(|nested| node(&nested.node))
}

/// A key that changes takes the rows that refer to it along.
fn changes(table: &Table, columns: &[&str]) -> bool {
    columns
        .iter()
        .any(|name| table.key.contains(name) || table.column_by_sql(name).is_some_and(ends))
}

fn ends(column: &Column) -> bool {
    [
        Consequence::ForgetTokens,
        Consequence::EndSessions,
        Consequence::Factors,
        Consequence::Address,
    ]
    .into_iter()
    .any(|consequence| column.is_followed_by(consequence))
}
