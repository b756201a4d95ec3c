//! What can be asked of a table's rows as a whole.

use async_graphql::dynamic::{Enum, EnumItem, Field, InputValue, Object, TypeRef};
use portico_entity::catalogue::{Column, Table};
use portico_query::permission::Role;
use portico_query::plan::aggregate::Function;
use portico_query::plan::build;

use super::input::readable;
use super::table::window;
use super::{Types, aggregate_input, json_field, row_field};
use crate::data;

/// Whether the role may ask a table's rows as a whole.
pub(super) fn allowed(role: &Role, table: &Table) -> bool {
    role.select(table)
        .is_some_and(|permission| permission.aggregations)
}

/// Whether the role may do so from the root.
pub(super) fn has_root(role: &Role, table: &Table) -> bool {
    role.select(table)
        .is_some_and(|permission| permission.aggregations && permission.query.aggregate)
}

/// The root field, if the role has it.
pub(super) fn query_field(role: &Role, table: &'static Table) -> Option<Field> {
    has_root(role, table).then(|| {
        let type_ref = TypeRef::named_nn(format!("{}_aggregate", table.type_name));
        let field = data::root_field(&build::aggregate_name(table), type_ref);
        window(role, field, table).description(format!(
            "fetch aggregated fields from the table: \"auth.{}\"",
            table.sql
        ))
    })
}

/// Registers the enum of a table's columns and, where the role may ask for them, the types of aggregates.
pub(super) fn types(mut types: Types, role: &Role, table: &'static Table) -> Types {
    let columns = || readable(role, table);
    if columns().next().is_some() {
        types = types.with(select_column(role, table));
    }
    types = aggregate_input::types(types, role, table);
    if !allowed(role, table) {
        return types;
    }
    let whole = format!("{}_aggregate", table.type_name);
    let fields = format!("{whole}_fields");
    types = types.with(
        Object::new(&whole)
            .description(format!("aggregated selection of \"auth.{}\"", table.sql))
            .field(
                row_field("aggregate", TypeRef::named(&fields)).description("what is computed over the rows"),
            )
            .field(
                row_field("nodes", TypeRef::named_nn_list_nn(table.type_name))
                    .description("the rows themselves"),
            ),
    );
    let mut object = Object::new(&fields)
        .description(format!("aggregate fields of \"auth.{}\"", table.sql))
        .field(count(role, table));
    for (name, function) in Function::ALL {
        let mut columns = columns().filter(|column| function.fits(column.scalar)).peekable();
        if columns.peek().is_none() {
            continue;
        }
        let type_name = format!("{}_{name}_fields", table.type_name);
        object = object.field(row_field(name, TypeRef::named(&type_name)));
        types = types.with(each(&type_name, name, function, columns));
    }
    types.with(object)
}

fn each(
    type_name: &str,
    name: &str,
    function: Function,
    columns: impl Iterator<Item = &'static Column>,
) -> Object {
    let object = Object::new(type_name).description(format!("aggregate {name} on columns"));
    columns.fold(object, |object, column| {
        let type_ref = TypeRef::named(function.graphql(column.scalar));
        object.field(json_field(&column.name, type_ref))
    })
}

fn count(role: &Role, table: &'static Table) -> Field {
    let field = json_field("count", TypeRef::named_nn(TypeRef::INT)).description("how many rows there are");
    let field = match select_columns(role, table) {
        Some(columns) => {
            let columns = InputValue::new("columns", columns);
            field.argument(columns.description("count only rows where none of these is null"))
        }
        None => field,
    };
    let distinct = InputValue::new("distinct", TypeRef::named(TypeRef::BOOLEAN));
    field.argument(distinct.description("count what the columns hold once, however often it occurs"))
}

/// The type of a list of a table's columns, if the role can read any.
pub(super) fn select_columns(role: &Role, table: &'static Table) -> Option<TypeRef> {
    let type_name = format!("{}_select_column", table.type_name);
    readable(role, table)
        .next()
        .map(|_| TypeRef::named_nn_list(type_name))
}

fn select_column(role: &Role, table: &'static Table) -> Enum {
    Enum::new(format!("{}_select_column", table.type_name))
        .description(format!("select columns of table \"auth.{}\"", table.sql))
        .items(readable(role, table).map(|column| EnumItem::new(&column.name).description("column name")))
}
