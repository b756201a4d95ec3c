//! The text of a document freed from what says nothing: spaces, commas, comments and `__typename`.

use super::token::{Bracket, Token, Tokens};

/// The same text for documents that differ in nothing else. Order, names and arguments count.
pub(crate) fn canonical(text: &str) -> String {
    let tokens: Vec<Token<'_>> = Tokens::of(text).collect();
    let mut found = String::with_capacity(text.len());
    for (index, token) in tokens.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| tokens.get(index));
        if is_plain_typename(token, before, tokens.get(index + 1)) {
            continue;
        }
        if !found.is_empty() {
            found.push(' ');
        }
        found.push_str(token.text);
    }
    found
}

/// Whether it is a field `__typename` without alias, arguments, directive and selection: anything else decides what
/// the tokens around it mean.
fn is_plain_typename(token: &Token<'_>, before: Option<&Token<'_>>, after: Option<&Token<'_>>) -> bool {
    let is =
        |token: Option<&Token<'_>>, signs: &[&str]| token.is_some_and(|token| signs.contains(&token.text));
    token.text == "__typename"
        && token.within == Some(Bracket::Selections)
        && !is(before, &[":", "$", "@", "..."])
        && !is(after, &[":", "@", "(", "{"])
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
            ("{ me { id ...F } }", "{me{id...F}}"),
            (
                "query ($a: b = { c: d }) { e(f: { g: [h] }) { i } }",
                "query ($a: b = { c: d }) { e(f: { g: [h] }) { i __typename } __typename }",
            ),
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
            "{ b(x: 1) }",
            "{ b __typename(x: 1) }",
            "{ b { c } }",
            "{ b __typename { c } }",
            "{ b(x: [1]) }",
            "{ b(x: [1 __typename]) }",
            "{ b(x: [__typename]) }",
            "{ b(x: []) }",
            "{ b(x: { y: 1 }) }",
            "{ b(x: { y: 1 __typename }) }",
            "{ b(x: { y: __typename }) }",
            "{ b(x: {}) }",
            "{ b(x: { y: [{ z: 1 }] }) }",
            "{ b(x: { y: [{ z: 1 } __typename] }) }",
            "query ($x: [y] = [z]) { b(x: $x) }",
            "query ($x: [y] = [z __typename]) { b(x: $x) }",
            "fragment F on __typename { b }",
            "fragment F on c { b }",
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
