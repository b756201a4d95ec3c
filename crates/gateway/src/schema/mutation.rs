//! Root fields that write a table, their inputs and answers.

use async_graphql::Value;
use async_graphql::dynamic::{Enum, EnumItem, Field, InputObject, InputValue, Object, TypeRef};
use portico_entity::catalogue::{Cardinality, Column, Relation, Table, catalogue};
use portico_query::permission::Role;
use portico_query::plan::build::MutationField;
use portico_query::plan::{mutation, update};

use super::{Types, input, json_field, row_field};
use crate::data;

/// The value of an enum that would be empty.
const PLACEHOLDER: &str = "_PLACEHOLDER";

/// The root fields that write a table.
pub(super) fn fields(role: &Role, table: &'static Table) -> Vec<Field> {
    MutationField::ALL
        .into_iter()
        .filter(|field| exists(role, table, *field))
        .map(|field| root_field(role, table, field))
        .collect()
}

fn exists(role: &Role, table: &Table, field: MutationField) -> bool {
    let reads = role.select(table).is_some();
    match field {
        MutationField::InsertOne => reads && role.insert(table).is_some(),
        MutationField::Insert => role.insert(table).is_some(),
        MutationField::UpdateByKey | MutationField::Update | MutationField::UpdateMany => {
            role.update(table).is_some()
        }
        MutationField::DeleteByKey | MutationField::Delete => role.delete(table).is_some(),
    }
}

fn root_field(role: &Role, table: &'static Table, field: MutationField) -> Field {
    let response = mutation::response_type(table);
    let type_ref = match field {
        field if field.answers_row() => TypeRef::named(table.type_name),
        MutationField::UpdateMany => TypeRef::named_list(response),
        _ => TypeRef::named(response),
    };
    let what = match field {
        MutationField::InsertOne => "insert a single row into the table",
        MutationField::Insert => "insert data into the table",
        MutationField::UpdateByKey => "update single row of the table",
        MutationField::Update => "update data of the table",
        MutationField::UpdateMany => "update multiples rows of table",
        MutationField::DeleteByKey => "delete single row from the table",
        MutationField::Delete => "delete data from the table",
    };
    let root =
        data::root_field(&field.name(table), type_ref).description(format!("{what}: \"auth.{}\"", table.sql));
    arguments(role, table, field)
        .into_iter()
        .fold(root, Field::argument)
}

fn arguments(role: &Role, table: &'static Table, field: MutationField) -> Vec<InputValue> {
    let name = |suffix: &str| format!("{}_{suffix}", table.type_name);
    let rows = InputValue::new("where", TypeRef::named_nn(name("bool_exp")))
        .description("filter the rows which have to be written");
    let conflict =
        InputValue::new("on_conflict", TypeRef::named(name("on_conflict"))).description("upsert condition");
    match field {
        MutationField::InsertOne => {
            let object = InputValue::new("object", TypeRef::named_nn(name("insert_input")));
            vec![object.description("the row to be inserted"), conflict]
        }
        MutationField::Insert => {
            let objects = InputValue::new("objects", TypeRef::named_nn_list_nn(name("insert_input")));
            vec![objects.description("the rows to be inserted"), conflict]
        }
        MutationField::UpdateByKey => {
            let key = InputValue::new("pk_columns", TypeRef::named_nn(name("pk_columns_input")))
                .description("the row to be changed");
            operators(role, table).chain([key]).collect()
        }
        MutationField::Update => operators(role, table).chain([rows]).collect(),
        MutationField::UpdateMany => {
            let updates = InputValue::new("updates", TypeRef::named_nn_list_nn(name("updates")));
            vec![updates.description("updates to execute, in order")]
        }
        MutationField::DeleteByKey => mutation::key_columns(table).map(input::key_value).collect(),
        MutationField::Delete => vec![rows],
    }
}

/// The operators by which the role can change the table.
fn operators(role: &Role, table: &'static Table) -> impl Iterator<Item = InputValue> {
    let present = update::OPERATORS
        .into_iter()
        .filter(move |operator| changeable(role, table, operator).next().is_some());
    let argument = |operator: &str| {
        let type_ref = TypeRef::named(format!("{}{operator}_input", table.type_name));
        InputValue::new(operator, type_ref).description(description(operator, table))
    };
    present.map(argument).collect::<Vec<_>>().into_iter()
}

/// The columns that an operator can change, if there are any.
fn changeable<'a>(
    role: &'a Role,
    table: &'static Table,
    operator: &'a str,
) -> impl Iterator<Item = &'static Column> + 'a {
    let permission = role.update(table);
    table.columns.iter().filter(move |column| {
        update::applies(operator, column.scalar)
            && permission.is_some_and(|permission| permission.writes(column))
    })
}

/// Registers inputs and answers of the role's mutations of a table.
pub(super) fn types(mut types: Types, role: &Role, table: &'static Table) -> Types {
    let writes = |field| exists(role, table, field);
    if [
        MutationField::Insert,
        MutationField::Update,
        MutationField::Delete,
    ]
    .into_iter()
    .any(writes)
    {
        types = types.with(response(role, table));
    }
    if writes(MutationField::Update) {
        types = changes(types, role, table);
    }
    if writes(MutationField::Insert) {
        types = inserts(types, role, table);
    }
    types
}

fn response(role: &Role, table: &'static Table) -> Object {
    let object = Object::new(mutation::response_type(table))
        .description(format!(
            "response of any mutation on the table \"auth.{}\"",
            table.sql
        ))
        .field(
            json_field("affected_rows", TypeRef::named_nn(TypeRef::INT))
                .description("number of rows affected by the mutation"),
        );
    match role.select(table) {
        Some(_) => object.field(
            row_field("returning", TypeRef::named_nn_list_nn(table.type_name))
                .description("data from the rows affected by the mutation"),
        ),
        None => object,
    }
}

fn changes(mut types: Types, role: &Role, table: &'static Table) -> Types {
    let key = InputObject::new(format!("{}_pk_columns_input", table.type_name))
        .description(format!("primary key columns of table \"auth.{}\"", table.sql));
    types = types.with(
        mutation::key_columns(table)
            .map(input::key_value)
            .fold(key, InputObject::field),
    );
    for operator in update::OPERATORS {
        let mut columns = changeable(role, table, operator).peekable();
        if columns.peek().is_none() {
            continue;
        }
        let name = format!("{}{operator}_input", table.type_name);
        let input = InputObject::new(name).description(description(operator, table));
        types = types.with(columns.fold(input, |input, column| {
            let type_ref = match operator {
                "_delete_key" => TypeRef::named(TypeRef::STRING),
                "_delete_elem" => TypeRef::named(TypeRef::INT),
                "_delete_at_path" => TypeRef::named_nn_list(TypeRef::STRING),
                _ => TypeRef::named(column.scalar.graphql()),
            };
            input.field(input::value(column, type_ref))
        }));
    }
    let rows = InputValue::new(
        "where",
        TypeRef::named_nn(format!("{}_bool_exp", table.type_name)),
    )
    .description("filter the rows which have to be updated");
    let updates = InputObject::new(format!("{}_updates", table.type_name))
        .description(format!("one of several updates of table \"auth.{}\"", table.sql));
    types.with(
        operators(role, table)
            .chain([rows])
            .fold(updates, InputObject::field),
    )
}

/// What an operator of an update does.
fn description(operator: &str, table: &Table) -> String {
    match operator {
        "_set" => format!("input type for updating data in table \"auth.{}\"", table.sql),
        "_inc" => "increments numeric columns by the given values".into(),
        "_append" => "appends the given JSON to JSON columns".into(),
        "_prepend" => "puts the given JSON before what JSON columns hold".into(),
        "_delete_key" => "deletes the key from JSON columns".into(),
        "_delete_elem" => {
            "deletes the array element at the index from JSON columns, counted from the end when negative"
                .into()
        }
        _ => "deletes what is at the path from JSON columns".into(),
    }
}

fn inserts(mut types: Types, role: &Role, table: &'static Table) -> Types {
    let name = |suffix: &str| format!("{}_{suffix}", table.type_name);
    types = types
        .with(insert_input(role, table))
        .with(constraint(table))
        .with(update_column(role, table))
        .with(on_conflict(role, table));
    for (cardinality, kind) in [(Cardinality::Object, "obj"), (Cardinality::Array, "arr")] {
        if !leads_here(role, table, cardinality) {
            continue;
        }
        let data = match cardinality {
            Cardinality::Object => TypeRef::named_nn(name("insert_input")),
            Cardinality::Array => TypeRef::named_nn_list_nn(name("insert_input")),
        };
        let conflict = TypeRef::named(name("on_conflict"));
        let input = InputObject::new(name(&format!("{kind}_rel_insert_input")))
            .description(format!(
                "input type for inserting {} relation for remote table \"auth.{}\"",
                match cardinality {
                    Cardinality::Object => "object",
                    Cardinality::Array => "array",
                },
                table.sql
            ))
            .field(InputValue::new("data", data))
            .field(InputValue::new("on_conflict", conflict).description("upsert condition"));
        types = types.with(input);
    }
    types
}

/// Whether a row that the role can insert has such a relationship to this table.
fn leads_here(role: &Role, table: &Table, cardinality: Cardinality) -> bool {
    catalogue()
        .tables
        .iter()
        .filter(|from| role.insert(from).is_some())
        .flat_map(|from| &from.relations)
        .any(|relation| relation.target == table.type_name && relation.cardinality == cardinality)
}

fn insert_input(role: &Role, table: &'static Table) -> InputObject {
    let mut input = InputObject::new(format!("{}_insert_input", table.type_name)).description(format!(
        "input type for inserting data into table \"auth.{}\"",
        table.sql
    ));
    let permission = role.insert(table);
    for column in &table.columns {
        if permission.is_some_and(|permission| permission.writes(column)) {
            let type_ref = TypeRef::named(column.scalar.graphql());
            input = input.field(input::value(column, type_ref));
        }
    }
    for (relation, target) in insertable(role, table) {
        let kind = match relation.cardinality {
            Cardinality::Object => "obj",
            Cardinality::Array => "arr",
        };
        let type_ref = TypeRef::named(format!("{}_{kind}_rel_insert_input", target.type_name));
        input = input.field(InputValue::new(relation.name, type_ref));
    }
    input
}

/// Relationships to tables that the role can add to.
fn insertable<'a>(
    role: &'a Role,
    table: &'static Table,
) -> impl Iterator<Item = (&'static Relation, &'static Table)> + 'a {
    table.relations.iter().filter_map(|relation| {
        let target = catalogue().table(relation.target)?;
        role.insert(target).map(|_| (relation, target))
    })
}

fn constraint(table: &'static Table) -> Enum {
    let items = table.uniques.iter().map(|unique| {
        let columns: Vec<String> = unique
            .columns
            .iter()
            .map(|column| format!("\"{column}\""))
            .collect();
        EnumItem::new(unique.name).description(format!(
            "unique or primary key constraint on columns {}",
            columns.join(", ")
        ))
    });
    Enum::new(format!("{}_constraint", table.type_name))
        .description(format!(
            "unique or primary key constraints on table \"auth.{}\"",
            table.sql
        ))
        .items(items)
}

fn update_column(role: &Role, table: &'static Table) -> Enum {
    let found = Enum::new(format!("{}_update_column", table.type_name))
        .description(format!("update columns of table \"auth.{}\"", table.sql));
    let columns: Vec<EnumItem> = changeable(role, table, "_set")
        .map(|column| EnumItem::new(&column.name).description("column name"))
        .collect();
    match columns.is_empty() {
        true => found.item(EnumItem::new(PLACEHOLDER).description("placeholder (do not use)")),
        false => found.items(columns),
    }
}

fn on_conflict(role: &Role, table: &'static Table) -> InputObject {
    let name = |suffix: &str| format!("{}_{suffix}", table.type_name);
    let none = Value::List(Vec::new());
    let columns = TypeRef::named_nn_list_nn(name("update_column"));
    let input = InputObject::new(name("on_conflict"))
        .description(format!(
            "on_conflict condition type for table \"auth.{}\"",
            table.sql
        ))
        .field(InputValue::new(
            "constraint",
            TypeRef::named_nn(name("constraint")),
        ))
        .field(InputValue::new("update_columns", columns).default_value(none));
    match role.select(table) {
        Some(_) => input.field(InputValue::new("where", TypeRef::named(name("bool_exp")))),
        None => input,
    }
}
