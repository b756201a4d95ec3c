//! Inputs of a table: values of columns, conditions and orders.

use async_graphql::dynamic::{InputObject, InputValue, TypeRef};
use portico_entity::catalogue::{Cardinality, Column, Relation, Table, catalogue};
use portico_query::permission::Role;

use super::{Types, aggregate};

/// Registers the inputs that the role may give for a table.
pub(super) fn types(types: Types, role: &Role, table: &'static Table) -> Types {
    types.with(bool_exp(role, table)).with(order_by(role, table))
}

/// A value for a column, with what is said of the column.
pub(super) fn value(column: &Column, type_ref: TypeRef) -> InputValue {
    InputValue::new(&column.name, type_ref).description(column.comment)
}

/// A value that finds the row by a column of its key.
pub(super) fn key_value(column: &Column) -> InputValue {
    value(column, TypeRef::named_nn(column.scalar.graphql()))
}

/// Relationships to tables that the role can read.
pub(super) fn relations<'a>(
    role: &'a Role,
    table: &'static Table,
) -> impl Iterator<Item = (&'static Relation, &'static Table)> + 'a {
    table.relations.iter().filter_map(|relation| {
        let target = catalogue().table(relation.target)?;
        role.select(target).map(|_| (relation, target))
    })
}

/// Array relationships to tables that the role can read.
pub(super) fn lists<'a>(
    role: &'a Role,
    table: &'static Table,
) -> impl Iterator<Item = (&'static Relation, &'static Table)> + 'a {
    relations(role, table).filter(|(relation, _)| relation.cardinality == Cardinality::Array)
}

fn bool_exp(role: &Role, table: &'static Table) -> InputObject {
    let name = format!("{}_bool_exp", table.type_name);
    let mut input = InputObject::new(&name)
        .description(format!(
            "Boolean expression to filter rows from the table \"auth.{}\". All fields are combined with a logical 'AND'.",
            table.sql
        ))
        .field(InputValue::new("_and", TypeRef::named_nn_list(&name)))
        .field(InputValue::new("_or", TypeRef::named_nn_list(&name)))
        .field(InputValue::new("_not", TypeRef::named(&name)));
    for column in readable(role, table) {
        let comparison = format!("{}_comparison_exp", column.scalar.graphql());
        input = input.field(InputValue::new(&column.name, TypeRef::named(comparison)));
    }
    for (relation, target) in relations(role, table) {
        let target = format!("{}_bool_exp", target.type_name);
        input = input.field(InputValue::new(relation.name, TypeRef::named(target)));
    }
    for (relation, target) in lists(role, table).filter(|(_, target)| aggregate::allowed(role, target)) {
        let name = format!("{}_aggregate", relation.name);
        let target = format!("{}_aggregate_bool_exp", target.type_name);
        input = input.field(InputValue::new(name, TypeRef::named(target)));
    }
    input
}

fn order_by(role: &Role, table: &'static Table) -> InputObject {
    let mut input = InputObject::new(format!("{}_order_by", table.type_name)).description(format!(
        "Ordering options when selecting data from \"auth.{}\".",
        table.sql
    ));
    for column in readable(role, table) {
        input = input.field(InputValue::new(&column.name, TypeRef::named("order_by")));
    }
    let objects = relations(role, table).filter(|(relation, _)| relation.cardinality == Cardinality::Object);
    for (relation, target) in objects {
        let target = format!("{}_order_by", target.type_name);
        input = input.field(InputValue::new(relation.name, TypeRef::named(target)));
    }
    for (relation, target) in lists(role, table) {
        let name = format!("{}_aggregate", relation.name);
        let target = format!("{}_aggregate_order_by", target.type_name);
        input = input.field(InputValue::new(name, TypeRef::named(target)));
    }
    input
}

/// The columns of a table that the role can read.
pub(super) fn readable<'a>(
    role: &'a Role,
    table: &'static Table,
) -> impl Iterator<Item = &'static Column> + 'a {
    let permission = role.select(table);
    table
        .columns
        .iter()
        .filter(move |column| permission.is_some_and(|permission| permission.reads(column)))
}
