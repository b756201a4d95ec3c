//! How much of a schema a request asks for. Types lead to fields and those to types again: with each turn the answer
//! grows many times, so that it is counted before it is made.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_graphql::registry::{MetaDirective, MetaField, MetaInputValue, MetaType, MetaTypeName, Registry};
use portico_query::request::{Input, Selection, Variables};

use crate::error::WireError;

/// Values of all introspection of a request: more than three times what tools ask for of the largest schema.
const MOST_VALUES: usize = 150_000;

/// The values of introspection that a request has asked for so far, all elements of a batch together.
#[derive(Debug, Default)]
pub(crate) struct Extent(AtomicUsize);

impl Clone for Extent {
    fn clone(&self) -> Self {
        Self(AtomicUsize::new(self.0.load(Ordering::Relaxed)))
    }
}

impl Extent {
    /// Adds what root fields ask for.
    pub(crate) fn add(
        &self,
        registry: &Registry,
        selections: &[Selection],
        variables: &Variables,
    ) -> Result<(), WireError> {
        let mut count = Count {
            registry,
            left: MOST_VALUES.saturating_sub(self.0.load(Ordering::Relaxed)),
        };
        let counted = selections.iter().try_for_each(|selection| {
            let asked = match selection.name.as_str() {
                "__schema" => Some(Part::Schema),
                "__type" => type_name(selection, variables).map(Part::Type),
                _ => None,
            };
            asked.map_or(Ok(()), |part| count.part(part, &selection.selections))
        });
        self.0.store(MOST_VALUES - count.left, Ordering::Relaxed);
        counted.map_err(|TooMuch| {
            let message =
                format!("too much of the schema is asked for: no more than {MOST_VALUES} values are allowed");
            WireError::validation("$.query", message)
        })
    }
}

fn type_name<'r>(selection: &'r Selection, variables: &'r Variables) -> Option<&'r str> {
    let (_, name) = selection.arguments.iter().find(|(name, _)| name == "name")?;
    match name {
        Input::String(name) => Some(name),
        Input::Variable(variable) => variables.get(variable)?.as_str(),
        _ => None,
    }
}

/// What introspection selects from.
#[derive(Clone, Copy)]
enum Part<'s> {
    Schema,
    /// By its name, in whatever lists.
    Type(&'s str),
    Field(&'s MetaField),
    Input(&'s MetaInputValue),
    Directive(&'s MetaDirective),
    EnumValue,
}

impl<'s> Part<'s> {
    /// The parts in a member of this one; none where the member is a plain value. What is deprecated is there even
    /// if it is not asked for.
    fn member(self, registry: &'s Registry, name: &str) -> Vec<Part<'s>> {
        match (self, name) {
            (Self::Schema, "types") => registry.types.keys().map(|name| Part::Type(name)).collect(),
            (Self::Schema, "queryType") => vec![Part::Type(&registry.query_type)],
            (Self::Schema, "mutationType") => types(&registry.mutation_type),
            (Self::Schema, "subscriptionType") => types(&registry.subscription_type),
            (Self::Schema, "directives") => registry.directives.values().map(Part::Directive).collect(),
            (Self::Type(reference), member) => match MetaTypeName::create(reference) {
                MetaTypeName::Named(name) => of_type(registry, name, member),
                MetaTypeName::NonNull(inner) | MetaTypeName::List(inner) if member == "ofType" => {
                    vec![Part::Type(inner)]
                }
                _ => Vec::new(),
            },
            (Self::Field(field), "type") => vec![Part::Type(&field.ty)],
            (Self::Input(input), "type") => vec![Part::Type(&input.ty)],
            (Self::Field(field), "args") => field.args.values().map(Part::Input).collect(),
            (Self::Directive(directive), "args") => directive.args.values().map(Part::Input).collect(),
            _ => Vec::new(),
        }
    }
}

fn of_type<'s>(registry: &'s Registry, name: &str, member: &str) -> Vec<Part<'s>> {
    let Some(found) = registry.types.get(name) else {
        return Vec::new();
    };
    match (member, found) {
        ("fields", MetaType::Object { fields, .. } | MetaType::Interface { fields, .. }) => {
            fields.values().map(Part::Field).collect()
        }
        ("inputFields", MetaType::InputObject { input_fields, .. }) => {
            input_fields.values().map(Part::Input).collect()
        }
        ("enumValues", MetaType::Enum { enum_values, .. }) => vec![Part::EnumValue; enum_values.len()],
        ("interfaces", MetaType::Object { .. }) => types(registry.implements.get(name).into_iter().flatten()),
        (
            "possibleTypes",
            MetaType::Interface { possible_types, .. } | MetaType::Union { possible_types, .. },
        ) => types(possible_types),
        _ => Vec::new(),
    }
}

fn types<'s>(names: impl IntoIterator<Item = &'s String>) -> Vec<Part<'s>> {
    names.into_iter().map(|name| Part::Type(name)).collect()
}

struct TooMuch;

/// Goes through a schema as whoever answers does, until nothing is left.
struct Count<'s> {
    registry: &'s Registry,
    left: usize,
}

impl Count<'_> {
    fn part(&mut self, part: Part<'_>, selections: &[Selection]) -> Result<(), TooMuch> {
        self.one()?;
        for selection in selections {
            self.one()?;
            for inner in part.member(self.registry, &selection.name) {
                self.part(inner, &selection.selections)?;
            }
        }
        Ok(())
    }

    fn one(&mut self) -> Result<(), TooMuch> {
        self.left = self.left.checked_sub(1).ok_or(TooMuch)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use portico_entity::catalogue::catalogue;
    use portico_query::permission::{ADMIN, Permissions};

    use super::*;
    use crate::document::{self, Document, DocumentLimits};
    use crate::introspection::WHOLE;
    use crate::schema::RoleSchema;

    fn admin() -> RoleSchema {
        let permissions = Permissions::embedded(catalogue()).unwrap();
        RoleSchema::build(permissions.role(ADMIN), &permissions.role("user"), 1 << 20).unwrap()
    }

    fn selections(text: &str) -> Vec<Selection> {
        let document = Document::parse(text, None, &DocumentLimits::default()).unwrap();
        let set = &document.operation().selection_set.node;
        document::selections(&document.parsed, set, &Variables::new())
    }

    #[test]
    fn what_tools_ask_for_fits_three_times_and_not_for_ever() {
        let (admin, whole, extent) = (admin(), selections(WHOLE), Extent::default());
        let add = || extent.add(admin.schema.registry(), &whole, &Variables::new());
        for _ in 0..3 {
            add().unwrap();
        }
        assert!((0..10).any(|_| add().is_err()));
    }

    #[test]
    fn as_much_is_counted_as_is_answered() {
        let admin = admin();
        for (text, values) in [
            (
                "{ __type(name: \"order_by\") { name enumValues { name } } }",
                3 + 6 * 2,
            ),
            ("{ __type(name: \"order_by\") { name ofType { name } } }", 3),
            ("{ __type(name: \"nothing\") { name } }", 2),
            ("{ __schema { queryType { name name other: name } } }", 2 + 4),
            ("query { __typename }", 0),
        ] {
            let extent = Extent::default();
            extent
                .add(admin.schema.registry(), &selections(text), &Variables::new())
                .unwrap();
            assert_eq!(extent.0.load(Ordering::Relaxed), values, "{text}");
        }
    }
}
