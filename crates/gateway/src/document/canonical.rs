//! The text of a document freed from what says nothing: spaces, commas, comments and plain fields `__typename`.

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
    use async_graphql::parser::parse_query;
    use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, Selection, SelectionSet};

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

    /// A document without bare fields `__typename` and places in the text; nothing for what is no document.
    fn told(text: &str) -> Option<String> {
        let mut document = parse_query(text).ok()?;
        for set in sets(&mut document) {
            strip(set);
        }
        let told = format!("{document:?}");
        let parts = told.split("Pos(");
        Some(
            parts
                .map(|part| part.split_once(')').map_or(part, |(_, rest)| rest))
                .collect(),
        )
    }

    fn sets(document: &mut ExecutableDocument) -> Vec<&mut SelectionSet> {
        let fragments = document
            .fragments
            .values_mut()
            .map(|found| &mut found.node.selection_set.node);
        let mut sets: Vec<_> = fragments.collect();
        match &mut document.operations {
            DocumentOperations::Single(operation) => sets.push(&mut operation.node.selection_set.node),
            DocumentOperations::Multiple(operations) => {
                sets.extend(
                    operations
                        .values_mut()
                        .map(|found| &mut found.node.selection_set.node),
                );
            }
        }
        sets
    }

    fn strip(set: &mut SelectionSet) {
        set.items.retain(|item| match &item.node {
            Selection::Field(field) => {
                let field = &field.node;
                field.name.node != "__typename"
                    || field.alias.is_some()
                    || !(field.arguments.is_empty() && field.directives.is_empty())
                    || !field.selection_set.node.items.is_empty()
            }
            _ => true,
        });
        for item in &mut set.items {
            match &mut item.node {
                Selection::Field(field) => strip(&mut field.node.selection_set.node),
                Selection::InlineFragment(fragment) => strip(&mut fragment.node.selection_set.node),
                Selection::FragmentSpread(_) => {}
            }
        }
    }

    #[test]
    fn documents_with_one_canonical_text_ask_for_the_same() {
        let documents = [
            "{ a ( b : [ 1 , c ] , d : { e : [ { f : $g } ] } ) @h ( i : true ) { j k : l } m }",
            "query Q ( $a : [ B ! ] = [ c , { d : e } ] ) { ... F ... on G { i { j } } ... @k { l } }",
            "mutation { a ( b : false ) } fragment F on G @c { d ( e : \"f\" ) { ... on h { i } } }",
        ];
        let inserted = [
            "__typename",
            "__typename __typename",
            "__typename ( x : 1 )",
            "__typename @ x",
            "__typename { x }",
            "__typename :",
            ": __typename",
            "... __typename",
            "$ __typename",
            "@ __typename",
            "( __typename",
            "__typename {",
            "{ __typename }",
            "on __typename",
        ];
        let mut alike = 0;
        for document in documents {
            let words: Vec<&str> = document.split(' ').collect();
            for place in 0..=words.len() {
                let (before, after) = words.split_at(place);
                for inserted in inserted {
                    let other = [before.join(" ").as_str(), inserted, after.join(" ").as_str()].join(" ");
                    if canonical(&other) == canonical(document) && told(&other).is_some() {
                        assert_eq!(told(&other), told(document), "{other}");
                        alike += 1;
                    }
                }
            }
        }
        assert!(alike > 20, "only {alike} were alike");
    }

    proptest::proptest! {
        #[test]
        fn a_canonical_text_stays_what_it_is(text in "(?s).*") {
            let once = canonical(&text);
            proptest::prop_assert_eq!(canonical(&once), once);
        }

        #[test]
        fn so_does_one_of_many_tokens(
            tokens in proptest::collection::vec("__typename|[a(){}:@$\"\\\\#\n]|\\[|\\]|\\.\\.\\.|\"\"\"|-1|on", 0..30)
        ) {
            let once = canonical(&tokens.join(""));
            proptest::prop_assert_eq!(canonical(&once), once);
            let once = canonical(&tokens.join(" "));
            proptest::prop_assert_eq!(canonical(&once), once);
        }
    }
}
