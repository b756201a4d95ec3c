//! Random documents over users, roles and languages, with random variables for them.

use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Just, Strategy};
use proptest::{bool, option, prop_oneof, sample};
use serde_json::{Map, Value};

use super::aggregate;
use super::values::{VARIABLES, variables};

/// A document and sets of variables to ask it with.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) text: String,
    pub(super) variables: Vec<Map<String, Value>>,
    pub(super) as_admin: bool,
}

/// How a variable is declared.
#[derive(Debug, Clone, Copy)]
enum Declared {
    Plain,
    Required,
    Default,
    RequiredDefault,
}

/// A document, its variables declared, and sets of values for those it uses.
pub(super) fn question() -> impl Strategy<Value = Question> {
    let ways = sample::select(vec![
        Declared::Plain,
        Declared::Plain,
        Declared::Plain,
        Declared::Required,
        Declared::Default,
        Declared::RequiredDefault,
    ]);
    (
        vec(root(), 1..3),
        vec(ways, VARIABLES.len()),
        vec(variables(), 2..5),
        option::weighted(0.05, Just("unknown")),
        bool::weighted(0.7),
    )
        .prop_map(|(roots, ways, sets, unknown, as_admin)| {
            let body = numbered(&roots);
            let fragment = match body.contains("...f") {
                true => " fragment f on users { username metadata(path: $path) roles(where: $roleWhere, order_by: {id: asc}) { role } }",
                false => "",
            };
            let whole = format!("{body}{fragment}");
            let used: Vec<usize> = (0..VARIABLES.len())
                .filter(|index| uses(&whole, VARIABLES[*index].0))
                .collect();
            let declarations: Vec<String> =
                used.iter().map(|index| declaration(*index, ways[*index])).collect();
            let declarations = match declarations.is_empty() {
                true => String::new(),
                false => format!("({})", declarations.join(", ")),
            };
            let variables = sets.into_iter().map(|mut set| {
                set.retain(|name, _| used.iter().any(|index| VARIABLES[*index].0 == name));
                set.extend(unknown.map(|name| (name.to_owned(), Value::Null)));
                set
            });
            Question {
                text: format!("query {declarations} {{ {body} }}{fragment}"),
                variables: variables.collect(),
                as_admin,
            }
        })
}

fn uses(text: &str, name: &str) -> bool {
    text.split(&format!("${name}"))
        .skip(1)
        .any(|rest| !rest.starts_with(|next: char| next.is_ascii_alphanumeric()))
}

fn declaration(index: usize, way: Declared) -> String {
    let (name, type_name, default, _) = VARIABLES[index];
    // These stand where nothing may be null.
    let way = match (name, way) {
        ("by" | "number" | "on" | "role" | "user", Declared::Plain) => Declared::Required,
        ("by" | "number" | "on" | "role" | "user", Declared::Default) => Declared::RequiredDefault,
        (_, way) => way,
    };
    match way {
        Declared::Plain => format!("${name}: {type_name}"),
        Declared::Required => format!("${name}: {type_name}!"),
        Declared::Default => format!("${name}: {type_name} = {default}"),
        Declared::RequiredDefault => format!("${name}: {type_name}! = {default}"),
    }
}

/// Fields beside each other, each under a name of its own where it says `@:`.
fn numbered(fields: &[String]) -> String {
    let fields = fields.iter().enumerate();
    let fields: Vec<String> = fields
        .map(|(index, field)| field.replacen("@:", &format!("a{index}:"), 1))
        .collect();
    fields.join(" ")
}

pub(super) fn one_of(choices: &[&str]) -> BoxedStrategy<String> {
    let choices: Vec<String> = choices.iter().map(|choice| (*choice).to_owned()).collect();
    sample::select(choices).boxed()
}

/// How every selection set begins: no set is empty, whatever its directives leave out.
pub(super) const OPENING: &str = " { id: __typename";

/// A selection set of one to four fields.
pub(super) fn set(field: impl Strategy<Value = String> + 'static) -> BoxedStrategy<String> {
    let directive = prop_oneof![
        6 => Just(""),
        1 => Just(" @include(if: $on)"),
        1 => Just(" @skip(if: $on)"),
        1 => Just(" @include(if: true)"),
    ];
    let inside = directive.clone();
    let field = (field, inside).prop_map(|(field, directive)| match field.split_once(OPENING) {
        // A directive stands before the braces of what is selected.
        Some((head, rest)) => format!("{head}{directive}{OPENING}{rest}"),
        None => format!("{field}{directive}"),
    });
    (vec(field, 1..5), directive)
        .prop_map(|(fields, directive)| {
            let fields = numbered(&fields);
            match directive.is_empty() {
                true => format!("{} {fields} }}", OPENING.trim_start()),
                false => format!("{} ...{directive} {{ {fields} }} }}", OPENING.trim_start()),
            }
        })
        .boxed()
}

fn users_fields(depth: u32) -> BoxedStrategy<String> {
    let plain = one_of(&[
        "displayName",
        "@: email",
        "username",
        "createdAt",
        "attemptNumber",
        "disabled",
        "gender",
        "metadata",
        "@: metadata(path: \"$.tags\")",
        "@: metadata(path: $path)",
        "__typename",
        "...f",
    ]);
    if depth == 0 {
        return set(plain);
    }
    let roles = (arguments(role_where(1), ROLE_ORDERS), role_fields(depth - 1))
        .prop_map(|(arguments, fields)| format!("@: roles{arguments} {fields}"));
    let lang = lang_fields(depth - 1).prop_map(|fields| format!("lang {fields}"));
    let total = aggregate::of(
        "roles_aggregate",
        arguments(role_where(1), ROLE_ORDERS),
        role_fields(depth - 1),
        &[
            "@: count(columns: role, distinct: $yes)",
            "max { id: __typename role createdAt key: id }",
        ],
    );
    set(prop_oneof![4 => plain, 2 => roles, 1 => lang, 1 => total])
}

fn role_fields(depth: u32) -> BoxedStrategy<String> {
    let plain = one_of(&["role", "@: userId", "createdAt"]);
    if depth == 0 {
        return set(plain);
    }
    let user = users_fields(depth - 1).prop_map(|fields| format!("user {fields}"));
    let kind = kind_fields(depth - 1).prop_map(|fields| format!("roleByRole {fields}"));
    set(prop_oneof![3 => plain, 1 => user, 1 => kind])
}

fn kind_fields(depth: u32) -> BoxedStrategy<String> {
    let plain = one_of(&["role", "name", "@: role"]);
    if depth == 0 {
        return set(plain);
    }
    let roles = (arguments(role_where(1), ROLE_ORDERS), role_fields(depth - 1))
        .prop_map(|(arguments, fields)| format!("@: userRoles{arguments} {fields}"));
    set(prop_oneof![2 => plain, 1 => roles])
}

fn lang_fields(depth: u32) -> BoxedStrategy<String> {
    let plain = one_of(&["code", "name", "@: name"]);
    if depth == 0 {
        return set(plain);
    }
    let users = (arguments(users_where(1), USER_ORDERS), users_fields(depth - 1))
        .prop_map(|(arguments, fields)| format!("@: users{arguments} {fields}"));
    set(prop_oneof![2 => plain, 1 => users])
}

const USER_ORDERS: &[&str] = &[
    "{id: asc}",
    "{id: asc}",
    "[{disabled: desc}, {id: desc}]",
    "{username: $way, id: asc}",
    "[{locale: $way}, {disabled: asc}, {id: asc}]",
    "[{roles_aggregate: {count: $way}}, {id: asc}]",
    "[{roles_aggregate: {max: {role: $way}}}, {metadata: asc, id: desc}]",
    "[{email: $way}, {id: asc}]",
    "{lang: {name: $way}, id: asc}",
    "$order",
    "$term",
    "null",
    "[]",
];
const ROLE_ORDERS: &[&str] = &[
    "{id: asc}",
    "[{role: $way}, {id: asc}]",
    "[{user: {username: desc}}, {id: asc}]",
    "{user: $term, id: asc}",
];
const PLAIN_ORDERS: &[&str] = &["{name: asc}", "{name: $way}"];

/// The arguments of users, who may be cut to the first of each kind.
fn user_arguments(condition: BoxedStrategy<String>) -> BoxedStrategy<String> {
    let columns = one_of(&[
        "locale",
        "[disabled, locale]",
        "$columns",
        "[locale, locale]",
        "null",
    ]);
    (arguments(condition, USER_ORDERS), option::weighted(0.15, columns))
        .prop_map(
            |(arguments, columns)| match (columns, arguments.strip_prefix('(')) {
                (None, _) => arguments,
                (Some(columns), None) => format!("(distinct_on: {columns})"),
                (Some(columns), Some(rest)) => format!("(distinct_on: {columns}, {rest}"),
            },
        )
        .boxed()
}

fn arguments(condition: BoxedStrategy<String>, orders: &[&str]) -> BoxedStrategy<String> {
    (
        option::weighted(0.6, condition),
        option::weighted(0.9, one_of(orders)),
        option::weighted(0.3, one_of(&["0", "1", "2", "null", "$limit", "$limit", "-1"])),
        option::weighted(0.2, one_of(&["0", "1", "null", "$offset", "$offset"])),
    )
        .prop_map(|(condition, order, limit, offset)| {
            let given: Vec<String> = [
                ("where", condition),
                ("order_by", order),
                ("limit", limit),
                ("offset", offset),
            ]
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{name}: {}", value?)))
            .collect();
            match given.is_empty() {
                true => String::new(),
                false => format!("({})", given.join(", ")),
            }
        })
        .boxed()
}

fn users_where(depth: u32) -> BoxedStrategy<String> {
    let plain = one_of(&[
        "{}",
        "$where",
        "$where",
        "{id: {_eq: $uid}}",
        "{id: {_in: $uids}}",
        "{id: {_in: [$user]}}",
        "{id: {_nin: $uids}}",
        "{displayName: {_ilike: $str}}",
        "{displayName: {_eq: $str, _neq: \"x\"}}",
        "{locale: {_in: $strs}}",
        "{locale: {_nin: [\"en\", $role]}}",
        "{locale: $text}",
        "{email: {_eq: $cit}}",
        "{username: {_ilike: $cit}}",
        "{username: {_in: [\"jane\", \"ana\"]}}",
        "{disabled: {_eq: $yes}}",
        "{gender: {_is_null: $yes}}",
        "{attemptNumber: {_gte: $int}}",
        "{createdAt: {_lt: $time}}",
        "{metadata: {_eq: $json}}",
        "{metadata: {_eq: {a: [$int], b: $json}}}",
        "{metadata: {_in: $jsons}}",
        "{roles: $roleWhere}",
        "{roles: {role: {_eq: $str}}}",
        "{lang: {name: $text}}",
        "{deletedAt: {_is_null: $yes}}",
        "{deleted: {_eq: $yes}}",
        "{roles_aggregate: $total}",
        "{roles_aggregate: {count: {arguments: [role, id], distinct: $yes, filter: $roleWhere, predicate: $number}}}",
        "{lang: {users_aggregate: {bool_or: {arguments: disabled, filter: $where, predicate: {_eq: $yes}}}}}",
    ]);
    if depth == 0 {
        return plain;
    }
    let inner = users_where(depth - 1);
    prop_oneof![
        4 => plain,
        1 => inner.clone().prop_map(|inner| format!("{{_not: {inner}}}")),
        1 => vec(inner.clone(), 0..3).prop_map(|inner| format!("{{_or: [{}]}}", inner.join(", "))),
        1 => vec(inner, 0..3).prop_map(|inner| format!("{{_and: [{}], disabled: {{_eq: $yes}}}}", inner.join(", "))),
    ]
    .boxed()
}

fn role_where(depth: u32) -> BoxedStrategy<String> {
    let plain = one_of(&[
        "{}",
        "$roleWhere",
        "{role: {_eq: $str}}",
        "{role: {_in: $strs}}",
        "{role: $text}",
        "{userId: {_eq: $uid}}",
        "{_not: $roleWhere, _or: {role: {_eq: \"me\"}}}",
    ]);
    if depth == 0 {
        return plain;
    }
    let user = users_where(depth - 1).prop_map(|inner| format!("{{user: {inner}}}"));
    prop_oneof![3 => plain, 1 => user].boxed()
}

fn root() -> BoxedStrategy<String> {
    let by_key = one_of(&[
        "user(id: $user)",
        "user(id: \"10000000-0000-0000-0000-000000000001\")",
        "me",
    ]);
    prop_oneof![
        4 => (user_arguments(users_where(2)), users_fields(2))
            .prop_map(|(arguments, fields)| format!("@: users{arguments} {fields}")),
        2 => (by_key, users_fields(2)).prop_map(|(head, fields)| format!("@: {head} {fields}")),
        2 => (arguments(role_where(2), ROLE_ORDERS), role_fields(2))
            .prop_map(|(arguments, fields)| format!("@: authUserRoles{arguments} {fields}")),
        1 => (arguments(one_of(&["{name: $text}", "{role: {_in: $strs}}"]), PLAIN_ORDERS), kind_fields(2))
            .prop_map(|(arguments, fields)| format!("@: authRoles{arguments} {fields}")),
        1 => (arguments(one_of(&["{name: $text}", "{code: {_in: $strs}}", "{users: $where}"]), PLAIN_ORDERS), lang_fields(2))
            .prop_map(|(arguments, fields)| format!("@: langs{arguments} {fields}")),
        2 => aggregate::of("usersAggregate", user_arguments(users_where(2)), users_fields(1), aggregate::OF_USERS),
        2 => aggregate::groups(users_where(2)),
        1 => kind_fields(2).prop_map(|fields| format!("@: authRole(role: $role) {fields}")),
    ]
    .boxed()
}
