//! Conditions.

use portico_entity::catalogue::{Column, Scalar, catalogue};

use super::Dialect;
use super::writer::{Alias, Writer};
use crate::plan::{Bind, Filter, Operator, Side};
use crate::request::Operand;

/// Writes a condition on the row of `alias`.
pub(super) fn write(writer: &mut Writer, alias: Alias, filter: &Filter) {
    match filter {
        Filter::All(filters) => join(writer, alias, filters, " AND ", "TRUE"),
        Filter::Any(filters) => join(writer, alias, filters, " OR ", "FALSE"),
        Filter::Not(filter) => {
            writer.push("NOT (");
            write(writer, alias, filter);
            writer.push(")");
        }
        Filter::IsNull(column, bind) => is_null(writer, alias, column.0, bind),
        Filter::Compare(column, operator, bind) => compare(writer, alias, column.0, *operator, bind),
        Filter::OfPermission(filter) => {
            let outer = writer.root.replace(alias);
            write(writer, alias, filter);
            writer.root = outer;
        }
        Filter::Exists(table, filter) => {
            let inner = writer.alias(table.0);
            writer.push("EXISTS (SELECT 1 FROM ");
            writer.table(table.0);
            writer.push(&format!(" AS {inner} WHERE "));
            write(writer, inner, filter);
            writer.push(")");
        }
        Filter::CompareColumns(left, operator, side, right) => {
            let other = match side {
                Side::Row => alias,
                Side::Root => writer.root.unwrap_or(alias),
            };
            compare_columns(writer, (alias, left.0), *operator, (other, right.0));
        }
        Filter::Related(relation, filter) => {
            let Some(target) = catalogue().table(relation.0.target) else {
                return writer.push("FALSE");
            };
            let inner = writer.alias(target);
            writer.push("EXISTS (SELECT 1 FROM ");
            writer.table(target);
            writer.push(&format!(" AS {inner} WHERE "));
            writer.column(inner, relation.0.to);
            writer.push(" = ");
            writer.column(alias, relation.0.from);
            and(writer, inner, filter);
            writer.push(")");
        }
    }
}

/// Adds a further condition, if it is one.
pub(super) fn and(writer: &mut Writer, alias: Alias, filter: &Filter) {
    if !filter.is_true() {
        writer.push(" AND ");
        write(writer, alias, filter);
    }
}

fn join(writer: &mut Writer, alias: Alias, filters: &[Filter], word: &str, empty: &str) {
    match filters {
        [] => writer.push(empty),
        [only] => write(writer, alias, only),
        filters => {
            writer.push("(");
            for (index, filter) in filters.iter().enumerate() {
                if index > 0 {
                    writer.push(word);
                }
                write(writer, alias, filter);
            }
            writer.push(")");
        }
    }
}

/// A constant is written out, because an index serves `IS NULL` but not a comparison with it.
fn is_null(writer: &mut Writer, alias: Alias, column: &Column, bind: &Bind) {
    let constant = match &bind.operand {
        Operand::Constant(serde_json::Value::Bool(yes)) => Some(*yes),
        _ => None,
    };
    if constant.is_none() {
        writer.push("((");
    }
    writer.column(alias, column.sql);
    match constant {
        Some(true) => writer.push(" IS NULL"),
        Some(false) => writer.push(" IS NOT NULL"),
        None => {
            writer.push(" IS NULL) = ");
            writer.bind(bind);
            writer.push(")");
        }
    }
}

fn compare(writer: &mut Writer, alias: Alias, column: &Column, operator: Operator, bind: &Bind) {
    match (writer.dialect, operator) {
        (_, Operator::In | Operator::NotIn) => list(writer, alias, column, operator, bind),
        (Dialect::Sqlite, operator) if column.scalar == Scalar::Jsonb => {
            writer.push("jsonb_compare(");
            writer.column(alias, column.sql);
            writer.push(", ");
            writer.bind(bind);
            writer.push(&format!(") {} 0", symbol(operator)));
        }
        (Dialect::Sqlite, Operator::Like | Operator::NotLike | Operator::Ilike | Operator::NotIlike) => {
            like(writer, alias, column, operator, bind);
        }
        _ => {
            writer.column(alias, column.sql);
            writer.push(&format!(" {} ", symbol(operator)));
            writer.bind(bind);
        }
    }
}

fn compare_columns(writer: &mut Writer, left: (Alias, &Column), operator: Operator, right: (Alias, &Column)) {
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
        Operator::Like => "LIKE",
        Operator::NotLike => "NOT LIKE",
        Operator::Ilike => "ILIKE",
        Operator::NotIlike => "NOT ILIKE",
    }
}

/// SQLite's own `LIKE` ignores case and knows no escape; these functions are PostgreSQL's.
fn like(writer: &mut Writer, alias: Alias, column: &Column, operator: Operator, bind: &Bind) {
    let negated = matches!(operator, Operator::NotLike | Operator::NotIlike);
    let ignores_case =
        column.scalar == Scalar::Citext || matches!(operator, Operator::Ilike | Operator::NotIlike);
    writer.push(match negated {
        true => "NOT ",
        false => "",
    });
    writer.push(match ignores_case {
        true => "text_ilike(",
        false => "text_like(",
    });
    writer.column(alias, column.sql);
    writer.push(", ");
    writer.bind(bind);
    writer.push(")");
}

fn list(writer: &mut Writer, alias: Alias, column: &Column, operator: Operator, bind: &Bind) {
    let negated = operator == Operator::NotIn;
    match writer.dialect {
        Dialect::Postgres => {
            writer.column(alias, column.sql);
            writer.push(match negated {
                true => " <> ALL(",
                false => " = ANY(",
            });
            writer.bind(bind);
            writer.push(")");
        }
        Dialect::Sqlite if column.scalar == Scalar::Jsonb => {
            // A null column matches neither, as in PostgreSQL.
            writer.push("(");
            writer.column(alias, column.sql);
            writer.push(match negated {
                true => " IS NOT NULL AND NOT EXISTS (SELECT 1 FROM json_each(",
                false => " IS NOT NULL AND EXISTS (SELECT 1 FROM json_each(",
            });
            writer.bind(bind);
            writer.push(") WHERE jsonb_compare(");
            writer.column(alias, column.sql);
            writer.push(", value) = 0))");
        }
        Dialect::Sqlite => {
            writer.column(alias, column.sql);
            writer.push(&format!(" {} (SELECT ", symbol(operator)));
            writer.push(match column.scalar {
                Scalar::Uuid | Scalar::Bytea => "unhex(value)",
                _ => "value",
            });
            writer.push(" FROM json_each(");
            writer.bind(bind);
            writer.push("))");
        }
    }
}
