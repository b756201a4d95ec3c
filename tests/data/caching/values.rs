//! Values for the variables of random documents: those that fit, and all others.

use proptest::prelude::{BoxedStrategy, Just, Strategy};
use proptest::{prop_oneof, sample};
use serde_json::{Map, Value, json};

/// The variables that documents may use: name, type, a default, and values that fit.
pub(super) const VARIABLES: [(&str, &str, &str, &str); 27] = [
    ("role", "String", "\"user\"", r#"["user", "me", "x", "asc"]"#),
    ("user", "uuid", "\"10000000-0000-0000-0000-000000000001\"", UUIDS),
    (
        "str",
        "String",
        "\"Jane Doe\"",
        r#"["Jane Doe", "%a%", "john", "user", "asc", ""]"#,
    ),
    (
        "cit",
        "citext",
        "\"jane\"",
        r#"["JANE@example.org", "ana", "j%", "desc"]"#,
    ),
    ("uid", "uuid", "\"10000000-0000-0000-0000-000000000001\"", UUIDS),
    ("uids", "[uuid!]", "[]", UUID_LISTS),
    (
        "strs",
        "[String!]",
        "[\"me\"]",
        r#"[[], ["user"], ["user", "me"], ["asc", "x"], ["en", "fr", "en", "en"]]"#,
    ),
    ("yes", "Boolean", "true", "[true, false]"),
    ("int", "Int", "1", "[0, 1, 3, -1, 2147483647]"),
    (
        "time",
        "timestamptz",
        "\"2026-01-02T00:00:00Z\"",
        r#"["2026-01-02T08:00:00Z", "2026-01-03"]"#,
    ),
    (
        "json",
        "jsonb",
        "{a: [1], b: 2}",
        r#"[{"a": [1], "b": 2}, [1, 2, 3], [], {}, 1, "asc", true, null]"#,
    ),
    (
        "jsons",
        "[jsonb!]",
        "[[1, 2, 3]]",
        r#"[[], [{"a": [1], "b": 2}], [[1, 2, 3], {}], [1, "asc", null]]"#,
    ),
    ("where", "users_bool_exp", "{disabled: {_eq: true}}", WHERE_USERS),
    (
        "roleWhere",
        "authUserRoles_bool_exp",
        "{role: {_eq: \"me\"}}",
        WHERE_ROLES,
    ),
    (
        "text",
        "String_comparison_exp",
        "{_eq: \"fr\"}",
        r#"[{}, {"_eq": "en"}, {"_in": ["en", "fr"]}, {"_in": []}, {"_is_null": true}]"#,
    ),
    ("order", "[users_order_by!]", "{email: asc}", ORDERS),
    (
        "term",
        "users_order_by",
        "{email: desc}",
        r#"[{}, {"username": "asc"}, {"email": "desc", "id": "asc"}, {"lang": {"name": "desc"}}]"#,
    ),
    (
        "way",
        "order_by",
        "desc",
        r#"["asc", "desc", "asc_nulls_first", "desc_nulls_last"]"#,
    ),
    ("limit", "Int", "2", "[0, 1, 2, 10, -1]"),
    ("offset", "Int", "1", "[0, 1, 2, -1]"),
    (
        "path",
        "String",
        "\"tags\"",
        r#"["$.tags", "$.tags[1]", "deep.list[1]['x y']", "$", "", "nothing", "[1]", "$.["]"#,
    ),
    ("on", "Boolean", "true", "[true, false]"),
    ("columns", "[users_select_column!]", "[locale]", COLUMN_LISTS),
    ("by", "[users_select_column!]", "locale", COLUMN_LISTS),
    (
        "number",
        "Int_comparison_exp",
        "{_gt: 0}",
        r#"[{}, {"_eq": 1}, {"_gte": 2, "_lt": 5}, {"_in": [1, 2]}, {"_is_null": false}]"#,
    ),
    (
        "total",
        "authUserRoles_aggregate_bool_exp",
        "{count: {predicate: {_eq: 2}}}",
        r#"[{}, {"count": {"predicate": {"_gt": 1}}}, {"count": {"arguments": ["role"], "distinct": true, "filter": {"role": {"_eq": "me"}}, "predicate": {"_eq": 1}}}]"#,
    ),
    (
        "groups",
        "[users_group_by_order_by!]",
        "{key: {locale: asc}}",
        r#"[[], {"key": {"locale": "asc"}}, [{"aggregate": {"count": "desc"}}, {"key": {"locale": "desc"}}], [{"aggregate": {"max": {"email": "asc_nulls_first"}}}]]"#,
    ),
];

const COLUMN_LISTS: &str = r#"[[], ["locale"], "locale", ["disabled", "locale"], ["locale", "disabled", "locale"], ["email"], ["metadata", "id"]]"#;

const UUIDS: &str = r#"["10000000-0000-0000-0000-000000000001", "10000000-0000-0000-0000-000000000002", "10000000-0000-0000-0000-000000000009"]"#;
const UUID_LISTS: &str = r#"[[], ["10000000-0000-0000-0000-000000000001"], ["10000000-0000-0000-0000-000000000001", "10000000-0000-0000-0000-000000000002", "10000000-0000-0000-0000-000000000003"]]"#;
const WHERE_USERS: &str = r#"[{}, {"username": {"_eq": "john"}}, {"username": {"_in": []}}, {"username": {"_in": ["jane", "asc"]}},
    {"_or": [{"disabled": {"_eq": true}}, {"attemptNumber": {"_gt": 1}}]}, {"_or": []}, {"_and": [{}, {}]},
    {"_not": {"roles": {"role": {"_eq": "me"}}}}, {"metadata": {"_eq": [1, 2, 3]}}, {"deletedAt": {"_is_null": false}},
    {"gender": {"_is_null": true}}, {"lang": {"name": {"_ilike": "%e%"}}}]"#;
const WHERE_ROLES: &str = r#"[{}, {"role": {"_eq": "user"}}, {"role": {"_neq": "user"}}, {"user": {"username": {"_eq": "jane"}}}, {"_or": []}]"#;
const ORDERS: &str = r#"[[], {"username": "asc"}, [{"username": "desc"}], [{"disabled": "asc"}, {"username": "desc_nulls_last"}],
    [{"lang": {"name": "asc"}}, {"email": "asc_nulls_first"}], [{}, {"id": "desc"}], {"email": null, "id": "asc"}]"#;

/// Values that fit some variables and not others.
fn anything() -> impl Strategy<Value = Value> + use<> {
    sample::select(vec![
        json!(null),
        json!(true),
        json!("true"),
        json!(7),
        json!("7"),
        json!(1.5),
        json!(1.0),
        json!(3_000_000_000_u64),
        json!(u64::MAX),
        json!(""),
        json!("asc"),
        json!("sideways"),
        json!("\u{0}"),
        json!([]),
        json!([[]]),
        json!([null]),
        json!([7, "asc"]),
        json!({}),
        json!({ "id": null }),
        json!({ "id": "asc" }),
        json!({ "id": "sideways" }),
        json!({ "username": { "_eq": 5 } }),
        json!({ "username": { "_eq": null } }),
        json!({ "role": { "_bogus": 5 } }),
        json!({ "passwordHash": { "_eq": "x" } }),
        json!(["passwordHash"]),
        json!({ "count": { "distinct": true } }),
        json!([{ "username": "asc" }, "desc"]),
    ])
}

fn fitting(examples: &str) -> impl Strategy<Value = Value> + use<> {
    sample::select(serde_json::from_str::<Vec<Value>>(examples).unwrap())
}

fn value(examples: &str) -> impl Strategy<Value = Option<Value>> + use<> {
    prop_oneof![
        8 => fitting(examples).prop_map(Some),
        1 => Just(Some(Value::Null)),
        1 => Just(None),
        1 => anything().prop_map(Some),
    ]
}

/// Mostly values that fit: one that does not hides all others.
pub(super) fn variables() -> BoxedStrategy<Map<String, Value>> {
    let set = |any| -> Vec<BoxedStrategy<(&str, Option<Value>)>> {
        let values = VARIABLES.iter().map(|(name, _, _, examples)| {
            let value = match any {
                true => value(examples).boxed(),
                false => fitting(examples).prop_map(Some).boxed(),
            };
            value.prop_map(|value| (*name, value)).boxed()
        });
        values.collect()
    };
    prop_oneof![3 => set(false), 2 => set(true)]
        .prop_map(|values| {
            let given = values
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value?)));
            given.collect()
        })
        .boxed()
}
