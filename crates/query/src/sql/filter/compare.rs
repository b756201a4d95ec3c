//! Comparisons of a column with a value.

use portico_entity::catalogue::{Column, Scalar};

use crate::pattern::{Case, Language};
use crate::plan::{Bind, BindKind, Operator};
use crate::sql::Dialect;
use crate::sql::writer::{Alias, Writer};

/// The left side: a column, or a JSON column as text.
#[derive(Clone, Copy)]
pub(super) struct Left {
    alias: Alias,
    column: &'static Column,
    scalar: Scalar,
}

impl Left {
    /// A column compared as the scalar, which is its own or text.
    pub(super) fn new(alias: Alias, column: &'static Column, scalar: Scalar) -> Self {
        Self {
            alias,
            column,
            scalar,
        }
    }

    fn write(self, writer: &mut Writer) {
        let cast = self.scalar != self.column.scalar;
        let (before, after) = match (cast, writer.dialect) {
            (false, _) => ("", ""),
            (true, Dialect::Postgres) => ("", "::text"),
            (true, Dialect::Sqlite) => ("jsonb_text(", ")"),
        };
        writer.push(before);
        writer.column(self.alias, self.column.sql);
        writer.push(after);
    }
}

/// Writes a comparison.
pub(super) fn write(writer: &mut Writer, left: Left, operator: Operator, bind: &Bind) {
    match (writer.dialect, operator) {
        (_, Operator::In | Operator::NotIn) => list(writer, left, operator, bind),
        (Dialect::Postgres, operator) => {
            left.write(writer);
            // The pattern says itself that case does not count.
            if matches!(
                bind.kind,
                BindKind::Pattern(Scalar::Citext, Language::Similar | Language::Regex, _)
            ) {
                writer.push("::text");
            }
            writer.push(&format!(" {} ", symbol(operator)));
            writer.bind(bind);
        }
        (Dialect::Sqlite, operator) => match function(operator, bind.kind) {
            Some(function) => call(writer, function, left, bind),
            None if left.scalar == Scalar::Jsonb => {
                call(writer, "jsonb_compare", left, bind);
                writer.push(&format!(" {} 0", symbol(operator)));
            }
            None => {
                left.write(writer);
                writer.push(&format!(" {} ", symbol(operator)));
                writer.bind(bind);
            }
        },
    }
}

fn call(writer: &mut Writer, function: &str, left: Left, bind: &Bind) {
    writer.push(function);
    writer.push("(");
    left.write(writer);
    writer.push(", ");
    writer.bind(bind);
    writer.push(")");
}

/// Writes a comparison of two columns.
pub(super) fn columns(
    writer: &mut Writer,
    left: (Alias, &Column),
    operator: Operator,
    right: (Alias, &Column),
) {
    let json = writer.dialect == Dialect::Sqlite && left.1.scalar == Scalar::Jsonb;
    if json {
        writer.push("jsonb_compare(");
    }
    writer.column(left.0, left.1.sql);
    match json {
        true => writer.push(", "),
        false => writer.push(&format!(" {} ", symbol(operator))),
    }
    writer.column(right.0, right.1.sql);
    if json {
        writer.push(&format!(") {} 0", symbol(operator)));
    }
}

/// PostgreSQL's operator; those that both databases have are SQLite's too.
fn symbol(operator: Operator) -> &'static str {
    match operator {
        Operator::Equal => "=",
        Operator::NotEqual => "<>",
        Operator::Greater => ">",
        Operator::GreaterOrEqual => ">=",
        Operator::Less => "<",
        Operator::LessOrEqual => "<=",
        Operator::In => "IN",
        Operator::NotIn => "NOT IN",
        Operator::Matches(Language::Like, Case::Counts) => "LIKE",
        Operator::Matches(Language::Like, Case::Ignored) => "ILIKE",
        Operator::MatchesNot(Language::Like, Case::Counts) => "NOT LIKE",
        Operator::MatchesNot(Language::Like, Case::Ignored) => "NOT ILIKE",
        Operator::Matches(..) => "~",
        Operator::MatchesNot(..) => "!~",
        Operator::Contains => "@>",
        Operator::ContainedIn => "<@",
        Operator::HasKey => "?",
        Operator::HasAnyKey => "?|",
        Operator::HasAllKeys => "?&",
    }
}

/// The function that SQLite has for an operator of PostgreSQL.
fn function(operator: Operator, kind: BindKind) -> Option<&'static str> {
    let ignores_case = matches!(kind, BindKind::Pattern(_, _, Case::Ignored));
    Some(match (operator, ignores_case) {
        (Operator::Matches(Language::Like, _), false) => "text_like",
        (Operator::Matches(Language::Like, _), true) => "text_ilike",
        (Operator::MatchesNot(Language::Like, _), false) => "NOT text_like",
        (Operator::MatchesNot(Language::Like, _), true) => "NOT text_ilike",
        (Operator::Matches(..), _) => "text_matches",
        (Operator::MatchesNot(..), _) => "NOT text_matches",
        (Operator::Contains, _) => "jsonb_contains",
        (Operator::ContainedIn, _) => "jsonb_contained_in",
        (Operator::HasKey, _) => "jsonb_has_key",
        (Operator::HasAnyKey, _) => "jsonb_has_any_key",
        (Operator::HasAllKeys, _) => "jsonb_has_all_keys",
        _ => return None,
    })
}

fn list(writer: &mut Writer, left: Left, operator: Operator, bind: &Bind) {
    let negated = operator == Operator::NotIn;
    match writer.dialect {
        Dialect::Postgres => {
            left.write(writer);
            writer.push(match negated {
                true => " <> ALL(",
                false => " = ANY(",
            });
            writer.bind(bind);
            writer.push(")");
        }
        Dialect::Sqlite if left.scalar == Scalar::Jsonb => {
            let function = if negated { "NOT jsonb_in" } else { "jsonb_in" };
            call(writer, function, left, bind);
        }
        Dialect::Sqlite => {
            left.write(writer);
            writer.push(&format!(" {} (SELECT ", symbol(operator)));
            writer.push(match left.scalar {
                Scalar::Uuid | Scalar::Bytea => "unhex(value)",
                _ => "value",
            });
            writer.push(" FROM json_each(");
            writer.bind(bind);
            writer.push("))");
        }
    }
}
