//! One GraphQL schema a role, made from the catalogue and the role's permissions, never by hand.

mod aggregate;
mod aggregate_input;
mod group_by;
mod input;
mod mutation;
mod scalar;
mod shortcut;
mod table;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_graphql::dynamic::{
    Field, FieldFuture, FieldValue, Object, ResolverContext, Schema, SchemaBuilder, SchemaError, TypeRef,
};
use async_graphql::registry::MetaType;
use portico_entity::catalogue::{Table, catalogue};
use portico_query::permission::Role;

use crate::operation::{self, Runner};
use crate::plan_cache::PlanCache;

pub(crate) use shortcut::{KnownToBeValid, StopBeforeExecution};

/// The schema of a role with the permissions it was made from.
#[derive(Debug)]
pub struct RoleSchema {
    /// The role.
    pub role: Arc<Role>,
    /// Its schema.
    pub schema: Schema,
    /// The operations among its mutations.
    pub(crate) operations: HashMap<&'static str, Runner>,
    /// What was prepared for it so far.
    pub plans: PlanCache,
}

impl RoleSchema {
    /// Builds the schema of a role. `signed_in` is the default role of new users: a role that reads no user
    /// still meets the one it signs in, and their tables by the type of that role. Plans take at most
    /// `cache_bytes`.
    pub fn build(role: Arc<Role>, signed_in: &Role, cache_bytes: u64) -> Result<Self, SchemaError> {
        let mut query = Object::new("query_root").description("what can be read");
        let mut mutation = Object::new("mutation_root").description("what can be changed and done");
        let mut types = Types::default();
        for table in visible_tables(&role) {
            for field in table::query_fields(&role, table) {
                query = query.field(field);
            }
        }
        for table in &catalogue().tables {
            for field in mutation::fields(&role, table) {
                mutation = mutation.field(field);
            }
            types = mutation::types(types, &role, table);
        }
        let reader = if visible_tables(&role).next().is_some() {
            role.as_ref()
        } else {
            signed_in
        };
        for table in visible_tables(reader) {
            types = table::types(types, reader, table);
        }
        for operation in operation::queries(&role) {
            query = query.field(operation.into_query());
        }
        let mut operations = HashMap::new();
        for operation in operation::mutations(&role) {
            let (field, runner) = operation.into_mutation();
            mutation = mutation.field(field);
            operations.insert(runner.name, runner);
        }
        let users = visible_tables(reader).any(|table| table.type_name == "users");
        types = operation::types(types, &role, users);
        let builder = Schema::build("query_root", Some("mutation_root"), None)
            .register(query)
            .register(mutation)
            .disable_suggestions()
            .extension(shortcut::Shortcuts);
        let builder = scalar::register(types).into_builder(builder);
        let schema = builder.finish()?;
        let plans = PlanCache::new(cache_bytes, enum_values(&schema));
        Ok(Self {
            role,
            schema,
            operations,
            plans,
        })
    }

    /// The schema in GraphQL's schema language, everything in alphabetical order.
    pub fn sdl(&self) -> String {
        let options = async_graphql::SDLExportOptions::new()
            .sorted_fields()
            .sorted_arguments()
            .sorted_enum_items()
            .include_specified_by();
        self.schema.sdl_with_options(options)
    }
}

fn enum_values(schema: &Schema) -> HashSet<String> {
    let mut values = HashSet::new();
    for found in schema.registry().types.values() {
        if let MetaType::Enum { enum_values, .. } = found {
            values.extend(enum_values.keys().cloned());
        }
    }
    values
}

/// The tables that exist for a role.
fn visible_tables(role: &Role) -> impl Iterator<Item = &'static Table> {
    catalogue()
        .tables
        .iter()
        .filter(|table| role.select(table).is_some())
}

/// Types under registration.
#[derive(Default)]
pub(crate) struct Types(Vec<async_graphql::dynamic::Type>);

impl Types {
    pub(crate) fn with(mut self, found: impl Into<async_graphql::dynamic::Type>) -> Self {
        self.0.push(found.into());
        self
    }

    fn into_builder(self, builder: SchemaBuilder) -> SchemaBuilder {
        self.0.into_iter().fold(builder, SchemaBuilder::register)
    }
}

/// A scalar field that takes its value from the parent's JSON by response name, as the data path made it.
pub(crate) fn json_field(name: &str, type_ref: TypeRef) -> Field {
    member_field(name, type_ref, |value| {
        async_graphql::Value::from_json(value).ok().map(FieldValue::value)
    })
}

/// A field of whatever JSON the data path made, null as well: a path that leads nowhere is null in a column that is not.
pub(crate) fn any_json_field(name: &str, type_ref: TypeRef) -> Field {
    Field::new(name, type_ref, |context| {
        let value = member(&context).cloned().unwrap_or_default();
        FieldFuture::Value(async_graphql::Value::from_json(value).ok().map(FieldValue::value))
    })
}

/// A field of rows that stay JSON for their own fields to read from.
pub(crate) fn row_field(name: &str, type_ref: TypeRef) -> Field {
    member_field(name, type_ref, rows)
}

fn member_field(
    name: &str,
    type_ref: TypeRef,
    value: fn(serde_json::Value) -> Option<FieldValue<'static>>,
) -> Field {
    Field::new(name, type_ref, move |context| {
        let member = member(&context).filter(|member| !member.is_null());
        FieldFuture::Value(member.and_then(|member| value(member.clone())))
    })
}

/// The value that the parent has under the response name of a field.
fn member<'v>(context: &ResolverContext<'v>) -> Option<&'v serde_json::Value> {
    let field = context.ctx.field();
    let key = field.alias().unwrap_or_else(|| field.name());
    let row = context.parent_value.downcast_ref::<serde_json::Value>()?;
    row.get(key)
}

/// A row or rows as the value of a field.
pub(crate) fn rows(value: serde_json::Value) -> Option<FieldValue<'static>> {
    match value {
        serde_json::Value::Null => None,
        serde_json::Value::Array(rows) => Some(FieldValue::list(rows.into_iter().map(FieldValue::owned_any))),
        row => Some(FieldValue::owned_any(row)),
    }
}

#[cfg(test)]
mod tests {
    use portico_query::permission::Permissions;

    use super::*;

    fn schema(role: &str) -> RoleSchema {
        let permissions = Permissions::embedded(catalogue()).unwrap();
        RoleSchema::build(permissions.role(role), &permissions.role("user"), 1 << 20).unwrap()
    }

    #[test]
    fn every_role_has_a_sound_schema() {
        let permissions = Permissions::embedded(catalogue()).unwrap();
        for role in permissions.names().chain(["nobody"]) {
            assert!(schema(role).sdl().contains("signInEmailPassword"), "{role}");
        }
    }

    #[test]
    fn a_column_without_a_grant_does_not_exist() {
        let (user, admin) = (schema("user").sdl(), schema("admin").sdl());
        assert!(admin.contains("attemptNumber") && !user.contains("attemptNumber"));
        assert!(!user.contains("deletedAt"));
    }

    #[test]
    fn everything_says_what_it_is() {
        let admin = schema("admin");
        for (name, found) in &admin.schema.registry().types {
            let described = match found {
                MetaType::Object { description, .. }
                | MetaType::InputObject { description, .. }
                | MetaType::Enum { description, .. } => description.is_some(),
                _ => true,
            };
            assert!(described || name.starts_with("__"), "{name}");
        }
        let said = |type_name: &str, member: &str| {
            let found = admin.schema.registry().types.get(type_name).unwrap();
            match found {
                MetaType::InputObject { input_fields, .. } => input_fields
                    .get(member)
                    .map(|input| input.description.clone().unwrap_or_default()),
                found => found
                    .field_by_name(member)
                    .map(|field| field.description.clone().unwrap_or_default()),
            }
        };
        for table in &catalogue().tables {
            for column in table.columns.iter().filter(|column| !column.secret) {
                assert!(!column.comment.is_empty(), "{}.{}", table.sql, column.sql);
                let wanted = Some(column.comment.to_owned());
                assert_eq!(said(table.type_name, &column.name), wanted);
                if column.is_input() && !table.append_only {
                    assert_eq!(
                        said(&format!("{}_insert_input", table.type_name), &column.name),
                        wanted
                    );
                    assert_eq!(
                        said(&format!("{}_set_input", table.type_name), &column.name),
                        wanted
                    );
                }
            }
        }
    }

    #[test]
    fn no_secret_is_in_any_schema() {
        for role in ["public", "anonymous", "user", "me", "admin"] {
            let sdl = schema(role).sdl();
            for table in &catalogue().tables {
                let start = sdl.find(&format!("\ntype {} {{", table.type_name));
                let Some(found) = start.and_then(|start| sdl.get(start..)) else {
                    continue;
                };
                let body = found.split('}').next().unwrap_or_default();
                for column in table.columns.iter().filter(|column| column.secret) {
                    assert!(
                        !body.contains(&format!("\t{}:", column.name)),
                        "{role}: {}",
                        column.name
                    );
                }
            }
        }
    }
}
