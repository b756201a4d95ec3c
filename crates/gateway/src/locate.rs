//! From a place in a document's text to Hasura's path into the request.

use async_graphql::parser::types::{Field, Selection, SelectionSet};
use async_graphql::{Pos, ServerError};

use crate::document::Document;
use crate::error::{WireError, from_server};

/// An error of the GraphQL library, or in its words, as it goes to the client.
pub(crate) fn located(document: &Document, error: ServerError) -> WireError {
    let path = path(document, &error);
    from_server(error, path)
}

/// The path of the last field that begins at or before the place of an error, refined by what the GraphQL
/// library says of it: its messages name the place inside an argument, its locations end at the field.
fn path(document: &Document, error: &ServerError) -> String {
    let message = error.message.as_str();
    let Some(place) = error
        .locations
        .first()
        .filter(|_| !message.starts_with("Variable \"$"))
    else {
        return "$".to_owned();
    };
    let mut search = Search {
        document,
        place: *place,
        found: None,
        spreads: Vec::new(),
    };
    for fragment in document.parsed.fragments.values() {
        search.consider(fragment.pos, "$".to_owned());
    }
    search.selection_set(&document.operation().selection_set.node, "$");
    let path = search.found.map_or_else(|| "$".to_owned(), |(_, path)| path);
    let field = path.split(".args.").next().unwrap_or_default();
    if let Some(rest) = message.strip_prefix("Invalid value for argument \"") {
        return format!("{field}.args.{}", inside_argument(rest));
    }
    if message.starts_with("Unknown argument") {
        return field.to_owned();
    }
    if message.ends_with("must have a selection of subfields") {
        return format!("{path}.selectionSet");
    }
    match message
        .split_once("\" argument \"")
        .and_then(|(_, rest)| rest.split('"').next())
    {
        Some(argument) if message.ends_with("is required but not provided") => {
            format!("{path}.args.{argument}")
        }
        _ => path,
    }
}

/// `where.id._in.1", expected type "uuid"` as `where.id._in[1]`, with the unknown or missing field at its end.
fn inside_argument(rest: &str) -> String {
    let (place, reason) = rest.split_once('"').unwrap_or((rest, ""));
    let mut path = String::new();
    for (index, step) in place.split('.').enumerate() {
        match step.parse::<usize>() {
            Ok(number) => path.push_str(&format!("[{number}]")),
            Err(_) if index == 0 => path.push_str(step),
            Err(_) => path.push_str(&format!(".{step}")),
        }
    }
    let field = reason
        .split_once("field \"")
        .and_then(|(_, rest)| rest.split('"').next());
    match field {
        Some(field) => format!("{path}.{field}"),
        None => path,
    }
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
                    self.consider(fragment.pos, format!("{path}.selectionSet"));
                    self.selection_set(&fragment.node.selection_set.node, path);
                }
                Selection::FragmentSpread(spread) => {
                    self.consider(spread.pos, format!("{path}.selectionSet"));
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
        for directive in &field.directives {
            self.consider(directive.pos, path.clone());
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
