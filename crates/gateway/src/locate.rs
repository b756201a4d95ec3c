//! From a place in a document's text to Hasura's path into the request.

use async_graphql::Pos;
use async_graphql::parser::types::{Field, Selection, SelectionSet};

use crate::document::Document;

/// The path of the last field that begins at or before the place, and of its argument if the place is there.
pub(crate) fn path(document: &Document, locations: &[Pos]) -> String {
    let Some(place) = locations.first() else {
        return "$".to_owned();
    };
    let mut search = Search {
        document,
        place: *place,
        found: None,
        spreads: Vec::new(),
    };
    search.selection_set(&document.operation().selection_set.node, "$");
    search.found.map_or_else(|| "$".to_owned(), |(_, path)| path)
}

struct Search<'d> {
    document: &'d Document,
    place: Pos,
    found: Option<(Pos, String)>,
    spreads: Vec<&'d str>,
}

impl<'d> Search<'d> {
    fn selection_set(&mut self, set: &'d SelectionSet, path: &str) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => self.field(&field.node, field.pos, path),
                Selection::InlineFragment(fragment) => {
                    self.selection_set(&fragment.node.selection_set.node, path);
                }
                Selection::FragmentSpread(spread) => {
                    self.spread(spread.node.fragment_name.node.as_str(), path);
                }
            }
        }
    }

    fn spread(&mut self, name: &str, path: &str) {
        let Some((name, fragment)) = self.document.parsed.fragments.get_key_value(name) else {
            return;
        };
        if !self.spreads.contains(&name.as_str()) {
            self.spreads.push(name);
            self.selection_set(&fragment.node.selection_set.node, path);
            self.spreads.pop();
        }
    }

    fn field(&mut self, field: &'d Field, start: Pos, path: &str) {
        let path = format!("{path}.selectionSet.{}", field.response_key().node);
        self.consider(start, path.clone());
        for (name, _) in &field.arguments {
            self.consider(name.pos, format!("{path}.args.{}", name.node));
        }
        self.selection_set(&field.selection_set.node, &path);
    }

    fn consider(&mut self, start: Pos, path: String) {
        let nearer = self.found.as_ref().is_none_or(|(found, _)| *found <= start);
        if start <= self.place && nearer {
            self.found = Some((start, path));
        }
    }
}
