//! How large a document may be, so that no request costs more than it should.

use async_graphql::Positioned;
use async_graphql::parser::types::{ExecutableDocument, OperationDefinition, Selection, SelectionSet};
use async_graphql_value::Value;
use portico_query::request::Variables;

use crate::error::WireError;

/// Values of all variables, those inside lists and objects counted: each takes many times its text.
const MOST_VALUES: usize = 50_000;

/// What a document may cost. Introspection counts towards none but the tokens.
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
    /// Counts the tokens of a text without parsing it.
    pub(super) fn check_tokens(&self, text: &str) -> Result<(), WireError> {
        match tokens(text, self.tokens) {
            count if count > self.tokens => Err(too_much("tokens", self.tokens)),
            _ => Ok(()),
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

    /// Counts what an operation selects, fragments spread.
    pub(super) fn check_shape(
        &self,
        document: &ExecutableDocument,
        operation: &OperationDefinition,
    ) -> Result<(), WireError> {
        let mut count = Count {
            limits: self,
            document,
            aliases: 0,
            fields: 0,
            spreads: Vec::new(),
        };
        count.selection_set(&operation.selection_set.node, 1)
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

fn tokens(text: &str, most: usize) -> usize {
    let mut count = 0;
    let mut in_word = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let word = character.is_alphanumeric() || character == '_';
        match character {
            '#' => while characters.next_if(|next| !matches!(next, '\n' | '\r')).is_some() {},
            '"' => {
                count += 1;
                skip_string(&mut characters);
            }
            _ if word && in_word => {}
            _ if character.is_whitespace() || matches!(character, ',' | '\u{feff}') => {}
            _ => count += 1,
        }
        in_word = word;
        if count > most {
            break;
        }
    }
    count
}

/// Quotes of block strings are seen as empty strings around one: the count stays as small.
fn skip_string(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                characters.next();
            }
            '"' | '\n' => return,
            _ => {}
        }
    }
}

struct Count<'d> {
    limits: &'d DocumentLimits,
    document: &'d ExecutableDocument,
    aliases: usize,
    fields: usize,
    spreads: Vec<&'d str>,
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
                match field.node.name.node.as_str() {
                    "__schema" | "__type" => Ok(()),
                    _ => self.selection_set(&field.node.selection_set.node, depth + 1),
                }
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
        self.spreads.push(name);
        let counted = self.selection_set(&fragment.node.selection_set.node, depth);
        self.spreads.pop();
        counted
    }
}

#[cfg(test)]
mod tests {
    use super::tokens;

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
            ("{a,b,c}", 5),
        ] {
            assert_eq!(tokens(text, 1_000), count, "{text}");
        }
    }
}
