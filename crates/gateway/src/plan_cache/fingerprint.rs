//! The shape of variables: which are given, what kind of value each holds, the keys of objects, the values of
//! enums and Booleans. Two requests of the same shape are valid alike and become the same statement; other
//! values and the lengths of plain lists are left out.

use std::collections::{BTreeSet, HashSet};

use async_graphql::parser::types::{BaseType, OperationDefinition};
use portico_entity::catalogue::{Scalar, Table, catalogue};
use portico_query::request::Variables;
use serde_json::{Map, Value};

/// The shape of a request's variables.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Fingerprint(Box<[u8]>);

impl Fingerprint {
    /// The shape of the variables that an operation declares. `words` are the values of all enums: a string
    /// that is one of them may stand for it.
    pub(crate) fn of(
        operation: &OperationDefinition,
        variables: &Variables,
        words: &HashSet<String>,
    ) -> Self {
        let mut shape = Shape {
            out: Vec::with_capacity(64),
            words,
        };
        for definition in &operation.variable_definitions {
            match variables.get(definition.node.name.node.as_str()) {
                None => shape.out.push(b'-'),
                // Nothing inside a JSON value decides a statement.
                Some(value) if is_json(&definition.node.var_type.node.base) => shape.kind(value),
                Some(value) => match inserted(&definition.node.var_type.node.base) {
                    Some(table) if !has_conditions(value) => shape.objects(table, value),
                    _ => shape.value(value),
                },
            }
            shape.out.push(b';');
        }
        Self(shape.out.into_boxed_slice())
    }

    /// Its length in bytes.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

fn is_json(base: &BaseType) -> bool {
    matches!(base, BaseType::Named(name) if name == "jsonb")
}

/// The table whose rows a variable holds for an insert.
fn inserted(base: &BaseType) -> Option<&'static Table> {
    match base {
        BaseType::Named(name) => catalogue().table(name.strip_suffix("_insert_input")?),
        BaseType::List(element) => inserted(&element.base),
    }
}

/// Whether an upsert inside has conditions, which are read from their own place each.
fn has_conditions(value: &Value) -> bool {
    match value {
        Value::Array(elements) => elements.iter().any(has_conditions),
        Value::Object(entries) => entries.iter().any(|(key, value)| {
            (key == "on_conflict" && value.get("where").is_some()) || has_conditions(value)
        }),
        _ => false,
    }
}

struct Shape<'w> {
    out: Vec<u8>,
    words: &'w HashSet<String>,
}

impl Shape<'_> {
    fn kind(&mut self, value: &Value) {
        self.out.push(match value {
            Value::Null => b'n',
            Value::Bool(false) => b'f',
            Value::Bool(true) => b't',
            Value::Number(number) => match number.as_i64() {
                Some(number) if i32::try_from(number).is_ok() => b'i',
                Some(_) => b'l',
                None => b'd',
            },
            Value::String(_) => b's',
            Value::Array(_) => b'a',
            Value::Object(_) => b'o',
        });
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::String(text) if self.words.contains(text) => self.text(b'w', text),
            Value::Array(elements) if elements.iter().all(|element| self.is_plain(element)) => {
                self.plain_list(elements);
            }
            Value::Array(elements) => {
                self.out.push(b'[');
                elements.iter().for_each(|element| self.value(element));
                self.out.push(b']');
            }
            Value::Object(entries) => {
                self.out.push(b'{');
                for (key, value) in entries {
                    self.text(b'k', key);
                    self.value(value);
                }
                self.out.push(b'}');
            }
            plain => self.kind(plain),
        }
    }

    /// Rows to insert: which columns and relationships they name. How many they are and what they hold is seen
    /// at execution.
    fn objects(&mut self, table: &'static Table, value: &Value) {
        match value {
            Value::Array(elements) => {
                let shapes: BTreeSet<Vec<u8>> = elements
                    .iter()
                    .map(|element| {
                        let mut inside = Shape {
                            out: Vec::with_capacity(64),
                            words: self.words,
                        };
                        inside.objects(table, element);
                        inside.out
                    })
                    .collect();
                self.out.push(b'[');
                shapes.iter().for_each(|shape| self.out.extend_from_slice(shape));
                self.out.push(b']');
            }
            Value::Object(entries) => {
                self.out.push(b'{');
                for (key, value) in entries {
                    self.text(b'k', key);
                    let target = table
                        .relation(key)
                        .and_then(|found| catalogue().table(found.target));
                    match (table.column(key), target, value) {
                        (Some(column), ..) if !matches!(column.scalar, Scalar::Enum(_)) => {
                            self.out.push(b'v')
                        }
                        (None, Some(target), Value::Object(inside)) => self.related(target, inside),
                        _ => self.value(value),
                    }
                }
                self.out.push(b'}');
            }
            other => self.value(other),
        }
    }

    fn related(&mut self, target: &'static Table, entries: &Map<String, Value>) {
        self.out.push(b'{');
        for (key, value) in entries {
            self.text(b'k', key);
            match key.as_str() {
                "data" => self.objects(target, value),
                _ => self.value(value),
            }
        }
        self.out.push(b'}');
    }

    /// Whether only its kind counts.
    fn is_plain(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => !self.words.contains(text),
            Value::Array(_) | Value::Object(_) => false,
            _ => true,
        }
    }

    /// A list of plain values is bound as a whole, however long: only which kinds it holds counts.
    fn plain_list(&mut self, elements: &[Value]) {
        self.out.push(b'(');
        let start = self.out.len();
        for element in elements {
            self.kind(element);
            let kinds = self.out.get(start..).unwrap_or_default();
            if let Some((last, before)) = kinds.split_last()
                && before.contains(last)
            {
                self.out.pop();
            }
        }
        if let Some(kinds) = self.out.get_mut(start..) {
            kinds.sort_unstable();
        }
        self.out.push(b')');
    }

    /// A text with its length before it, so that no text can look like what follows it.
    fn text(&mut self, mark: u8, text: &str) {
        self.out.push(mark);
        self.out.extend_from_slice(&text.len().to_le_bytes());
        self.out.extend_from_slice(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use async_graphql::parser::types::DocumentOperations;
    use serde_json::json;

    use super::*;

    fn shape(declarations: &str, variables: Value) -> Fingerprint {
        let document = parse_query(format!("query ({declarations}) {{ a }}")).unwrap();
        let DocumentOperations::Single(operation) = document.operations else {
            panic!("one operation")
        };
        let Value::Object(variables) = variables else {
            panic!("an object")
        };
        let words = HashSet::from(["asc".to_owned(), "desc".to_owned()]);
        Fingerprint::of(&operation.node, &variables, &words)
    }

    #[test]
    fn values_and_lengths_do_not_count() {
        let declared = "$id: uuid!, $ids: [uuid!], $where: users_bool_exp";
        let first = json!({ "id": "a", "ids": ["a"], "where": { "email": { "_eq": "a" } } });
        let second = json!({ "id": "b", "ids": ["b", "c"], "where": { "email": { "_eq": "c" } } });
        assert_eq!(shape(declared, first), shape(declared, second));
    }

    #[test]
    fn whatever_decides_the_statement_counts() {
        let declared = "$x: users_bool_exp";
        let shapes = [
            json!({}),
            json!({ "x": null }),
            json!({ "x": {} }),
            json!({ "x": { "id": {} } }),
            json!({ "x": { "email": {} } }),
            json!({ "x": "asc" }),
            json!({ "x": "desc" }),
            json!({ "x": "else" }),
            json!({ "x": true }),
            json!({ "x": false }),
            json!({ "x": 1 }),
            json!({ "x": 3_000_000_000_u64 }),
            json!({ "x": 1.5 }),
            json!({ "x": [] }),
            json!({ "x": ["a", null] }),
            json!({ "x": [{ "id": {} }, { "id": {} }] }),
            json!({ "x": [{ "id": {} }] }),
        ]
        .map(|variables| shape(declared, variables));
        for (index, one) in shapes.iter().enumerate() {
            assert!(
                !shapes.iter().skip(index + 1).any(|other| other == one),
                "{index}"
            );
        }
    }

    #[test]
    fn of_rows_to_insert_only_the_columns_count() {
        let shape = |rows: Value| shape("$x: [users_insert_input!]!", json!({ "x": rows }));
        let first = shape(json!([{ "email": "a", "metadata": { "a": 1 } }]));
        let row = |email: &str| json!({ "email": email, "metadata": [email] });
        assert_eq!(first, shape(json!([row("b"), row("c")])));
        let roles = |roles: Value| shape(json!([{ "roles": { "data": roles } }]));
        assert_eq!(
            roles(json!([{ "role": "a" }])),
            roles(json!([{ "role": "a" }, { "role": "b" }]))
        );
        let others = [
            json!([{ "email": "a" }]),
            json!([{ "email": "a", "metadata": 1 }, { "email": "a" }]),
            json!([{ "roles": { "data": [] } }]),
            json!([{ "roles": { "data": [{ "id": "a" }] } }]),
            json!([{ "roles": { "data": [{ "id": "a", "user": { "data": {} } }] } }]),
        ]
        .map(shape);
        for (index, one) in others.iter().enumerate() {
            assert!(
                one != &first && !others.iter().skip(index + 1).any(|other| other == one),
                "{index}"
            );
        }
    }

    #[test]
    fn the_inside_of_json_does_not_count() {
        let shape = |value| shape("$x: jsonb!", json!({ "x": value }));
        assert_eq!(shape(json!({ "a": 1 })), shape(json!({ "b": [1, 2] })));
        assert_ne!(shape(json!({ "a": 1 })), shape(json!([1])));
    }
}
