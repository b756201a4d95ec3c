//! Objects of which directives leave nothing. The GraphQL library answers null in their place; so each is asked for
//! one thing more, which is taken out of the answer.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{ExecutableDocument, Field, Selection as Node, SelectionSet};
use async_graphql::{Name, Positioned};
use portico_query::request::{Selection, Variables};
use serde_json::Value;

use super::Document;
use super::select::is_included;

/// The name in the answer of what is asked for more; no client can write it.
const KEY: &str = "0";

impl Document {
    /// The same document, with something in every object of which nothing would be left; nothing where there is none.
    /// It may be any document that was read: it is not validated yet.
    pub(crate) fn filled(&self, variables: &Variables) -> Option<Self> {
        let mut fill = Fill {
            document: &self.parsed,
            variables,
            left: HashMap::new(),
        };
        let mut used = HashSet::new();
        fill.note_used(&self.operation.node.selection_set.node, &mut used);
        let fragments = &self.parsed.fragments;
        let sets = used
            .iter()
            .filter_map(|name| fragments.get(*name))
            .map(|found| &found.node.selection_set);
        let mut sets = sets.chain([&self.operation.node.selection_set]);
        if !sets.any(|set| fill.is_needed_in(&set.node)) {
            return None;
        }
        let mut filled = self.clone();
        for (name, fragment) in &mut filled.parsed.fragments {
            if used.contains(name.as_str()) {
                fill.inside(&mut fragment.node.selection_set.node);
            }
        }
        fill.inside(&mut filled.operation.node.selection_set.node);
        filled.put_operation_back();
        Some(filled)
    }
}

struct Fill<'d> {
    document: &'d ExecutableDocument,
    variables: &'d Variables,
    /// Whether something is left of a fragment: each is looked at once, however often it is spread.
    left: HashMap<Name, bool>,
}

impl<'d> Fill<'d> {
    /// Notes the fragments that are spread in a set, each once.
    fn note_used(&self, set: &'d SelectionSet, used: &mut HashSet<&'d str>) {
        for item in &set.items {
            match &item.node {
                Node::Field(field) => self.note_used(&field.node.selection_set.node, used),
                Node::InlineFragment(fragment) => self.note_used(&fragment.node.selection_set.node, used),
                Node::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    if let (true, Some(fragment)) = (used.insert(name), self.document.fragments.get(name)) {
                        self.note_used(&fragment.node.selection_set.node, used);
                    }
                }
            }
        }
    }

    fn is_needed_in(&mut self, set: &SelectionSet) -> bool {
        set.items.iter().any(|item| match &item.node {
            Node::Field(field) => {
                let inner = &field.node.selection_set.node;
                self.is_emptied(inner) || self.is_needed_in(inner)
            }
            Node::InlineFragment(fragment) => self.is_needed_in(&fragment.node.selection_set.node),
            Node::FragmentSpread(_) => false,
        })
    }

    fn inside(&mut self, set: &mut SelectionSet) {
        for item in &mut set.items {
            match &mut item.node {
                Node::Field(field) => {
                    let inner = &mut field.node.selection_set.node;
                    self.inside(inner);
                    if self.is_emptied(inner) {
                        inner.items.push(something(field.pos));
                    }
                }
                Node::InlineFragment(fragment) => self.inside(&mut fragment.node.selection_set.node),
                Node::FragmentSpread(_) => {}
            }
        }
    }

    fn is_emptied(&mut self, set: &SelectionSet) -> bool {
        !set.items.is_empty() && !self.leaves_something(set)
    }

    fn leaves_something(&mut self, set: &SelectionSet) -> bool {
        let variables = self.variables;
        set.items
            .iter()
            .filter(|item| is_included(item.node.directives(), variables))
            .any(|item| match &item.node {
                Node::Field(_) => true,
                Node::InlineFragment(fragment) => self.leaves_something(&fragment.node.selection_set.node),
                Node::FragmentSpread(spread) => self.is_left_of(&spread.node.fragment_name.node),
            })
    }

    /// Whether something is left of a fragment; a cycle adds nothing.
    fn is_left_of(&mut self, name: &Name) -> bool {
        if let Some(left) = self.left.get(name) {
            return *left;
        }
        self.left.insert(name.clone(), false);
        let fragment = self.document.fragments.get(name);
        let left = fragment.is_some_and(|fragment| self.leaves_something(&fragment.node.selection_set.node));
        self.left.insert(name.clone(), left);
        left
    }
}

fn something(place: async_graphql::Pos) -> Positioned<Node> {
    let at = |name: &str| Positioned::new(Name::new(name), place);
    let field = Field {
        alias: Some(at(KEY)),
        name: at("__typename"),
        arguments: Vec::new(),
        directives: Vec::new(),
        selection_set: Positioned::default(),
    };
    Positioned::new(Node::Field(Positioned::new(field, place)), place)
}

/// Takes out of an answer what was asked for more; `selections` are those of the filled document, one for each name.
pub(crate) fn empty(data: &mut Value, selections: &[Selection]) {
    match data {
        Value::Array(elements) => elements.iter_mut().for_each(|element| empty(element, selections)),
        Value::Object(members) => {
            for selection in selections {
                if selection.key == KEY {
                    members.shift_remove(KEY);
                } else if let Some(member) = members.get_mut(&selection.key) {
                    empty(member, &selection.selections);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use portico_query::request::Variables;

    use super::super::{Document, choose};

    fn read(text: &str) -> Document {
        let parsed = parse_query(text).unwrap();
        Document {
            operation_name: None,
            operation: choose(&parsed, None).unwrap(),
            parsed,
        }
    }

    #[test]
    fn objects_of_which_nothing_is_left_are_filled() {
        let doubled: String = (0..60)
            .map(|number| format!("fragment f{number} on a {{ ...f{0} ...f{0} }} ", number + 1))
            .collect();
        for (text, is_filled) in [
            ("{ a { b } }", false),
            ("{ a { b @skip(if: true) } }", true),
            ("{ a { ... { b @skip(if: true) } } }", true),
            ("{ a { ...F } } fragment F on a { b @skip(if: true) }", true),
            ("{ a { ...F b } } fragment F on a { b @skip(if: true) }", false),
            ("{ a { ...F } } fragment F on a { b { c @skip(if: true) } }", true),
            ("{ a } fragment F on a { b { c @skip(if: true) } }", false),
            ("{ a } fragment F on a { b { ...F } }", false),
            ("{ a { ...F } } fragment F on a { ...F }", true),
            (
                "{ a { ...F } } fragment F on a { ...G } fragment G on a { ...F b }",
                false,
            ),
            (
                &format!("{{ a {{ ...f0 }} }} {doubled} fragment f60 on a {{ b @skip(if: true) }}"),
                true,
            ),
        ] {
            let filled = read(text).filled(&Variables::new());
            assert_eq!(filled.is_some(), is_filled, "{text}");
        }
    }
}
