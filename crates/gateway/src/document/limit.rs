//! How large a document may be, so that no request costs more than it should.

use std::collections::HashSet;

use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};
use async_graphql::{Name, Positioned};
use async_graphql_value::Value;
use portico_query::request::Variables;

use crate::error::WireError;

/// Values of all variables, those inside lists and objects counted: each takes many times its text.
const MOST_VALUES: usize = 50_000;

/// Brackets that are open at once. The parser goes into each, and what it goes into takes of its stack: more than
/// any document has that is within the other limits.
const MOST_OPEN: usize = 100;

/// What a document may cost.
#[derive(Debug, Clone)]
pub struct DocumentLimits {
    /// Words, numbers, strings and signs of the text.
    pub tokens: usize,
    /// Fields inside each other.
    pub depth: usize,
    /// Fields under another name.
    pub aliases: usize,
    /// Fields in all, fragments spread.
    pub complexity: usize,
}

impl Default for DocumentLimits {
    fn default() -> Self {
        Self {
            tokens: 10_000,
            depth: 20,
            aliases: 100,
            complexity: 5_000,
        }
    }
}

impl DocumentLimits {
    /// Counts the tokens of a text, and how many brackets are open at once, without parsing it. A block string
    /// without an end is refused here: the parser would read it as other strings, each of which it seeks an end for.
    pub(super) fn check_tokens(&self, text: &str) -> Result<(), WireError> {
        let size = Size::of(text, self.tokens);
        if size.is_cut {
            let message = "not a valid graphql query: a block string has no end";
            return Err(WireError::validation("$.query", message));
        }
        if size.tokens > self.tokens {
            return Err(too_much("tokens", self.tokens));
        }
        match size.most_open > MOST_OPEN {
            true => Err(too_deep(self.depth)),
            false => Ok(()),
        }
    }

    /// Measures the values of variables.
    pub(crate) fn check_variables(&self, variables: &Variables) -> Result<(), WireError> {
        if variables.values().map(json_values).sum::<usize>() > MOST_VALUES {
            let message =
                format!("the variables hold too many values: no more than {MOST_VALUES} are allowed");
            return Err(WireError::validation("$.variables", message));
        }
        match variables
            .iter()
            .find(|(_, value)| json_levels(value) > self.depth)
        {
            Some((name, _)) => {
                let message = format!(
                    "is nested too deep: no more than {} levels are allowed",
                    self.depth
                );
                Err(WireError::validation(
                    "$.variables",
                    format!("the variable {name} {message}"),
                ))
            }
            None => Ok(()),
        }
    }

    /// Counts what a document selects, fragments spread. Operations that were not asked for count too, and fragments
    /// that none of them spreads: whoever validates goes into each.
    pub(super) fn check_shape(&self, document: &ExecutableDocument) -> Result<(), WireError> {
        let mut count = Count {
            limits: self,
            document,
            aliases: 0,
            fields: 0,
            spreads: Vec::new(),
            reached: HashSet::new(),
        };
        document
            .operations
            .iter()
            .try_for_each(|(_, operation)| count.selection_set(&operation.node.selection_set.node, 1))?;
        let fragments = document.fragments.keys().map(Name::as_str);
        let unused: Vec<&str> = fragments.filter(|name| !count.reached.contains(name)).collect();
        unused.into_iter().try_for_each(|name| count.spread(name, 1))
    }
}

fn too_much(what: &str, limit: usize) -> WireError {
    WireError::validation(
        "$.query",
        format!("the document has too many {what}: no more than {limit} are allowed"),
    )
}

/// How many lists and objects of a value are inside each other.
fn levels(value: &Value) -> usize {
    match value {
        Value::List(values) => 1 + values.iter().map(levels).max().unwrap_or_default(),
        Value::Object(entries) => 1 + entries.values().map(levels).max().unwrap_or_default(),
        _ => 0,
    }
}

/// How many lists and objects of a variable's value are inside each other.
fn json_levels(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::Array(values) => 1 + values.iter().map(json_levels).max().unwrap_or_default(),
        serde_json::Value::Object(entries) => 1 + entries.values().map(json_levels).max().unwrap_or_default(),
        _ => 0,
    }
}

/// How many values a variable's value is made of.
fn json_values(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::Array(values) => 1 + values.iter().map(json_values).sum::<usize>(),
        serde_json::Value::Object(entries) => 1 + entries.values().map(json_values).sum::<usize>(),
        _ => 1,
    }
}

pub(super) fn too_deep(limit: usize) -> WireError {
    let message = format!("the document is nested too deep: no more than {limit} levels are allowed");
    WireError::validation("$.query", message)
}

/// What can be told of a text before it is parsed.
#[derive(Debug, Default, PartialEq)]
struct Size {
    tokens: usize,
    /// Brackets open at once, at the most.
    most_open: usize,
    /// Whether a block string has no end.
    is_cut: bool,
}

impl Size {
    /// Of a text up to so many tokens.
    fn of(text: &str, most: usize) -> Self {
        let mut size = Self::default();
        let (mut in_word, mut open) = (false, 0_usize);
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let word = character.is_alphanumeric() || character == '_';
            match character {
                '(' | '[' | '{' => open += 1,
                ')' | ']' | '}' => open = open.saturating_sub(1),
                _ => {}
            }
            size.most_open = size.most_open.max(open);
            match character {
                '#' => while characters.next_if(|next| !matches!(next, '\n' | '\r')).is_some() {},
                '"' => {
                    size.tokens += 1;
                    size.is_cut = !skip_string(&mut characters);
                }
                _ if word && in_word => {}
                _ if character.is_whitespace() || matches!(character, ',' | '\u{feff}') => {}
                _ => size.tokens += 1,
            }
            in_word = word;
            if size.tokens > most {
                break;
            }
        }
        size
    }
}

type Characters<'t> = std::iter::Peekable<std::str::Chars<'t>>;

/// Goes behind a string whose first quote was taken, and says whether it is anything but a block string without an
/// end.
fn skip_string(characters: &mut Characters<'_>) -> bool {
    if characters.next_if_eq(&'"').is_some() {
        // The second quote ends it, or a third begins a block.
        return characters.next_if_eq(&'"').is_none() || skip_block(characters);
    }
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                characters.next();
            }
            '"' | '\n' | '\r' => return true,
            _ => {}
        }
    }
    true
}

/// Goes behind three quotes in a row that are not escaped, if there are any.
fn skip_block(characters: &mut Characters<'_>) -> bool {
    let mut quotes = 0;
    while let Some(character) = characters.next() {
        match character {
            '"' if quotes == 2 => return true,
            '"' => quotes += 1,
            '\\' => {
                // Only three quotes have an escape in a block.
                let mut escaped = 0;
                while escaped < 3 && characters.next_if_eq(&'"').is_some() {
                    escaped += 1;
                }
                quotes = if escaped < 3 { escaped } else { 0 };
            }
            _ => quotes = 0,
        }
    }
    false
}

struct Count<'d> {
    limits: &'d DocumentLimits,
    document: &'d ExecutableDocument,
    aliases: usize,
    fields: usize,
    /// Fragments that are gone into.
    spreads: Vec<&'d str>,
    /// Fragments that were gone into.
    reached: HashSet<&'d str>,
}

impl<'d> Count<'d> {
    fn selection_set(&mut self, set: &'d SelectionSet, depth: usize) -> Result<(), WireError> {
        if depth > self.limits.depth && !set.items.is_empty() {
            return Err(too_deep(self.limits.depth));
        }
        set.items
            .iter()
            .try_for_each(|selection| self.selection(selection, depth))
    }

    fn selection(&mut self, selection: &'d Positioned<Selection>, depth: usize) -> Result<(), WireError> {
        // Spreads count too: fragments that spread each other many times hold few fields.
        self.fields += 1;
        if self.fields > self.limits.complexity {
            return Err(too_much("fields", self.limits.complexity));
        }
        match &selection.node {
            Selection::Field(field) => {
                self.aliases += usize::from(field.node.alias.is_some());
                if self.aliases > self.limits.aliases {
                    return Err(too_much("aliases", self.limits.aliases));
                }
                let arguments = field.node.arguments.iter();
                let deepest = arguments
                    .map(|(_, value)| levels(&value.node))
                    .max()
                    .unwrap_or_default();
                if deepest > self.limits.depth {
                    return Err(too_deep(self.limits.depth));
                }
                self.selection_set(&field.node.selection_set.node, depth + 1)
            }
            Selection::InlineFragment(fragment) => {
                self.selection_set(&fragment.node.selection_set.node, depth)
            }
            Selection::FragmentSpread(spread) => self.spread(&spread.node.fragment_name.node, depth),
        }
    }

    fn spread(&mut self, name: &str, depth: usize) -> Result<(), WireError> {
        let Some((name, fragment)) = self.document.fragments.get_key_value(name) else {
            return Ok(());
        };
        if self.spreads.contains(&name.as_str()) {
            return Err(WireError::validation(
                "$.query",
                format!("the fragment definition {name} forms a cycle"),
            ));
        }
        self.reached.insert(name);
        self.spreads.push(name);
        let counted = self.selection_set(&fragment.node.selection_set.node, depth);
        self.spreads.pop();
        counted
    }
}

#[cfg(test)]
mod tests {
    use super::Size;

    #[test]
    fn tokens_are_counted_without_blanks_and_comments() {
        for (text, count) in [
            ("", 0),
            ("{ users { id } }", 6),
            (
                "query Q($id: uuid!) { user(id: $id) { id } } # and a comment {}",
                21,
            ),
            ("{ a(text: \"one { string\") }", 8),
            ("{ a(text: \"\") }", 8),
            ("{ a(text: \"\"\"a \"quoted\" { \n [ \\\"\"\" { \"\"\") }", 8),
            ("{a,b,c}", 5),
        ] {
            assert_eq!(Size::of(text, 1_000).tokens, count, "{text}");
        }
    }

    #[test]
    fn a_block_string_without_an_end_is_seen() {
        for (text, is_cut) in [
            ("{ a(x: \"\"\"b\"\"\") }", false),
            ("{ a(x: \"\") }", false),
            ("{ a(x: [\"\" \"b\"]) }", false),
            ("{ a(x: \"\"\"b\") }", true),
            ("{ a(x: [\"\"\"b\"]) }", true),
            ("{ a(x: \"\"\"b\\\"\"\") }", true),
            ("{ a(x: [\"\"\"\\\\\"\"\"\"\\\\\"]) }", true),
        ] {
            assert_eq!(Size::of(text, 1_000).is_cut, is_cut, "{text}");
        }
    }

    #[test]
    fn brackets_are_counted_where_the_parser_sees_them() {
        for (text, open) in [
            ("{ users { id } }", 2),
            ("{ a(list: [[{ b: 1 }], []]) }", 5),
            ("{ a(text: \"[[[\") } # [[[[[", 2),
            ("{ a(text: \"\"\" \" \"\"\", list: [[[]]]) }", 5),
            ("{ a(text: \"\"\" \\\"\"\" [[[ \"\"\") }", 2),
            ("]]]]{", 1),
        ] {
            assert_eq!(Size::of(text, 1_000).most_open, open, "{text}");
        }
    }
}
