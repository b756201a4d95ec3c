//! What a request asks for, where data is resolved beside operations or introspection.

use std::collections::VecDeque;

use async_graphql::{QueryPathNode, QueryPathSegment};
use portico_query::plan::select::merge;
use portico_query::request::{Selection, Variables};

/// The selected root fields of a request, and the values of its variables. The GraphQL library has them, too, but
/// does not tell which value was a variable's.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    pub(crate) selections: Vec<Selection>,
    pub(crate) variables: Variables,
}

impl Asked {
    /// What is selected at a place of the answer.
    pub(super) fn at(&self, place: &QueryPathNode<'_>) -> Option<Selection> {
        let mut keys = VecDeque::new();
        for node in std::iter::once(place).chain(place.parents()) {
            if let QueryPathSegment::Name(key) = node.segment {
                keys.push_front(key);
            }
        }
        let mut found: Option<Selection> = None;
        for key in keys {
            let selections = found.as_ref().map_or(&self.selections, |found| &found.selections);
            found = Some(
                merge(selections)
                    .into_iter()
                    .find(|selection| selection.key == key)?,
            );
        }
        found
    }
}
