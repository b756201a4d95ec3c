//! Random changes of one user, the answers to them and what is stored afterwards.

use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Strategy};
use proptest::sample::select;
use proptest::{option, prop_oneof};
use serde_json::{Value, json};

use super::query::{Field, object};
use super::role::{Asking, Role};
use super::rows::{Row, Store, id};
use super::schema::{Kind, table};
use super::value::pool;
use crate::data::filters::graphql;

/// A change of the user with a key; the columns are selected afterwards.
#[derive(Debug, Clone)]
pub(super) struct Mutation {
    key: Value,
    changes: Vec<(&'static str, Change)>,
    fields: Vec<Field>,
}

/// How a column changes.
#[derive(Debug, Clone)]
enum Change {
    Set(Value),
    Increment(i64),
    Append(Value),
    Prepend(Value),
    DeleteKey(&'static str),
    DeleteElement(i64),
    DeleteAtPath(Vec<&'static str>),
}

/// The code of an error.
type Refused = &'static str;

/// A change that a role can ask for, if there is any.
pub(super) fn mutation(role: &Role) -> Option<BoxedStrategy<Mutation>> {
    let allowed = role.change.clone()?;
    let users = table("users");
    let readable = users
        .columns
        .iter()
        .filter(|column| role.reads_column(users, column.name));
    let fields = vec(select(readable.collect::<Vec<_>>()).prop_map(Field::Column), 1..5);
    let changes = allowed.columns.into_iter().map(|column| {
        let kind = users.column(column).kind;
        option::of(change(kind))
            .prop_map(move |change| change.map(|change| (column, change)))
            .boxed()
    });
    let key = (0..16_usize).prop_map(|number| json!(id(1, number)));
    let mutation = (key, changes.collect::<Vec<_>>(), fields).prop_map(|(key, changes, fields)| Mutation {
        key,
        changes: changes.into_iter().flatten().collect(),
        fields,
    });
    Some(
        mutation
            .prop_filter("something changes", |mutation| !mutation.changes.is_empty())
            .boxed(),
    )
}

fn change(kind: Kind) -> BoxedStrategy<Change> {
    let set = select(pool(kind)).prop_map(Change::Set);
    match kind {
        Kind::Int => prop_oneof![set, (-2..=0_i64).prop_map(Change::Increment)].boxed(),
        Kind::Json => {
            let value = || select(pool(Kind::Json));
            let step = || select(vec!["a", "b", "0", "1", "-1", "z"]);
            prop_oneof![
                set,
                value().prop_map(Change::Append),
                value().prop_map(Change::Prepend),
                step().prop_map(Change::DeleteKey),
                (-3..4_i64).prop_map(Change::DeleteElement),
                vec(step(), 0..3).prop_map(Change::DeleteAtPath),
            ]
            .boxed()
        }
        Kind::Time | Kind::Uuid => {
            let nothing = proptest::strategy::Just(Change::Set(Value::Null));
            prop_oneof![3 => set, 1 => nothing].boxed()
        }
        _ => set.boxed(),
    }
}

impl Mutation {
    pub(super) fn document(&self) -> String {
        let changes: Vec<String> = self
            .changes
            .iter()
            .map(|(column, change)| change.text(column))
            .collect();
        // The same operator on two columns is one argument.
        let mut arguments: Vec<(String, Vec<String>)> = Vec::new();
        for change in changes {
            let (operator, entry) = change.split_once(' ').unwrap();
            match arguments.iter_mut().find(|(known, _)| known == operator) {
                Some((_, entries)) => entries.push(entry.to_owned()),
                None => arguments.push((operator.to_owned(), vec![entry.to_owned()])),
            }
        }
        let arguments: Vec<String> = arguments
            .into_iter()
            .map(|(operator, entries)| format!("{operator}: {{ {} }}", entries.join(", ")))
            .collect();
        let fields: Vec<String> = self
            .fields
            .iter()
            .enumerate()
            .filter_map(|(index, field)| match field {
                Field::Column(column) => Some(format!("f{index}: {}", column.name)),
                _ => None,
            })
            .collect();
        format!(
            "mutation {{ root: updateUser(pk_columns: {{id: {}}}, {}) {{ {} }} }}",
            self.key,
            arguments.join(", "),
            fields.join(" ")
        )
    }

    /// The user whom it is about.
    pub(super) fn user(&self) -> &str {
        self.key.as_str().unwrap_or_default()
    }

    /// What the model answers, or the code of its error, and what is stored then.
    pub(super) fn apply(&self, asking: Asking<'_>) -> (Result<Value, Refused>, Store) {
        let before = asking.store.clone();
        match self.changed(asking) {
            Ok(None) => (Ok(json!({ "data": { "root": null } })), before),
            Err(code) => (Err(code), before),
            Ok(Some(row)) => {
                let after = asking.store.with("users", row.clone());
                let asking = Asking {
                    store: &after,
                    ..asking
                };
                let root = match asking.sees(table("users"), &row, true) {
                    true => object(asking, table("users"), &row, &self.fields),
                    false => Value::Null,
                };
                (Ok(json!({ "data": { "root": root } })), after)
            }
        }
    }

    /// The row as it is afterwards; nothing where there is none for the role.
    fn changed(&self, asking: Asking<'_>) -> Result<Option<Row>, Refused> {
        let (users, all) = (table("users"), asking.in_permission());
        let Some(allowed) = &asking.role.change else {
            return Ok(None);
        };
        let rows = asking.store.rows("users").iter();
        let found = rows
            .filter(|row| row["id"] == self.key)
            .filter(|row| asking.role.name == "admin" || row["deletedAt"].is_null())
            .find(|row| allowed.rows.holds(&all, users, row) == Some(true));
        let Some(found) = found else {
            return Ok(None);
        };
        let mut row = found.clone();
        for (column, change) in &self.changes {
            let changed = change.apply(&row[column])?;
            row.insert(column, changed);
        }
        let after = asking.store.with("users", row.clone());
        let all = Asking { store: &after, ..all };
        match allowed.check.holds(&all, users, &row) {
            Some(true) => Ok(Some(row)),
            _ => Err("permission-error"),
        }
    }
}

impl Change {
    /// The operator, and column and value behind a blank.
    fn text(&self, column: &str) -> String {
        match self {
            Self::Set(value) => format!("_set {column}: {}", graphql(value)),
            Self::Increment(value) => format!("_inc {column}: {value}"),
            Self::Append(value) => format!("_append {column}: {}", graphql(value)),
            Self::Prepend(value) => format!("_prepend {column}: {}", graphql(value)),
            Self::DeleteKey(key) => format!("_delete_key {column}: {key:?}"),
            Self::DeleteElement(index) => format!("_delete_elem {column}: {index}"),
            Self::DeleteAtPath(path) => format!("_delete_at_path {column}: {path:?}"),
        }
    }

    fn apply(&self, value: &Value) -> Result<Value, Refused> {
        match self {
            Self::Set(value) => Ok(value.clone()),
            Self::Increment(by) => Ok(json!(value.as_i64().unwrap_or_default() + by)),
            Self::Append(other) => Ok(concatenated(value, other)),
            Self::Prepend(other) => Ok(concatenated(other, value)),
            Self::DeleteKey(key) => match value {
                Value::Object(members) => Ok(members
                    .clone()
                    .into_iter()
                    .filter(|(name, _)| name != key)
                    .collect()),
                Value::Array(elements) => Ok(elements
                    .iter()
                    .filter(|element| *element != key)
                    .cloned()
                    .collect()),
                _ => Err("data-exception"),
            },
            Self::DeleteElement(index) => match value {
                Value::Array(elements) => Ok(without(elements, *index).into()),
                _ => Err("data-exception"),
            },
            Self::DeleteAtPath(path) => match value {
                Value::Array(elements) if elements.is_empty() => Ok(value.clone()),
                Value::Array(_) | Value::Object(_) => pruned(value, path),
                _ => Err("data-exception"),
            },
        }
    }
}

fn concatenated(first: &Value, second: &Value) -> Value {
    let elements = |value: &Value| match value {
        Value::Array(elements) => elements.clone(),
        other => vec![other.clone()],
    };
    match (first, second) {
        (Value::Object(first), Value::Object(second)) => {
            Value::Object(first.clone().into_iter().chain(second.clone()).collect())
        }
        _ => [elements(first), elements(second)].concat().into(),
    }
}

/// Where an index points, counted from the end when negative.
fn position(elements: &[Value], index: i64) -> Option<usize> {
    let length = i64::try_from(elements.len()).unwrap();
    let index = if index < 0 { index + length } else { index };
    (0..length)
        .contains(&index)
        .then(|| usize::try_from(index).unwrap())
}

fn without(elements: &[Value], index: i64) -> Vec<Value> {
    let mut elements = elements.to_vec();
    if let Some(index) = position(&elements, index) {
        elements.remove(index);
    }
    elements
}

/// Without what is at a path.
fn pruned(value: &Value, path: &[&str]) -> Result<Value, Refused> {
    let Some((step, rest)) = path.split_first() else {
        return Ok(value.clone());
    };
    match value {
        Value::Object(members) => {
            let mut members = members.clone();
            match (rest, members.get(*step)) {
                ([], _) => {
                    members.remove(*step);
                }
                (rest, Some(inner)) => {
                    let inner = pruned(inner, rest)?;
                    members.insert((*step).to_owned(), inner);
                }
                _ => {}
            }
            Ok(members.into())
        }
        Value::Array(elements) => {
            let index: i64 = step.parse().map_err(|_| "data-exception")?;
            let Some(at) = position(elements, index).filter(|_| !rest.is_empty()) else {
                return Ok(without(elements, index).into());
            };
            let mut elements = elements.clone();
            elements[at] = pruned(&elements[at], rest)?;
            Ok(elements.into())
        }
        other => Ok(other.clone()),
    }
}
