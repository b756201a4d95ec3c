//! What a request asks for, where data is resolved beside operations or introspection.

use std::collections::{HashSet, VecDeque};

use async_graphql::{QueryPathNode, QueryPathSegment};
use portico_query::Failure;
use portico_query::plan::merge::merge;
use portico_query::request::{Selection, Variables};

/// The selected root fields of a request, and the values of its variables. The GraphQL library has them, too, but
/// does not tell which value was a variable's.
#[derive(Debug)]
pub(crate) struct Asked {
    /// One for each name in the answer, at every level.
    selections: Vec<Selection>,
    variables: Variables,
    gives_twice: bool,
}

impl Asked {
    /// Refuses fields under one name that ask for different things.
    pub(crate) fn new(selections: Vec<Selection>, variables: Variables) -> Result<Self, Failure> {
        Ok(Self {
            gives_twice: gives_twice(&selections),
            selections: each_once(selections)?,
            variables,
        })
    }

    /// Whether a field was given twice under one name, at any level.
    pub(crate) fn gives_twice(&self) -> bool {
        self.gives_twice
    }

    pub(crate) fn selections(&self) -> &[Selection] {
        &self.selections
    }

    pub(crate) fn variables(&self) -> &Variables {
        &self.variables
    }

    /// What is selected at a place of the answer.
    pub(super) fn at(&self, place: &QueryPathNode<'_>) -> Option<&Selection> {
        let mut keys = VecDeque::new();
        for node in std::iter::once(place).chain(place.parents()) {
            if let QueryPathSegment::Name(key) = node.segment {
                keys.push_front(key);
            }
        }
        let first = keys.pop_front()?;
        let named = |selections: &'_ [Selection], key: &str| {
            selections.iter().position(|selection| selection.key == key)
        };
        let mut found = self.selections.get(named(&self.selections, first)?)?;
        for key in keys {
            found = found.selections.get(named(&found.selections, key)?)?;
        }
        Some(found)
    }
}

/// One selection for each name in the answer, at every level; refused where they ask for different things.
pub(crate) fn each_once(selections: Vec<Selection>) -> Result<Vec<Selection>, Failure> {
    match gives_twice(&selections) {
        true => merged(&selections, "$"),
        false => Ok(selections),
    }
}

fn merged(selections: &[Selection], path: &str) -> Result<Vec<Selection>, Failure> {
    let mut merged = merge(selections, path)?;
    for selection in &mut merged {
        let path = format!("{path}.selectionSet.{}", selection.key);
        selection.selections = self::merged(&selection.selections, &path)?;
    }
    Ok(merged)
}

fn gives_twice(selections: &[Selection]) -> bool {
    let names: HashSet<&str> = selections.iter().map(|selection| &*selection.key).collect();
    names.len() < selections.len()
        || selections
            .iter()
            .any(|selection| gives_twice(&selection.selections))
}
