//! The text of a document freed from what says nothing: spaces, commas, comments and `__typename`.

/// The same text for documents that differ in nothing else. Order, names and arguments count.
pub(crate) fn canonical(text: &str) -> String {
    let tokens: Vec<&str> = Tokens(text).collect();
    let mut found = String::with_capacity(text.len());
    for (index, token) in tokens.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| tokens.get(index));
        if *token == "__typename" && is_plain(before.copied(), tokens.get(index + 1).copied()) {
            continue;
        }
        if !found.is_empty() {
            found.push(' ');
        }
        found.push_str(token);
    }
    found
}

/// Whether a name between these tokens is a field without alias and directive: anything else decides what the
/// tokens around it mean.
fn is_plain(before: Option<&str>, after: Option<&str>) -> bool {
    let part_of_more = [":", "$", "@", "..."];
    !before.is_some_and(|token| part_of_more.contains(&token)) && !matches!(after, Some(":" | "@"))
}

/// The tokens of a text; what is no GraphQL comes out one way or the other, and is refused by the parser.
struct Tokens<'t>(&'t str);

impl<'t> Iterator for Tokens<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        let ignored = |letter: char| letter.is_whitespace() || matches!(letter, ',' | '\u{feff}');
        loop {
            self.0 = self.0.trim_start_matches(ignored);
            match self.0.strip_prefix('#') {
                Some(comment) => self.0 = comment.trim_start_matches(|letter| !matches!(letter, '\n' | '\r')),
                None => break,
            }
        }
        let length = length(self.0)?;
        let (token, rest) = self.0.split_at(length);
        self.0 = rest;
        Some(token)
    }
}

/// The length of the first token.
fn length(text: &str) -> Option<usize> {
    let first = text.chars().next()?;
    Some(match first {
        '"' if text.starts_with("\"\"\"") => block_string(text),
        '"' => string(text),
        '.' if text.starts_with("...") => 3,
        letter if is_word(letter) => text.find(|letter| !is_word(letter)).unwrap_or(text.len()),
        sign => sign.len_utf8(),
    })
}

/// Names and numbers.
fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '-' | '+' | '.')
}

fn string(text: &str) -> usize {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|(_, letter)| {
        let ends = *letter == '"' && !escaped;
        escaped = *letter == '\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |(index, _)| index + 1)
}

fn block_string(text: &str) -> usize {
    let mut at = 3;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find("\"\"\"")) {
        let end = at + found;
        if !text.get(..end).is_some_and(|before| before.ends_with('\\')) {
            return end + 3;
        }
        at = end + 3;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn what_says_nothing_does_not_count() {
        for (one, other) in [
            ("{ users { id } }", "{users{id,}}"),
            ("{ a(x: 1, y: \"#\") # comment\n }", "{a(x:1 y:\"#\")}"),
            (
                "{ users { id __typename } }",
                "{ __typename users { __typename id } }",
            ),
            ("{ ...on users { id } }", "{ ... on users { id } }"),
            (
                "{ a(x: \"\"\" a \\\"\"\" b \"\"\") }",
                "{a(x:\"\"\" a \\\"\"\" b \"\"\")}",
            ),
        ] {
            assert_eq!(canonical(one), canonical(other), "{one}");
        }
    }

    #[test]
    fn whatever_says_something_counts() {
        let documents = [
            "{ a b }",
            "{ b a }",
            "{ ab }",
            "{ a: b }",
            "{ a: __typename b }",
            "{ b @include(if: $x) }",
            "{ b __typename @include(if: $x) }",
            "{ b __typename: a }",
            "{ b : a }",
            "{ ...__typename b }",
            "{ a(x: \"b c\") }",
            "{ a(x: \"b  c\") }",
            "{ a(x: \"b \\\" c\") }",
            "{ a(x: -1) }",
            "{ a(x: 1) }",
            "{ a(x: 1.5) }",
            "query Q { a }",
            "mutation Q { a }",
        ];
        for (index, one) in documents.iter().enumerate() {
            for other in documents.iter().skip(index + 1) {
                assert_ne!(canonical(one), canonical(other));
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_fail(text in ".*") {
            let once = canonical(&text);
            proptest::prop_assert!(once.len() <= text.len() * 2);
        }
    }
}
