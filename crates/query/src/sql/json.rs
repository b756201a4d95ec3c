//! JSON objects made by the database.

use portico_entity::catalogue::Scalar;

use super::Dialect;
use super::writer::Writer;

/// PostgreSQL takes no more than 100 arguments, two a member.
const MOST_MEMBERS: usize = 50;

/// Writes an object: of each member its key, and its value by `value`.
pub(super) fn object<T>(
    writer: &mut Writer,
    members: &[T],
    key: impl Fn(&T) -> &str,
    mut value: impl FnMut(&mut Writer, &T),
) {
    match writer.dialect {
        Dialect::Sqlite => call(writer, "json_object(", members, &key, &mut value),
        Dialect::Postgres if members.len() <= MOST_MEMBERS => {
            call(writer, "json_build_object(", members, &key, &mut value);
        }
        Dialect::Postgres => wide(writer, members, &key, &mut value),
    }
}

/// Joins the texts of several objects: the first without its last brace, the others without the first.
fn wide<T>(
    writer: &mut Writer,
    members: &[T],
    key: &impl Fn(&T) -> &str,
    value: &mut impl FnMut(&mut Writer, &T),
) {
    let chunks = members.len().div_ceil(MOST_MEMBERS);
    writer.push("(");
    for (index, chunk) in members.chunks(MOST_MEMBERS).enumerate() {
        if index > 0 {
            writer.push(" || ',' || ");
        }
        let (first, last) = (index == 0, index + 1 == chunks);
        writer.push(match (first, last) {
            (true, _) => "left(",
            (false, true) => "substr(",
            (false, false) => "left(substr(",
        });
        call(writer, "json_build_object(", chunk, key, value);
        writer.push(match (first, last) {
            (true, _) => "::text, -1)",
            (false, true) => "::text, 2)",
            (false, false) => "::text, 2), -1)",
        });
    }
    writer.push(")::json");
}

fn call<T>(
    writer: &mut Writer,
    function: &str,
    members: &[T],
    key: &impl Fn(&T) -> &str,
    value: &mut impl FnMut(&mut Writer, &T),
) {
    writer.push(function);
    for (index, member) in members.iter().enumerate() {
        if index > 0 {
            writer.push(", ");
        }
        writer.key(key(member));
        writer.push(", ");
        value(writer, member);
    }
    writer.push(")");
}

/// Writes an expression of a scalar type as a value inside JSON.
pub(super) fn value(writer: &mut Writer, scalar: Scalar, expression: impl FnOnce(&mut Writer)) {
    let (before, after) = match (writer.dialect, scalar) {
        (Dialect::Sqlite, Scalar::Uuid) => ("uuid_text(", ")"),
        (Dialect::Sqlite, Scalar::Timestamptz) => ("wire_time(", ")"),
        (Dialect::Sqlite, Scalar::Bytea) => ("wire_bytes(", ")"),
        (Dialect::Sqlite, Scalar::Jsonb) => ("json(", ")"),
        (Dialect::Sqlite, Scalar::Boolean) => (
            "as_json(CASE ",
            " WHEN TRUE THEN 'true' WHEN FALSE THEN 'false' END)",
        ),
        _ => return output(writer, scalar, expression),
    };
    writer.push(before);
    expression(writer);
    writer.push(after);
}

/// Writes an expression of a scalar type to be answered. PostgreSQL looks for the functions that write a
/// `citext` by their names, among all of its own and in every statement, and has those of `text` at hand.
pub(super) fn output(writer: &mut Writer, scalar: Scalar, expression: impl FnOnce(&mut Writer)) {
    let (before, after) = match (writer.dialect, scalar) {
        (Dialect::Postgres, Scalar::Citext) => ("(", ")::text"),
        _ => ("", ""),
    };
    writer.push(before);
    expression(writer);
    writer.push(after);
}

/// Writes an expression that is JSON already; SQLite forgets that the text of a sub-select is.
pub(super) fn nested(writer: &mut Writer, expression: impl FnOnce(&mut Writer)) {
    let (before, after) = match writer.dialect {
        Dialect::Postgres => ("", ""),
        Dialect::Sqlite => ("as_json(", ")"),
    };
    writer.push(before);
    expression(writer);
    writer.push(after);
}
