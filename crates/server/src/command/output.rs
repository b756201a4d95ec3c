//! Rows for people and for programs.

use std::fmt::Write;

use serde_json::Value;

use super::{CommandError, print};

/// What a cell shows of a row, with its heading.
pub(super) type Column = (&'static str, fn(&Value) -> String);

/// Rows as a table, or as a JSON list.
pub(super) fn rows(rows: &[Value], columns: &[Column], json: bool) -> Result<(), CommandError> {
    if json {
        return print(&format!("{:#}\n", Value::from(rows)));
    }
    let mut lines = vec![
        columns
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .collect::<Vec<_>>(),
    ];
    lines.extend(
        rows.iter()
            .map(|row| columns.iter().map(|(_, cell)| plain(&cell(row))).collect()),
    );
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let mut text = String::new();
    for line in &lines {
        let cells = line
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    print(&text)
}

/// The members of one row, a line each, or as a JSON object.
pub(super) fn row(row: &Value, json: bool) -> Result<(), CommandError> {
    if json {
        return print(&format!("{row:#}\n"));
    }
    let members = row.as_object().into_iter().flatten();
    let members: Vec<_> = members.filter(|(_, value)| !value.is_null()).collect();
    let width = members
        .iter()
        .map(|(name, _)| name.len())
        .max()
        .unwrap_or_default();
    let mut text = String::new();
    for (name, value) in members {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{name:width$}  {}", plain(&shown(value)));
    }
    print(&text)
}

/// Takes a member out of an answer; null where there is none.
pub(super) fn take(value: &mut Value, name: &str) -> Value {
    value.get_mut(name).map(Value::take).unwrap_or_default()
}

/// A member of a row as a person reads it.
pub(super) fn cell(row: &Value, name: &str) -> String {
    row.get(name).map(shown).unwrap_or_default()
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let items = items.iter().filter_map(Value::as_str);
            items.collect::<Vec<_>>().join(",")
        }
        other => other.to_string(),
    }
}

/// What strangers wrote must not steer a terminal.
pub(super) fn plain(text: &str) -> String {
    let shown = |character: char| match character.is_control() {
        true => char::REPLACEMENT_CHARACTER,
        false => character,
    };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_shown_steers_no_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\n"), "a\u{fffd}[2Jb\u{fffd}");
        assert_eq!(shown(&json!(["user", "me"])), "user,me");
        assert_eq!(shown(&json!({ "a": [1] })), "{\"a\":[1]}");
        assert_eq!(cell(&json!({ "a": null }), "a"), "");
    }
}
