//! Conditions on what is computed over the rows of array relationships, and orders by it and by what is computed
//! over groups.

use async_graphql::dynamic::{Enum, EnumItem, InputObject, InputValue, TypeRef};
use portico_entity::catalogue::{Column, Scalar, Table};
use portico_query::permission::Role;
use portico_query::plan::aggregate::Function;

use super::aggregate::{allowed, select_columns};
use super::input::{lists, readable};
use super::{Types, group_by, visible_tables};

/// Registers those of them that are used.
pub(super) fn types(mut types: Types, role: &Role, table: &'static Table) -> Types {
    let mut relations = visible_tables(role).flat_map(|from| lists(role, from));
    let is_listed = relations.any(|(_, target)| std::ptr::eq(target, table));
    if is_listed && allowed(role, table) {
        types = conditions(types, role, table);
    }
    match is_listed || group_by::exists(role, table) {
        true => orders(types, role, table),
        false => types,
    }
}

fn conditions(mut types: Types, role: &Role, table: &'static Table) -> Types {
    let name = format!("{}_aggregate_bool_exp", table.type_name);
    let columns = select_columns(role, table);
    let count = predicate(&format!("{name}_count"), table, "Int_comparison_exp", columns);
    let mut input = InputObject::new(&name)
        .description(format!(
            "conditions on what is computed over rows of \"auth.{}\"",
            table.sql
        ))
        .field(InputValue::new("count", TypeRef::named(count.type_name())));
    types = types.with(count);
    let booleans = || readable(role, table).filter(|column| column.scalar == Scalar::Boolean);
    if booleans().next().is_some() {
        for function in ["bool_and", "bool_or"] {
            let columns = boolean_columns(&name, table, function, booleans());
            let arguments = Some(TypeRef::named_nn(columns.type_name()));
            let exp = predicate(
                &format!("{name}_{function}"),
                table,
                "Boolean_comparison_exp",
                arguments,
            );
            input = input.field(InputValue::new(function, TypeRef::named(exp.type_name())));
            types = types.with(columns).with(exp);
        }
    }
    types.with(input)
}

fn predicate(name: &str, table: &Table, comparison: &str, arguments: Option<TypeRef>) -> InputObject {
    let rows = TypeRef::named(format!("{}_bool_exp", table.type_name));
    let input = InputObject::new(name).description(format!(
        "what is computed over rows of \"auth.{}\", and what has to hold of it",
        table.sql
    ));
    let input = match arguments {
        Some(arguments) => input.field(InputValue::new("arguments", arguments)),
        None => input,
    };
    input
        .field(InputValue::new("distinct", TypeRef::named(TypeRef::BOOLEAN)))
        .field(InputValue::new("filter", rows))
        .field(InputValue::new("predicate", TypeRef::named_nn(comparison)))
}

fn boolean_columns(
    exp: &str,
    table: &Table,
    function: &str,
    columns: impl Iterator<Item = &'static Column>,
) -> Enum {
    let name = format!(
        "{}_select_column_{exp}_{function}_arguments_columns",
        table.type_name
    );
    Enum::new(name)
        .description(format!(
            "select \"{exp}_{function}_arguments_columns\" columns of table \"auth.{}\"",
            table.sql
        ))
        .items(columns.map(|column| EnumItem::new(&column.name).description("column name")))
}

/// Registers the orders by what is computed over rows of a table.
fn orders(mut types: Types, role: &Role, table: &'static Table) -> Types {
    let mut input = InputObject::new(format!("{}_aggregate_order_by", table.type_name))
        .description(format!(
            "order by aggregate values of table \"auth.{}\"",
            table.sql
        ))
        .field(InputValue::new("count", TypeRef::named("order_by")));
    for (name, function) in Function::ALL {
        let mut columns = readable(role, table)
            .filter(|column| function.fits(column.scalar))
            .peekable();
        if columns.peek().is_none() {
            continue;
        }
        let type_name = format!("{}_{name}_order_by", table.type_name);
        let each = InputObject::new(&type_name).description(format!(
            "order by {name}() on columns of table \"auth.{}\"",
            table.sql
        ));
        let each = columns.fold(each, |each, column| {
            each.field(InputValue::new(&column.name, TypeRef::named("order_by")))
        });
        input = input.field(InputValue::new(name, TypeRef::named(&type_name)));
        types = types.with(each);
    }
    types.with(input)
}
