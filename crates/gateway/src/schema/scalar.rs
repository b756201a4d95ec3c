//! Scalars, their comparison inputs, and the enum of directions.

use async_graphql::dynamic::{Enum, EnumItem, InputObject, InputValue, Scalar as ScalarType, TypeRef};
use portico_entity::catalogue::{Scalar, catalogue};
use portico_query::pattern::Language;
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
        let items = table
            .values
            .iter()
            .map(|(value, meaning)| EnumItem::new(*value).description(*meaning));
        types = types.with(values.items(items));
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
        let value = InputValue::new(name, type_ref);
        input = input.field(match description(operator) {
            Some(description) => value.description(description),
            None => value,
        });
    }
    if scalar == Scalar::Jsonb {
        input = input.field(InputValue::new("_cast", TypeRef::named("jsonb_cast_exp")));
    }
    input.field(InputValue::new("_is_null", TypeRef::named(TypeRef::BOOLEAN)))
}

/// What an operator asks, where its name does not say it.
fn description(operator: Operator) -> Option<&'static str> {
    Some(match operator {
        Operator::Matches(Language::Like, _) => "does the whole text match the pattern of % and _",
        Operator::MatchesNot(Language::Like, _) => "does the text not match the pattern of % and _",
        Operator::Matches(Language::Similar, _) => "does the whole text match the SQL regular expression",
        Operator::MatchesNot(Language::Similar, _) => "does the text not match the SQL regular expression",
        Operator::Matches(Language::Regex, _) => "does a part of the text match the regular expression",
        Operator::MatchesNot(Language::Regex, _) => "does no part of the text match the regular expression",
        Operator::Contains => "does the column hold the given JSON at its top level",
        Operator::ContainedIn => "does the given JSON hold the column at its top level",
        Operator::HasKey => "is the text a key, or an element, of the column",
        Operator::HasAnyKey => "is any of the texts a key, or an element, of the column",
        Operator::HasAllKeys => "are all of the texts keys, or elements, of the column",
        _ => return None,
    })
}
