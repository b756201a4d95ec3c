//! The object type of a table and its root fields.

use async_graphql::dynamic::{Field, InputValue, Object, TypeRef};
use portico_entity::catalogue::{Cardinality, Column, Relation, Scalar, Table};
use portico_query::permission::Role;
use portico_query::plan::mutation;

use super::input::{self, lists, readable, relations};
use super::{Types, aggregate, any_json_field, group_by, json_field, row_field};
use crate::data;

/// Registers the type of a table and its inputs.
pub(super) fn types(types: Types, role: &Role, table: &'static Table) -> Types {
    let types = group_by::types(
        aggregate::types(types.with(object(role, table)), role, table),
        role,
        table,
    );
    input::types(types, role, table)
}

/// The root fields that read a table.
pub(super) fn query_fields(role: &Role, table: &'static Table) -> Vec<Field> {
    let Some(permission) = role.select(table) else {
        return Vec::new();
    };
    let fetch = format!("fetch data from the table: \"auth.{}\"", table.sql);
    let mut fields = Vec::new();
    if permission.query.list {
        let list = data::root_field(table.plural, TypeRef::named_nn_list_nn(table.type_name));
        fields.push(window(role, list, table).description(&fetch));
    }
    fields.extend(aggregate::query_field(role, table));
    fields.extend(group_by::query_field(role, table));
    if permission.query.by_key && permission.reads_key(table) {
        let mut one = data::root_field(table.singular, TypeRef::named(table.type_name))
            .description(format!("{fetch} using primary key columns"));
        for column in mutation::key_columns(table) {
            one = one.argument(input::key_value(column));
        }
        fields.push(one);
    }
    if table.type_name == "users" {
        let me = data::root_field("me", TypeRef::named(table.type_name));
        fields.push(me.description("the user who asks; there has to be one"));
    }
    fields
}

/// Adds the arguments of a list.
pub(super) fn window(role: &Role, field: Field, table: &'static Table) -> Field {
    let order_by = TypeRef::named_nn_list(format!("{}_order_by", table.type_name));
    let bool_exp = TypeRef::named(format!("{}_bool_exp", table.type_name));
    let field = match aggregate::select_columns(role, table) {
        Some(columns) => {
            let columns = InputValue::new("distinct_on", columns);
            field.argument(columns.description("distinct select on columns"))
        }
        None => field,
    };
    [
        InputValue::new("limit", TypeRef::named(TypeRef::INT))
            .description("limit the number of rows returned"),
        InputValue::new("offset", TypeRef::named(TypeRef::INT))
            .description("skip the first n rows. Use only with order_by"),
        InputValue::new("order_by", order_by).description("sort the rows by one or more columns"),
        InputValue::new("where", bool_exp).description("filter the rows returned"),
    ]
    .into_iter()
    .fold(field, Field::argument)
}

fn object(role: &Role, table: &'static Table) -> Object {
    let mut object = Object::new(table.type_name).description(match table.comment {
        "" => format!("columns and relationships of \"auth.{}\"", table.sql),
        comment => comment.to_owned(),
    });
    for column in readable(role, table) {
        let nullable = column.nullable || role.masks_column(table, column.sql);
        object = object.field(column_field(column, nullable));
    }
    for (relation, target) in relations(role, table) {
        object = object.field(relation_field(role, table, relation, target));
    }
    for (relation, target) in lists(role, table).filter(|(_, target)| aggregate::allowed(role, target)) {
        let name = format!("{}_aggregate", relation.name);
        let type_ref = TypeRef::named_nn(format!("{}_aggregate", target.type_name));
        let field = window(role, row_field(&name, type_ref), target);
        object = object.field(field.description("An aggregate relationship"));
    }
    object
}

fn column_field(column: &Column, nullable: bool) -> Field {
    let scalar = column.scalar.graphql();
    let type_ref = match nullable {
        true => TypeRef::named(scalar),
        false => TypeRef::named_nn(scalar),
    };
    let field = match column.scalar {
        Scalar::Jsonb => {
            let path = InputValue::new("path", TypeRef::named(TypeRef::STRING));
            any_json_field(&column.name, type_ref).argument(path.description("JSON select path"))
        }
        _ => json_field(&column.name, type_ref),
    };
    field.description(column.comment)
}

/// An object relationship is not null only where the role sees every row on its other side, and the columns
/// that lead there.
fn relation_field(role: &Role, table: &Table, relation: &Relation, target: &'static Table) -> Field {
    let name = target.type_name;
    match relation.cardinality {
        Cardinality::Array => {
            let field = row_field(relation.name, TypeRef::named_nn_list_nn(name));
            window(role, field, target).description("An array relationship")
        }
        Cardinality::Object => {
            let all = role
                .select(target)
                .is_some_and(|permission| permission.filter.is_true());
            let masked = role.masks_column(table, relation.from) || role.masks_column(target, relation.to);
            let type_ref = match relation.required && all && !masked {
                true => TypeRef::named_nn(name),
                false => TypeRef::named(name),
            };
            row_field(relation.name, type_ref).description("An object relationship")
        }
    }
}
