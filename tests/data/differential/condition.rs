//! Conditions: as random requests and permissions have them, and whether they hold of a row.

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use super::pattern::Pattern;
use super::role::Asking;
use super::rows::Row;
use super::schema::{Column, Kind, Relation, Table, snake_case, table};
use super::value::{compare, contains, has_key, json_text};

/// A condition on a row of a table.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Is(&'static Column, Comparison),
    /// A JSON column as text.
    Cast(&'static Column, Comparison),
    Related(&'static Relation, Box<Condition>),
    /// How many related rows there are of those that satisfy a condition.
    Count(&'static Relation, Box<Condition>, Comparison),
    /// `bool_and` or `bool_or` of a column of such rows.
    Judged(
        &'static Relation,
        &'static str,
        &'static Column,
        Box<Condition>,
        Comparison,
    ),
    /// The user who asks, in a permission.
    IsSelf(&'static Column),
    /// Two columns of a row, in a permission: the orders in which it holds.
    Columns(
        &'static Column,
        &'static str,
        &'static [Ordering],
        &'static Column,
    ),
    /// A row of any table whose column equals the key of the permission's row, in a permission.
    Exists(&'static Table, &'static Column, Box<Condition>),
}

/// What is asked of a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Comparison {
    /// `_eq` and its like: the orders in which it holds.
    Order(&'static str, &'static [Ordering], Value),
    In(Vec<Value>),
    NotIn(Vec<Value>),
    IsNull(bool),
    Matches(&'static str, bool, Pattern),
    MatchesNot(&'static str, bool, Pattern),
    Contains(Value),
    ContainedIn(Value),
    HasKey(Option<String>),
    HasAny(Vec<String>),
    HasAll(Vec<String>),
}

impl Comparison {
    /// Whether it holds; nothing where nobody knows.
    fn holds(&self, kind: Kind, value: &Value) -> Option<bool> {
        match self {
            Self::IsNull(yes) => return Some(value.is_null() == *yes),
            Self::In(list) if list.is_empty() => return Some(false),
            Self::NotIn(list) if list.is_empty() => return Some(true),
            Self::HasKey(None) => return None,
            _ if value.is_null() => return None,
            _ => {}
        }
        let is_one = |list: &Vec<Value>| list.iter().any(|other| compare(kind, value, other).is_eq());
        let text = || value.as_str().unwrap();
        Some(match self {
            Self::Order(_, orders, other) => orders.contains(&compare(kind, value, other)),
            Self::In(list) => is_one(list),
            Self::NotIn(list) => !is_one(list),
            Self::Matches(_, ignore, pattern) => pattern.matches(text(), *ignore || kind == Kind::Citext),
            Self::MatchesNot(_, ignore, pattern) => !pattern.matches(text(), *ignore || kind == Kind::Citext),
            Self::Contains(other) => contains(value, other),
            Self::ContainedIn(other) => contains(other, value),
            Self::HasAny(keys) => keys.iter().any(|key| has_key(value, key)),
            Self::HasAll(keys) => keys.iter().all(|key| has_key(value, key)),
            Self::HasKey(key) => has_key(value, key.as_ref()?),
            Self::IsNull(_) => unreachable!(),
        })
    }

    fn to_json(&self) -> Value {
        let (name, value) = match self {
            Self::Order(name, _, value) => (*name, value.clone()),
            Self::In(list) => ("_in", json!(list)),
            Self::NotIn(list) => ("_nin", json!(list)),
            Self::IsNull(yes) => ("_is_null", json!(yes)),
            Self::Matches(name, _, pattern) | Self::MatchesNot(name, _, pattern) => {
                (*name, json!(pattern.text()))
            }
            Self::Contains(value) => ("_contains", value.clone()),
            Self::ContainedIn(value) => ("_contained_in", value.clone()),
            Self::HasKey(key) => ("_has_key", json!(key)),
            Self::HasAny(keys) => ("_has_keys_any", json!(keys)),
            Self::HasAll(keys) => ("_has_keys_all", json!(keys)),
        };
        json!({ name: value })
    }
}

impl Condition {
    /// Whether it says nothing: it holds of every row.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::And(parts) if parts.iter().all(Self::is_empty))
    }

    /// Whether it holds of a row for somebody; nothing where nobody knows.
    pub(super) fn holds(&self, asking: &Asking, of: &'static Table, row: &Row) -> Option<bool> {
        match self {
            Self::And(parts) => all(parts.iter().map(|part| part.holds(asking, of, row))),
            Self::Or(parts) => all(parts
                .iter()
                .map(|part| part.holds(asking, of, row).map(|holds| !holds)))
            .map(|holds| !holds),
            Self::Not(part) => part.holds(asking, of, row).map(|holds| !holds),
            Self::Is(column, comparison) => comparison.holds(column.kind, &asking.cell(of, row, column.name)),
            Self::Cast(column, comparison) => {
                let value = asking.cell(of, row, column.name);
                let text = if value.is_null() {
                    value
                } else {
                    json!(json_text(&value))
                };
                comparison.holds(Kind::Text, &text)
            }
            Self::Related(relation, inner) => Some(
                !asking
                    .related((of, row), relation, inner, inner.names_deletion())
                    .is_empty(),
            ),
            Self::Count(relation, inner, comparison) => {
                let count = asking
                    .related((of, row), relation, inner, inner.names_deletion())
                    .len();
                comparison.holds(Kind::Int, &json!(count))
            }
            Self::Judged(relation, function, column, inner, comparison) => {
                let rows = asking.related((of, row), relation, inner, inner.names_deletion());
                let cells = rows
                    .iter()
                    .map(|row| asking.cell(target(relation), row, column.name));
                let cells: Vec<bool> = cells.filter_map(|cell| cell.as_bool()).collect();
                let value = match *function {
                    _ if cells.is_empty() => Value::Null,
                    "bool_and" => json!(cells.iter().all(|cell| *cell)),
                    _ => json!(cells.contains(&true)),
                };
                Some(comparison.holds(Kind::Boolean, &value) == Some(true))
            }
            Self::IsSelf(column) => match &row[column.name] {
                Value::Null => None,
                user => Some(user == asking.user),
            },
            Self::Columns(left, _, orders, right) => match (&row[left.name], &row[right.name]) {
                (Value::Null, _) | (_, Value::Null) => None,
                (one, other) => Some(orders.contains(&compare(left.kind, one, other))),
            },
            Self::Exists(other, column, inner) => {
                let of_row = |found: &Row| asking.inside.is_some_and(|row| found[column.name] == row["id"]);
                let mut rows = asking.store.rows(other.name).iter();
                Some(rows.any(|found| of_row(found) && inner.holds(asking, other, found) == Some(true)))
            }
        }
    }

    /// Whether the row's own condition names soft deletion, so that an administrator means deleted rows too.
    pub(super) fn names_deletion(&self) -> bool {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().any(Self::names_deletion),
            Self::Not(part) => part.names_deletion(),
            Self::Is(column, _) => column.name == "deletedAt",
            _ => false,
        }
    }

    /// As a `where` has it.
    pub(super) fn to_json(&self) -> Value {
        let list = |parts: &Vec<Self>| parts.iter().map(Self::to_json).collect::<Value>();
        match self {
            Self::And(parts) => json!({ "_and": list(parts) }),
            Self::Or(parts) => json!({ "_or": list(parts) }),
            Self::Not(part) => json!({ "_not": part.to_json() }),
            Self::Is(column, comparison) => json!({ column.name: comparison.to_json() }),
            Self::Cast(column, comparison) => {
                json!({ column.name: { "_cast": { "String": comparison.to_json() } } })
            }
            Self::Related(relation, inner) => json!({ relation.name: inner.to_json() }),
            Self::Count(relation, inner, comparison) => {
                let name = format!("{}_aggregate", relation.name);
                json!({ name: { "count": { "filter": inner.to_json(), "predicate": comparison.to_json() } } })
            }
            Self::Judged(relation, function, column, inner, comparison) => {
                let name = format!("{}_aggregate", relation.name);
                let predicate = comparison.to_json();
                json!({ name: { *function: {
                    "arguments": column.name, "filter": inner.to_json(), "predicate": predicate,
                } } })
            }
            Self::IsSelf(_) | Self::Columns(..) | Self::Exists(..) => panic!("only in a permission"),
        }
    }

    /// As a permission has it.
    pub(super) fn to_metadata(&self) -> Value {
        let list = |parts: &Vec<Self>| parts.iter().map(Self::to_metadata).collect::<Value>();
        match self {
            Self::And(parts) => json!({ "_and": list(parts) }),
            Self::Or(parts) => json!({ "_or": list(parts) }),
            Self::Not(part) => json!({ "_not": part.to_metadata() }),
            Self::Is(column, comparison) => json!({ snake_case(column.name): comparison.to_json() }),
            Self::Related(relation, inner) => json!({ relation.name: inner.to_metadata() }),
            Self::IsSelf(column) => json!({ snake_case(column.name): { "_eq": "X-Hasura-User-Id" } }),
            Self::Columns(left, operator, _, right) => {
                json!({ snake_case(left.name): { *operator: snake_case(right.name) } })
            }
            Self::Exists(other, column, inner) => {
                let mut rows = Map::new();
                let own = json!({ snake_case(column.name): { "_ceq": ["$", "id"] } });
                rows.insert("_and".to_owned(), json!([own, inner.to_metadata()]));
                json!({ "_exists": { "_table": { "schema": "auth", "name": other.sql }, "_where": rows } })
            }
            Self::Cast(..) | Self::Count(..) | Self::Judged(..) => panic!("only in a request"),
        }
    }
}

/// Whether all hold: one that does not decides, whatever is unknown.
fn all(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let parts: Vec<_> = parts.collect();
    match (parts.contains(&Some(false)), parts.contains(&None)) {
        (true, _) => Some(false),
        (false, true) => None,
        (false, false) => Some(true),
    }
}

/// The table on the other side.
pub(super) fn target(relation: &Relation) -> &'static Table {
    table(relation.target)
}
