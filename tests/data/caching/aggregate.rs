//! Random aggregates and groups.

use proptest::option;
use proptest::prelude::{BoxedStrategy, Strategy};

use super::grammar::{OPENING, one_of, set};

/// What can be asked of users as a whole.
pub(super) const OF_USERS: &[&str] = &[
    "count",
    "@: count(columns: $columns, distinct: $yes)",
    "@: count(columns: [email, locale], distinct: true)",
    "max { id: __typename email createdAt key: id }",
    "min { id: __typename username }",
    "sum { id: __typename attemptNumber }",
    "avg { id: __typename attemptNumber }",
    "stddev_pop { id: __typename attemptNumber }",
    "var_samp { id: __typename attemptNumber }",
    "__typename",
];

/// An aggregate field: what is computed, and often the rows.
pub(super) fn of(
    name: &'static str,
    arguments: BoxedStrategy<String>,
    nodes: BoxedStrategy<String>,
    computed: &[&str],
) -> BoxedStrategy<String> {
    (arguments, set(one_of(computed)), option::of(nodes))
        .prop_map(move |(arguments, computed, nodes)| {
            let nodes = nodes.map(|nodes| format!(" nodes {nodes}")).unwrap_or_default();
            format!("@: {name}{arguments}{OPENING} aggregate {computed}{nodes} }}")
        })
        .boxed()
}

/// Users in groups.
pub(super) fn groups(condition: BoxedStrategy<String>) -> BoxedStrategy<String> {
    let by = one_of(&[
        "locale) { locale }",
        "[disabled, locale]) { locale d: disabled }",
        "[metadata]) { metadata }",
        "$by) { __typename }",
        "$by) { locale }",
    ]);
    let order = one_of(&[
        "{key: {locale: $way}}",
        "[{aggregate: {count: $way}}, {key: {locale: asc}}]",
        "$groups",
        "null",
    ]);
    let limit = option::weighted(0.3, one_of(&["1", "$limit", "null"]));
    (by, condition, order, limit, set(one_of(OF_USERS)))
        .prop_map(|(by, condition, order, limit, computed)| {
            let (by, key) = by.split_once(')').unwrap();
            let limit = limit.map(|limit| format!(", limit: {limit}")).unwrap_or_default();
            format!(
                "@: usersGroupBy(by: {by}, where: {condition}, order_by: {order}{limit}){OPENING} key {key} aggregate {computed} }}"
            )
        })
        .boxed()
}
