//! Fields that are given twice under one name, which are one field. The GraphQL library would run each, and read for
//! each all that their name selects.

use std::collections::HashMap;

use async_graphql::Positioned;
use async_graphql::parser::types::{ExecutableDocument, Field, Selection as Node, SelectionSet};
use portico_query::request::Variables;

use super::Document;
use super::select::fields;

impl Document {
    /// The same document, with each field once, which selects what all of its name do. This one is to be validated, not
    /// that: its operation has no fragments any more, and what only they used is left over.
    pub(crate) fn each_once(&self, variables: &Variables) -> Self {
        let set = &self.operation.node.selection_set.node;
        let items = once(&self.parsed, &[set], variables);
        let mut document = self.clone();
        document.operation.node.selection_set.node.items = items;
        document.put_operation_back();
        document
    }
}

/// What several selection sets of one object select.
fn once(
    document: &ExecutableDocument,
    sets: &[&SelectionSet],
    variables: &Variables,
) -> Vec<Positioned<Node>> {
    let mut named: Vec<(&Positioned<Field>, Vec<&SelectionSet>)> = Vec::new();
    let mut places = HashMap::new();
    for field in sets.iter().flat_map(|set| fields(document, set, variables)) {
        let place = *places
            .entry(&field.node.response_key().node)
            .or_insert(named.len());
        let inner = &field.node.selection_set.node;
        match named.get_mut(place) {
            None => named.push((field, vec![inner])),
            Some((_, sets)) => sets.push(inner),
        }
    }
    let named = named.into_iter();
    named
        .map(|(first, sets)| {
            let (place, items) = (first.pos, once(document, &sets, variables));
            let field = Field {
                alias: first.node.alias.clone(),
                name: first.node.name.clone(),
                arguments: first.node.arguments.clone(),
                directives: first.node.directives.clone(),
                selection_set: Positioned::new(SelectionSet { items }, place),
            };
            Positioned::new(Node::Field(Positioned::new(field, place)), place)
        })
        .collect()
}
