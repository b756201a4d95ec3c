//! `__typename`, a field of every type. The GraphQL library validates nothing of it.

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, Field, InlineFragment, Selection, SelectionSet,
};
use async_graphql::{Pos, Positioned, ServerError};

const NAME: &str = "__typename";

/// Refuses what the field cannot have, and gives its directives to a fragment around it, where the library reads
/// them: they are held to its rules, and their variables are used.
pub(super) fn settle(document: &mut ExecutableDocument) -> Result<(), ServerError> {
    for fragment in document.fragments.values_mut() {
        settle_in(&mut fragment.node.selection_set.node)?;
    }
    match &mut document.operations {
        DocumentOperations::Single(operation) => settle_in(&mut operation.node.selection_set.node),
        DocumentOperations::Multiple(operations) => operations
            .values_mut()
            .try_for_each(|operation| settle_in(&mut operation.node.selection_set.node)),
    }
}

fn settle_in(set: &mut SelectionSet) -> Result<(), ServerError> {
    for item in &mut set.items {
        match &mut item.node {
            Selection::Field(field) if field.node.name.node == NAME => {
                check(&field.node, field.pos)?;
                if !field.node.directives.is_empty() {
                    item.node = within_fragment(field.clone());
                }
            }
            Selection::Field(field) => settle_in(&mut field.node.selection_set.node)?,
            Selection::InlineFragment(fragment) => settle_in(&mut fragment.node.selection_set.node)?,
            Selection::FragmentSpread(_) => {}
        }
    }
    Ok(())
}

fn check(field: &Field, place: Pos) -> Result<(), ServerError> {
    if let Some((argument, _)) = field.arguments.first() {
        let message = format!("Unknown argument \"{argument}\" on field \"{NAME}\"");
        return Err(ServerError::new(message, Some(argument.pos)));
    }
    match field.selection_set.node.items.is_empty() {
        true => Ok(()),
        false => {
            let message =
                format!("Field \"{NAME}\" must not have a selection since type \"String\" has no subfields");
            Err(ServerError::new(message, Some(place)))
        }
    }
}

fn within_fragment(mut field: Positioned<Field>) -> Selection {
    let (place, directives) = (field.pos, std::mem::take(&mut field.node.directives));
    let set = SelectionSet {
        items: vec![Positioned::new(Selection::Field(field), place)],
    };
    let fragment = InlineFragment {
        type_condition: None,
        directives,
        selection_set: Positioned::new(set, place),
    };
    Selection::InlineFragment(Positioned::new(fragment, place))
}
