//! Rows in groups.

use async_graphql::dynamic::{Field, InputObject, InputValue, Object, TypeRef};
use portico_entity::catalogue::Table;
use portico_query::permission::Role;
use portico_query::plan::build;

use super::aggregate::has_root;
use super::input::readable;
use super::{Types, json_field, row_field};
use crate::data;

/// Whether the role may read a table's rows in groups.
pub(super) fn exists(role: &Role, table: &'static Table) -> bool {
    has_root(role, table) && readable(role, table).next().is_some()
}

/// The root field, if the role has it.
pub(super) fn query_field(role: &Role, table: &'static Table) -> Option<Field> {
    exists(role, table).then(|| {
        let name = table.type_name;
        let by = TypeRef::named_nn_list_nn(format!("{name}_select_column"));
        let order_by = TypeRef::named_nn_list(format!("{name}_group_by_order_by"));
        let type_ref = TypeRef::named_nn_list_nn(format!("{name}_group_by"));
        let arguments = [
            InputValue::new("by", by).description("columns that the rows of a group share"),
            InputValue::new("limit", TypeRef::named(TypeRef::INT))
                .description("limit the number of groups returned"),
            InputValue::new("offset", TypeRef::named(TypeRef::INT))
                .description("skip the first n groups. Use only with order_by"),
            InputValue::new("order_by", order_by)
                .description("sort the groups by what they share or what is computed over them"),
            InputValue::new("where", TypeRef::named(format!("{name}_bool_exp")))
                .description("filter the rows that are grouped"),
        ];
        let field = data::root_field(&build::group_by_name(table), type_ref);
        let field = field.description(format!(
            "fetch data in groups from the table: \"auth.{}\"",
            table.sql
        ));
        arguments.into_iter().fold(field, Field::argument)
    })
}

/// Registers the types of groups.
pub(super) fn types(types: Types, role: &Role, table: &'static Table) -> Types {
    if !exists(role, table) {
        return types;
    }
    let name = format!("{}_group_by", table.type_name);
    let [key, order, key_order] =
        ["key", "order_by", "key_order_by"].map(|suffix| format!("{name}_{suffix}"));
    let [aggregate, aggregate_order] =
        ["fields", "order_by"].map(|suffix| format!("{}_aggregate_{suffix}", table.type_name));
    let group = Object::new(&name)
        .description(format!("a group of rows of \"auth.{}\"", table.sql))
        .field(
            row_field("aggregate", TypeRef::named_nn(aggregate))
                .description("what is computed over the rows of the group"),
        )
        .field(row_field("key", TypeRef::named_nn(&key)).description("what the rows of the group share"));
    let input = InputObject::new(&order)
        .description(format!(
            "Ordering options when selecting groups from \"auth.{}\".",
            table.sql
        ))
        .field(InputValue::new("aggregate", TypeRef::named(aggregate_order)))
        .field(InputValue::new("key", TypeRef::named(&key_order)));
    let mut key = Object::new(&key)
        .description("what the rows of a group share: of the columns by which the groups are made");
    let mut key_input =
        InputObject::new(&key_order).description("order by columns by which the groups are made");
    for column in readable(role, table) {
        let type_ref = TypeRef::named(column.scalar.graphql());
        key = key.field(json_field(&column.name, type_ref).description(column.comment));
        key_input = key_input.field(InputValue::new(&column.name, TypeRef::named("order_by")));
    }
    types.with(group).with(key).with(input).with(key_input)
}
