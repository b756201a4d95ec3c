//! Variables stand only where their type fits (GraphQL specification, "All Variable Usages Are Allowed").
//! The GraphQL library has this rule but never applies it.

use async_graphql::parser::types::{Field, Selection, SelectionSet, VariableDefinition};
use async_graphql::registry::{MetaType, Registry};
use async_graphql_value::Value;

use super::Document;
use crate::error::WireError;

/// Checks every use of a variable in a document that is valid otherwise.
pub(crate) fn check(document: &Document, registry: &Registry) -> Result<(), WireError> {
    let operation = document.operation();
    if operation.variable_definitions.is_empty() {
        return Ok(());
    }
    let check = Check { document, registry };
    check.selection_set(&operation.selection_set.node, document.root_type(registry), "$")
}

struct Check<'d> {
    document: &'d Document,
    registry: &'d Registry,
}

impl Check<'_> {
    fn selection_set(&self, set: &SelectionSet, parent: &str, path: &str) -> Result<(), WireError> {
        for selection in &set.items {
            for directive in selection.node.directives() {
                for (_, value) in &directive.node.arguments {
                    self.value(&value.node, "Boolean!", false, path)?;
                }
            }
            match &selection.node {
                Selection::Field(field) => self.field(&field.node, parent, path)?,
                Selection::InlineFragment(fragment) => {
                    self.selection_set(&fragment.node.selection_set.node, parent, path)?;
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    if let Some(fragment) = self.document.parsed.fragments.get(name) {
                        self.selection_set(&fragment.node.selection_set.node, parent, path)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn field(&self, field: &Field, parent: &str, path: &str) -> Result<(), WireError> {
        let found = self
            .registry
            .types
            .get(parent)
            .and_then(|parent| parent.field_by_name(&field.name.node));
        let Some(found) = found else { return Ok(()) };
        let path = format!("{path}.selectionSet.{}", field.response_key().node);
        for (name, value) in &field.arguments {
            if let Some(argument) = found.args.get(name.node.as_str()) {
                let path = format!("{path}.args.{}", name.node);
                self.value(&value.node, &argument.ty, argument.default_value.is_some(), &path)?;
            }
        }
        self.selection_set(&field.selection_set.node, named(&found.ty), &path)
    }

    fn value(&self, value: &Value, expected: &str, has_default: bool, path: &str) -> Result<(), WireError> {
        match value {
            Value::Variable(name) => {
                let definitions = &self.document.operation().variable_definitions;
                let definition = definitions
                    .iter()
                    .find(|definition| definition.node.name.node == *name);
                match definition {
                    Some(definition) if !fits(&definition.node, expected, has_default) => {
                        let message = format!(
                            "variable '{name}' is declared as '{}', but used where '{expected}' is expected",
                            definition.node.var_type.node
                        );
                        Err(WireError::validation(path, message))
                    }
                    _ => Ok(()),
                }
            }
            Value::List(values) => {
                let element = element(nullable(expected)).unwrap_or(expected);
                values.iter().enumerate().try_for_each(|(index, value)| {
                    self.value(value, element, false, &format!("{path}[{index}]"))
                })
            }
            Value::Object(entries) => {
                let Some(MetaType::InputObject { input_fields, .. }) =
                    self.registry.types.get(named(expected))
                else {
                    return Ok(());
                };
                entries
                    .iter()
                    .try_for_each(|(key, value)| match input_fields.get(key.as_str()) {
                        Some(field) => {
                            let has_default = field.default_value.is_some();
                            self.value(value, &field.ty, has_default, &format!("{path}.{key}"))
                        }
                        None => Ok(()),
                    })
            }
            _ => Ok(()),
        }
    }
}

/// A default, of the variable or of the place, stands in for a value that is missing.
fn fits(definition: &VariableDefinition, expected: &str, has_default: bool) -> bool {
    let declared = definition.var_type.node.to_string();
    let default = definition.default_value.as_ref().map(|default| &default.node);
    let filled = has_default || default.is_some_and(|default| *default != async_graphql::Value::Null);
    match expected.strip_suffix('!') {
        Some(inner) if filled => is_compatible(&declared, inner),
        _ => is_compatible(&declared, expected),
    }
}

fn is_compatible(declared: &str, expected: &str) -> bool {
    match (declared.strip_suffix('!'), expected.strip_suffix('!')) {
        (Some(declared), Some(expected)) => is_compatible(declared, expected),
        (None, Some(_)) => false,
        (Some(declared), None) => is_compatible(declared, expected),
        (None, None) => match (element(declared), element(expected)) {
            (Some(declared), Some(expected)) => is_compatible(declared, expected),
            (None, None) => declared == expected,
            _ => false,
        },
    }
}

fn nullable(type_name: &str) -> &str {
    type_name.strip_suffix('!').unwrap_or(type_name)
}

fn element(type_name: &str) -> Option<&str> {
    type_name.strip_prefix('[')?.strip_suffix(']')
}

/// The type inside all lists.
fn named(type_name: &str) -> &str {
    type_name.trim_matches(['[', ']', '!'])
}

#[cfg(test)]
mod tests {
    use super::is_compatible;

    #[test]
    fn types_fit_as_the_specification_says() {
        for (declared, expected, fits) in [
            ("uuid!", "uuid!", true),
            ("uuid!", "uuid", true),
            ("uuid", "uuid!", false),
            ("Int!", "uuid!", false),
            ("[uuid!]!", "[uuid!]", true),
            ("[uuid]", "[uuid!]", false),
            ("uuid", "[uuid]", false),
            ("[uuid]", "uuid", false),
        ] {
            assert_eq!(
                is_compatible(declared, expected),
                fits,
                "{declared} for {expected}"
            );
        }
    }
}
