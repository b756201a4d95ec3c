//! Scalars, their comparison inputs, and the enum of directions.

use async_graphql::dynamic::{Enum, EnumItem, InputObject, InputValue, Scalar as ScalarType, TypeRef};
use portico_entity::catalogue::{Scalar, catalogue};
use portico_query::plan::{Direction, Operator};

use super::Types;

const PLAIN: [Scalar; 9] = [
    Scalar::Uuid,
    Scalar::String,
    Scalar::Citext,
    Scalar::Boolean,
    Scalar::Int,
    Scalar::Bigint,
    Scalar::Timestamptz,
    Scalar::Jsonb,
    Scalar::Bytea,
];

/// Registers every scalar with its comparison input.
pub(super) fn register(mut types: Types) -> Types {
    for (name, description) in [
        ("uuid", "A UUID, as in `0190b5c2-7a6e-7cc3-98c4-dc0c0c07398f`."),
        ("citext", "Text that compares without regard to case."),
        (
            "timestamptz",
            "A time in UTC, as in `2026-11-21T08:30:00.123456+00:00`.",
        ),
        ("jsonb", "Any JSON value."),
        ("bigint", "A 64-bit integer."),
        ("bytea", "Bytes, written as `\\x` and hex digits."),
    ] {
        types = types.with(ScalarType::new(name).description(description));
    }
    let directions = Direction::ALL
        .into_iter()
        .map(|(name, description, _)| EnumItem::new(name).description(description));
    types = types.with(
        Enum::new("order_by")
            .description("column ordering options")
            .items(directions),
    );
    for scalar in PLAIN {
        types = types.with(comparison(scalar));
    }
    types = types.with(
        InputObject::new("jsonb_cast_exp")
            .description("JSON as another type.")
            .field(InputValue::new("String", TypeRef::named("String_comparison_exp"))),
    );
    for table in catalogue().tables.iter().filter(|table| !table.values.is_empty()) {
        let name = format!("{}_enum", table.type_name);
        let values = Enum::new(name).description(format!("values of the table \"auth.{}\"", table.sql));
        types = types.with(values.items(table.values.iter().copied()));
        types = types.with(comparison(Scalar::Enum(table.type_name)));
    }
    types
}

fn comparison(scalar: Scalar) -> InputObject {
    let type_name = scalar.graphql();
    let mut input = InputObject::new(format!("{type_name}_comparison_exp")).description(format!(
        "Boolean expression to compare columns of type \"{type_name}\". All fields are combined with logical 'AND'."
    ));
    for (name, operator) in Operator::ALL
        .into_iter()
        .filter(|(_, operator)| operator.fits(scalar))
    {
        let (operand, list) = operator.operand_type(scalar);
        let type_ref = match list {
            true => TypeRef::named_nn_list(operand.graphql()),
            false => TypeRef::named(operand.graphql()),
        };
        input = input.field(InputValue::new(name, type_ref));
    }
    if scalar == Scalar::Jsonb {
        input = input.field(InputValue::new("_cast", TypeRef::named("jsonb_cast_exp")));
    }
    input.field(InputValue::new("_is_null", TypeRef::named(TypeRef::BOOLEAN)))
}
