//! From syntax to selections: fragments spread, `@skip` and `@include` applied.

use async_graphql::parser::types::{Directive, ExecutableDocument, Field, Selection as Node, SelectionSet};
use async_graphql::{Pos, Positioned};
use async_graphql_value::{ConstValue, Value};
use portico_query::request::{Input, Selection, Variables};

/// The fields of a selection set of a validated document.
pub(crate) fn selections(
    document: &ExecutableDocument,
    set: &SelectionSet,
    variables: &Variables,
) -> Vec<Selection> {
    fields(document, set, variables)
        .into_iter()
        .map(|field| selection(document, &field.node, variables))
        .collect()
}

/// The same as they are written.
pub(super) fn fields<'d>(
    document: &'d ExecutableDocument,
    set: &'d SelectionSet,
    variables: &Variables,
) -> Vec<&'d Positioned<Field>> {
    let mut found = Vec::with_capacity(set.items.len());
    collect(document, set, variables, &mut found);
    found
}

/// Where the first field is written that has this path in the answer.
pub(super) fn place(
    document: &ExecutableDocument,
    set: &SelectionSet,
    path: &[&str],
    variables: &Variables,
) -> Option<Pos> {
    let (key, inside) = path.split_first()?;
    let named = fields(document, set, variables)
        .into_iter()
        .filter(|field| field.node.response_key().node == *key);
    let mut places = named.filter_map(|field| match inside {
        [] => Some(field.pos),
        inside => place(document, &field.node.selection_set.node, inside, variables),
    });
    places.next()
}

fn collect<'d>(
    document: &'d ExecutableDocument,
    set: &'d SelectionSet,
    variables: &Variables,
    found: &mut Vec<&'d Positioned<Field>>,
) {
    let included = |item: &&Positioned<Node>| is_included(item.node.directives(), variables);
    for item in set.items.iter().filter(included) {
        match &item.node {
            Node::Field(field) => found.push(field),
            Node::InlineFragment(fragment) => {
                collect(document, &fragment.node.selection_set.node, variables, found);
            }
            Node::FragmentSpread(spread) => {
                if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) {
                    collect(document, &fragment.node.selection_set.node, variables, found);
                }
            }
        }
    }
}

fn selection(document: &ExecutableDocument, field: &Field, variables: &Variables) -> Selection {
    Selection {
        name: field.name.node.to_string(),
        key: field.response_key().node.to_string(),
        arguments: field
            .arguments
            .iter()
            .map(|(name, value)| (name.node.to_string(), input(&value.node)))
            .collect(),
        selections: selections(document, &field.selection_set.node, variables),
    }
}

/// Whether directives let a selection stand.
pub(super) fn is_included(directives: &[Positioned<Directive>], variables: &Variables) -> bool {
    directives.iter().all(|directive| {
        let wanted = match directive.node.name.node.as_str() {
            "include" => true,
            "skip" => false,
            _ => return true,
        };
        let condition = match directive.node.get_argument("if").map(|value| &value.node) {
            Some(Value::Boolean(condition)) => *condition,
            Some(Value::Variable(name)) => variables
                .get(name.as_str())
                .and_then(serde_json::Value::as_bool)
                .unwrap_or_default(),
            _ => return true,
        };
        condition == wanted
    })
}

fn input(value: &Value) -> Input {
    match value {
        Value::Variable(name) => Input::Variable(name.to_string()),
        Value::Null => Input::Null,
        Value::Number(number) => Input::Number(number.clone()),
        Value::String(text) => Input::String(text.clone()),
        Value::Boolean(value) => Input::Boolean(*value),
        Value::Binary(_) => Input::Null,
        Value::Enum(name) => Input::Enum(name.to_string()),
        Value::List(values) => Input::List(values.iter().map(input).collect()),
        Value::Object(entries) => Input::Object(
            entries
                .iter()
                .map(|(key, value)| (key.to_string(), input(value)))
                .collect(),
        ),
    }
}

/// A constant of the document as JSON.
pub(crate) fn json(value: &ConstValue) -> serde_json::Value {
    value.clone().into_json().unwrap_or_default()
}
