//! What the parser takes of values that is no GraphQL, found in the text: an input field that stands in an object twice,
//! of which it keeps the last, and a name that begins with another value, which it takes for two words.

use std::collections::HashSet;

use async_graphql::{Pos, ServerError};

use super::token::{Bracket, Token, Tokens};

/// Values whose end the parser does not look for.
const WORDS: [&str; 3] = ["true", "false", "null"];

/// Refuses an object of a text that gives a field twice, and a value that begins as another one.
pub(super) fn check(text: &str) -> Result<(), ServerError> {
    let mut objects: Vec<HashSet<&str>> = Vec::new();
    let mut before = "";
    let mut tokens = Tokens::of(text).peekable();
    while let Some(token) = tokens.next() {
        if is_value(&token, before) && begins_as_another(token.text) {
            let message = format!("not a valid graphql query: \"{}\" is no value", token.text);
            return Err(ServerError::new(message, Some(place(text, token.at))));
        }
        before = token.text;
        let is_name =
            token.within == Some(Bracket::Object) && tokens.peek().is_some_and(|next| next.text == ":");
        if is_name && objects.last_mut().is_some_and(|names| !names.insert(token.text)) {
            let message = format!("There can be only one input field named \"{}\"", token.text);
            return Err(ServerError::new(message, Some(place(text, token.at))));
        }
        match (token.text, token.within) {
            ("{", Some(Bracket::Arguments | Bracket::List | Bracket::Object)) => objects.push(HashSet::new()),
            ("}", Some(Bracket::Object)) => {
                objects.pop();
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether a token stands where a value does, by the one before it.
fn is_value(token: &Token<'_>, before: &str) -> bool {
    match token.within {
        Some(Bracket::Arguments | Bracket::Object) => matches!(before, ":" | "="),
        Some(Bracket::List) => before != "$",
        Some(Bracket::Selections) | None => false,
    }
}

/// `nullable` is `null` and `able` to the parser. No enum of the schema has such a value.
fn begins_as_another(value: &str) -> bool {
    let mut words = WORDS.iter();
    words.any(|word| value.starts_with(word) && value != *word)
}

/// Line and column of a byte, as the parser counts: a lone carriage return begins the same line again.
fn place(text: &str, at: usize) -> Pos {
    let before = text.get(..at).unwrap_or(text);
    let line = before.rsplit(['\r', '\n']).next().unwrap_or_default();
    Pos {
        line: before.matches('\n').count() + 1,
        column: line.chars().count() + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::{check, place};

    #[test]
    fn a_name_stands_once_in_an_object() {
        for text in [
            "{ a(b: { c: 1 }, d: { c: 1 }) }",
            "{ a(b: { c: { c: 1 } }) }",
            "{ a(b: [{ c: 1 }, { c: 1 }]) { c: d c: d } }",
            "{ a(b: { c: \"c: 1, c: 1\" }) }",
            "{ a(b: { c: d, d: c }) }",
            "query ($a: b = { c: 1 }) { d(e: { c: 1 }) }",
        ] {
            assert!(check(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_name_that_stands_twice_is_told_with_its_place() {
        for (text, column) in [
            ("{ a(b: { c: 1, c: 1 }) }", 16),
            ("{ a(b: { c: { d: [{ c: 1 }] } c: 1 }) }", 31),
            ("{ a(b: [1, { c: 1, d: 1, c: 1 }]) }", 26),
            ("query ($a: b = { c: 1, c: 2 }) { d(e: $a) }", 24),
            ("{ a @b(c: { d: 1, d: 1 }) }", 19),
        ] {
            let refused = check(text).unwrap_err();
            assert!(refused.message.contains("field named"), "{text}");
            assert_eq!(
                (refused.locations[0].line, refused.locations[0].column),
                (1, column),
                "{text}"
            );
        }
    }

    #[test]
    fn a_value_does_not_begin_as_another() {
        for (text, column) in [
            ("{ a(b: true_eq: 1) }", 8),
            ("{ a(b: { c: null_eq: 1 }) }", 13),
            ("{ a(b: [nullable]) }", 9),
            ("{ a(b: [1, [false1]]) }", 13),
            ("{ a @include(if: trueish) }", 18),
            ("query ($a: b = falsehood) { c }", 16),
        ] {
            let refused = check(text).unwrap_err();
            assert!(refused.message.contains("is no value"), "{text}");
            assert_eq!(refused.locations[0].column, column, "{text}");
        }
        for text in [
            "{ a(b: true, c: false, d: null) }",
            "{ a(trueish: 1, b: { nullable: 1, falsehood: [null, true false] }) }",
            "query ($nullable: Int = null) { a(b: $nullable, c: [$nullable], d: untrue) }",
            "{ a: nullable { trueish falsehood } }",
            "{ a(b: [\"nullable\", [null], { c: true }]) }",
        ] {
            assert!(check(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn places_are_those_of_the_parser() {
        for ends in ["\n", "\r", "\r\n", "\n\r", "\u{feff} \r\r"] {
            let text = format!("{{{ends} a {ends}{ends} }}");
            let document = async_graphql::parser::parse_query(&text).unwrap();
            let (_, operation) = document.operations.iter().next().unwrap();
            let field = &operation.node.selection_set.node.items[0];
            assert_eq!(place(&text, text.find('a').unwrap()), field.pos, "{text:?}");
        }
    }
}
