//! Reading: flat columns come as they are, related rows as JSON made by the database.

use portico_entity::catalogue::{Column, Relation, Scalar};

use super::writer::{Alias, Writer};
use super::{Dialect, OutputColumn, OutputValue, Read, filter, order_by};
use crate::plan::{Bind, Content, Field, Select, Shape};

/// PostgreSQL takes no more than 100 arguments, two a member.
const MOST_MEMBERS: usize = 50;

/// The table whose rows have little each.
const USERS: &str = "users";

/// The statement of a root field.
pub(super) fn root(select: &Select, dialect: Dialect) -> Read {
    let mut writer = Writer::new(dialect);
    let alias = writer.alias();
    writer.push("SELECT ");
    let columns = columns(&mut writer, alias, &select.fields);
    writer.push(" FROM ");
    writer.table(select.table);
    writer.push(&format!(" AS {alias} WHERE "));
    filter::write(&mut writer, alias, &select.filter);
    window(&mut writer, alias, select);
    finish(writer, select, columns)
}

/// Wraps up a statement whose last part selects the fields.
pub(super) fn finish(writer: Writer, select: &Select, columns: Vec<OutputColumn>) -> Read {
    Read {
        sql: writer.sql.into(),
        binds: writer.binds,
        shape: select.shape,
        columns,
        heavy: select.shape == Shape::Many || spreads(select),
    }
}

/// Whether one row leads to any number of others. What a user has is little; a role or a language has users
/// without end, and so do lists inside lists.
fn spreads(select: &Select) -> bool {
    select.fields.iter().any(|field| match &field.content {
        Content::Related(_, related) => {
            let many = related.shape == Shape::Many;
            (many && (select.shape == Shape::Many || select.table.sql != USERS)) || spreads(related)
        }
        Content::Typename(_) | Content::Column(..) => false,
    })
}

/// Writes the columns of a select list and says what becomes of each.
pub(super) fn columns(writer: &mut Writer, alias: Alias, fields: &[Field]) -> Vec<OutputColumn> {
    let mut columns = Vec::with_capacity(fields.len());
    let mut written = false;
    for field in fields {
        let value = match &field.content {
            Content::Typename(name) => OutputValue::Known(format!("\"{name}\"")),
            Content::Column(column, None) => OutputValue::Scalar(column.scalar),
            Content::Column(_, Some(_)) | Content::Related(..) => OutputValue::Json,
        };
        if !matches!(value, OutputValue::Known(_)) {
            if written {
                writer.push(", ");
            }
            written = true;
            flat(writer, alias, &field.content);
        }
        columns.push(OutputColumn {
            key: field.key.clone(),
            value,
        });
    }
    if !written {
        writer.push("1");
    }
    columns
}

fn flat(writer: &mut Writer, alias: Alias, content: &Content) {
    match content {
        Content::Typename(_) => {}
        Content::Column(column, None) => writer.column(alias, column.sql),
        Content::Column(column, Some(path)) => {
            match writer.dialect {
                Dialect::Postgres => {
                    writer.push("(");
                    json_part(writer, alias, column, path);
                    writer.push(")::json");
                }
                Dialect::Sqlite => json_part(writer, alias, column, path),
            };
        }
        Content::Related(relation, select) => related(writer, alias, relation, select),
    }
}

fn json_part(writer: &mut Writer, alias: Alias, column: &Column, path: &Bind) {
    let (before, between, after) = match writer.dialect {
        Dialect::Postgres => ("", " #> ", ""),
        Dialect::Sqlite => ("json_part(", ", ", ")"),
    };
    writer.push(before);
    writer.column(alias, column.sql);
    writer.push(between);
    writer.bind(path);
    writer.push(after);
}

/// Order, limit and offset. SQLite wants a limit before an offset and knows no null limit.
fn window(writer: &mut Writer, alias: Alias, select: &Select) {
    if select.shape == Shape::One {
        return writer.push(" LIMIT 1");
    }
    order_by::write(writer, alias, &select.order_by);
    let unlimited = match writer.dialect {
        Dialect::Postgres => "NULL",
        Dialect::Sqlite => "-1",
    };
    let most = select.role_limit.map(|limit| limit.to_string());
    match (&select.limit, most) {
        (Some(limit), None) => {
            writer.push(" LIMIT coalesce(");
            writer.bind(limit);
            writer.push(&format!(", {unlimited})"));
        }
        (Some(limit), Some(most)) => {
            let least = match writer.dialect {
                Dialect::Postgres => "least",
                Dialect::Sqlite => "min",
            };
            writer.push(&format!(" LIMIT {least}(coalesce("));
            writer.bind(limit);
            writer.push(&format!(", {most}), {most})"));
        }
        (None, Some(most)) => writer.push(&format!(" LIMIT {most}")),
        (None, None) if select.offset.is_some() => writer.push(&format!(" LIMIT {unlimited}")),
        (None, None) => {}
    }
    if let Some(offset) = &select.offset {
        writer.push(" OFFSET coalesce(");
        writer.bind(offset);
        writer.push(", 0)");
    }
}

fn related(writer: &mut Writer, outer: Alias, relation: &Relation, select: &Select) {
    let alias = writer.alias();
    match (select.shape, writer.dialect) {
        (Shape::One, _) => writer.push("(SELECT "),
        (Shape::Many, Dialect::Postgres) => writer.push("(SELECT coalesce(json_agg("),
        (Shape::Many, Dialect::Sqlite) => writer.push("(SELECT json_group_array("),
    }
    object(writer, alias, &select.fields);
    match (select.shape, writer.dialect) {
        (Shape::One, _) => writer.push(" FROM "),
        (Shape::Many, Dialect::Postgres) => writer.push("), '[]') FROM "),
        (Shape::Many, Dialect::Sqlite) => writer.push(") FROM "),
    }
    let windowed = select.shape == Shape::Many
        && (!select.order_by.is_empty()
            || select.limit.is_some()
            || select.role_limit.is_some()
            || select.offset.is_some());
    if windowed {
        writer.push(&format!("(SELECT {alias}.* FROM "));
    }
    writer.table(select.table);
    writer.push(&format!(" AS {alias} WHERE "));
    writer.column(alias, relation.to);
    writer.push(" = ");
    writer.column(outer, relation.from);
    filter::and(writer, alias, &select.filter);
    window(writer, alias, select);
    if windowed {
        writer.push(&format!(") AS {alias}"));
    }
    writer.push(")");
}

fn object(writer: &mut Writer, alias: Alias, fields: &[Field]) {
    match writer.dialect {
        Dialect::Sqlite => members(writer, alias, fields, "json_object("),
        Dialect::Postgres if fields.len() <= MOST_MEMBERS => {
            members(writer, alias, fields, "json_build_object(");
        }
        Dialect::Postgres => wide_object(writer, alias, fields),
    }
}

/// Joins the texts of several objects: the first without its last brace, the others without the first.
fn wide_object(writer: &mut Writer, alias: Alias, fields: &[Field]) {
    let chunks = fields.len().div_ceil(MOST_MEMBERS);
    writer.push("(");
    for (index, chunk) in fields.chunks(MOST_MEMBERS).enumerate() {
        if index > 0 {
            writer.push(" || ',' || ");
        }
        let (first, last) = (index == 0, index + 1 == chunks);
        writer.push(match (first, last) {
            (true, _) => "left(",
            (false, true) => "substr(",
            (false, false) => "left(substr(",
        });
        members(writer, alias, chunk, "json_build_object(");
        writer.push(match (first, last) {
            (true, _) => "::text, -1)",
            (false, true) => "::text, 2)",
            (false, false) => "::text, 2), -1)",
        });
    }
    writer.push(")::json");
}

fn members(writer: &mut Writer, alias: Alias, fields: &[Field], function: &str) {
    writer.push(function);
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            writer.push(", ");
        }
        writer.key(&field.key);
        writer.push(", ");
        member(writer, alias, &field.content);
    }
    writer.push(")");
}

/// A value inside JSON made by the database.
fn member(writer: &mut Writer, alias: Alias, content: &Content) {
    match content {
        Content::Typename(name) => writer.key(name),
        Content::Column(column, None) => value(writer, alias, column),
        Content::Column(..) | Content::Related(..) => {
            // SQLite forgets that the text of a sub-select is JSON.
            let (before, after) = match writer.dialect {
                Dialect::Postgres => ("", ""),
                Dialect::Sqlite => ("json(", ")"),
            };
            writer.push(before);
            flat(writer, alias, content);
            writer.push(after);
        }
    }
}

fn value(writer: &mut Writer, alias: Alias, column: &Column) {
    let (before, after) = match (writer.dialect, column.scalar) {
        (Dialect::Sqlite, Scalar::Uuid) => ("uuid_text(", ")"),
        (Dialect::Sqlite, Scalar::Timestamptz) => ("wire_time(", ")"),
        (Dialect::Sqlite, Scalar::Bytea) => ("wire_bytes(", ")"),
        (Dialect::Sqlite, Scalar::Jsonb) => ("json(", ")"),
        (Dialect::Sqlite, Scalar::Boolean) => (
            "json(CASE ",
            " WHEN TRUE THEN 'true' WHEN FALSE THEN 'false' END)",
        ),
        _ => ("", ""),
    };
    writer.push(before);
    writer.column(alias, column.sql);
    writer.push(after);
}
