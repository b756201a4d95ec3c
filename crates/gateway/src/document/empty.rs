//! Objects of which directives leave nothing. The GraphQL library answers null in their place; so each is asked for
//! one thing more, which is taken out of the answer.

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, Field, Selection as Node, SelectionSet,
};
use async_graphql::{Name, Positioned};
use portico_query::plan::select::merge;
use portico_query::request::{Selection, Variables};
use serde_json::Value;

use super::Document;
use super::select::is_included;

/// The name in the answer of what is asked for more; no client can write it.
const KEY: &str = "0";

impl Document {
    /// The same document, with something in every object of which nothing would be left; nothing where there is none.
    pub(crate) fn filled(&self, variables: &Variables) -> Option<Self> {
        let fill = Fill {
            document: &self.parsed,
            variables,
        };
        let sets = self
            .parsed
            .fragments
            .values()
            .map(|found| &found.node.selection_set);
        let mut sets = sets.chain([&self.operation.node.selection_set]);
        if !sets.any(|set| fill.is_needed_in(&set.node)) {
            return None;
        }
        let mut filled = self.clone();
        for fragment in filled.parsed.fragments.values_mut() {
            fill.inside(&mut fragment.node.selection_set.node);
        }
        fill.inside(&mut filled.operation.node.selection_set.node);
        let operations = &mut filled.parsed.operations;
        match (operations, &filled.operation_name) {
            (DocumentOperations::Single(operation), _) => operation.clone_from(&filled.operation),
            (DocumentOperations::Multiple(operations), Some(name)) => {
                operations.insert(Name::new(name), filled.operation.clone());
            }
            (DocumentOperations::Multiple(_), None) => {}
        }
        Some(filled)
    }
}

struct Fill<'d> {
    document: &'d ExecutableDocument,
    variables: &'d Variables,
}

impl Fill<'_> {
    fn is_needed_in(&self, set: &SelectionSet) -> bool {
        set.items.iter().any(|item| match &item.node {
            Node::Field(field) => {
                let inner = &field.node.selection_set.node;
                self.is_emptied(inner) || self.is_needed_in(inner)
            }
            Node::InlineFragment(fragment) => self.is_needed_in(&fragment.node.selection_set.node),
            Node::FragmentSpread(_) => false,
        })
    }

    fn inside(&self, set: &mut SelectionSet) {
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

    fn is_emptied(&self, set: &SelectionSet) -> bool {
        !set.items.is_empty() && !self.leaves_something(set)
    }

    fn leaves_something(&self, set: &SelectionSet) -> bool {
        set.items
            .iter()
            .filter(|item| is_included(item.node.directives(), self.variables))
            .any(|item| match &item.node {
                Node::Field(_) => true,
                Node::InlineFragment(fragment) => self.leaves_something(&fragment.node.selection_set.node),
                Node::FragmentSpread(spread) => {
                    let fragment = self.document.fragments.get(&spread.node.fragment_name.node);
                    fragment.is_some_and(|fragment| self.leaves_something(&fragment.node.selection_set.node))
                }
            })
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

/// Takes out of an answer what was asked for more; `selections` are those of the filled document.
pub(crate) fn empty(data: &mut Value, selections: &[Selection]) {
    match data {
        Value::Array(elements) => elements.iter_mut().for_each(|element| empty(element, selections)),
        Value::Object(members) => {
            for selection in merge(selections) {
                match selection.key == KEY {
                    true => {
                        members.shift_remove(KEY);
                    }
                    false => {
                        if let Some(member) = members.get_mut(&selection.key) {
                            empty(member, &selection.selections);
                        }
                    }
                }
            }
        }
        _ => {}
    }
}
