//! Root fields that are given twice under one name, which are one field. The GraphQL library would run both.

use std::collections::HashMap;

use async_graphql::Positioned;
use async_graphql::parser::types::{Field, Selection as Node};
use portico_query::request::Variables;

use super::Document;
use super::select::fields;

impl Document {
    /// The same document, with each root field once, which selects what all of its name do; nothing where each is
    /// given once. It must be valid already: fragments at the root are gone from it, and what only they used is not.
    pub(crate) fn each_once(&self, variables: &Variables) -> Option<Self> {
        let given = fields(&self.parsed, &self.operation.node.selection_set.node, variables);
        let mut once: Vec<Positioned<Field>> = Vec::with_capacity(given.len());
        let mut places = HashMap::new();
        for field in &given {
            let place = *places
                .entry(&field.node.response_key().node)
                .or_insert(once.len());
            match once.get_mut(place) {
                None => once.push(Positioned::clone(field)),
                Some(first) => {
                    let more = field.node.selection_set.node.items.iter().cloned();
                    first.node.selection_set.node.items.extend(more);
                }
            }
        }
        if once.len() == given.len() {
            return None;
        }
        let mut document = self.clone();
        document.operation.node.selection_set.node.items = once
            .into_iter()
            .map(|field| Positioned::new(Node::Field(field.clone()), field.pos))
            .collect();
        document.put_operation_back();
        Some(document)
    }
}
