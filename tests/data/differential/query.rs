//! Random queries as documents, and the answers that the model gives to them.

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use super::condition::{Condition, target};
use super::database::Codes;
use super::group_by::GroupBy;
use super::open::Schema;
use super::role::Asking;
use super::rows::Row;
use super::schema::{Column, Kind, Relation, Table};
use super::summary::{Summary, cells, extreme};
use super::value::compare;
use crate::data::filters::graphql;

/// A query of one root field.
#[derive(Debug, Clone)]
pub(super) enum Query {
    List(&'static Table, Arguments, Vec<Field>),
    ByKey(&'static Table, Value, Vec<Field>),
    Aggregate(&'static Table, Arguments, Summary),
    GroupBy(GroupBy),
}

/// The arguments of a list; the key is always the last term of its order.
#[derive(Debug, Clone)]
pub(super) struct Arguments {
    pub(super) condition: Condition,
    pub(super) order: Vec<Term>,
    /// So many of the first terms of the order, as far as they are columns, are told apart.
    pub(super) distinct: usize,
    pub(super) limit: Option<usize>,
    pub(super) offset: Option<usize>,
}

/// One term of an order.
#[derive(Debug, Clone)]
pub(super) enum Term {
    Column(&'static Column, &'static str),
    /// A column of the row that an object relationship finds.
    Through(&'static Relation, &'static Column, &'static str),
    /// The number of related rows.
    Count(&'static Relation, &'static str),
    /// `max` or `min` of a column of related rows.
    Extreme(&'static Relation, &'static str, &'static Column, &'static str),
}

/// A field of a row.
#[derive(Debug, Clone)]
pub(super) enum Field {
    Column(&'static Column),
    Object(&'static Relation, Vec<Field>),
    Array(&'static Relation, Arguments, Vec<Field>),
    Aggregate(&'static Relation, Arguments, Summary),
}

/// A document under construction; conditions may stand in variables.
#[derive(Debug, Default)]
pub(super) struct Document {
    in_variables: bool,
    declarations: Vec<String>,
    variables: Map<String, Value>,
}

impl Query {
    /// As a document with its variables.
    pub(super) fn document(&self, in_variables: bool) -> (String, Value) {
        let mut document = Document::new(in_variables);
        let body = match self {
            Self::List(table, arguments, fields) => {
                let arguments = arguments.text(table, &mut document);
                format!("{}{arguments} {}", table.name, selection(fields, &mut document))
            }
            Self::ByKey(table, key, fields) => {
                format!("{}(id: {key}) {}", table.one, selection(fields, &mut document))
            }
            Self::Aggregate(table, arguments, summary) => {
                let arguments = arguments.text(table, &mut document);
                format!(
                    "{}Aggregate{arguments} {}",
                    table.name,
                    summary.text(&mut document)
                )
            }
            Self::GroupBy(group_by) => group_by.text(&mut document),
        };
        document.finish("query", &format!("root: {body}"))
    }

    /// What the model answers, or the code of its error.
    pub(super) fn answer(&self, asking: Asking<'_>) -> Result<Value, Codes> {
        let schema = Schema {
            role: asking.role,
            backend: false,
        };
        if !schema.has_query(self) {
            return Err(Codes::from(["validation-failed"]));
        }
        let root = match self {
            Self::List(table, arguments, fields) => {
                let found = arguments.rows(asking, table, None);
                objects(asking, table, &limited(asking, table, found), fields)
            }
            Self::ByKey(table, key, fields) => {
                let found = asking.rows(table, &Condition::And(Vec::new()), true);
                let found = found.iter().find(|row| row["id"] == *key);
                found.map_or(Value::Null, |row| object(asking, table, row, fields))
            }
            Self::Aggregate(table, arguments, summary) => {
                summary.answer(asking, table, &arguments.rows(asking, table, None))
            }
            Self::GroupBy(group_by) => group_by.answer(asking),
        };
        Ok(json!({ "data": { "root": root } }))
    }
}

impl Document {
    pub(super) fn new(in_variables: bool) -> Self {
        Self {
            in_variables,
            ..Self::default()
        }
    }

    /// An argument, by a variable if this document has them.
    pub(super) fn argument(&mut self, name: &str, type_name: &str, value: &Value) -> String {
        if !self.in_variables {
            return format!("{name}: {}", graphql(value));
        }
        let variable = format!("{name}{}", self.variables.len());
        self.declarations.push(format!("${variable}: {type_name}"));
        self.variables.insert(variable.clone(), value.clone());
        format!("{name}: ${variable}")
    }

    /// The argument `where`.
    pub(super) fn condition(&mut self, table: &Table, condition: &Condition) -> String {
        let type_name = format!("{}_bool_exp!", table.name);
        self.argument("where", &type_name, &condition.to_json())
    }

    /// The text with its variables.
    pub(super) fn finish(self, operation: &str, fields: &str) -> (String, Value) {
        let declarations = match self.declarations.is_empty() {
            true => String::new(),
            false => format!("({})", self.declarations.join(", ")),
        };
        let text = format!("{operation} {declarations} {{ {fields} }}");
        (text, Value::Object(self.variables))
    }
}

/// No more than the role's own limit.
pub(super) fn limited(asking: Asking<'_>, table: &Table, mut rows: Vec<Row>) -> Vec<Row> {
    rows.truncate(asking.role.limit(table).unwrap_or(usize::MAX));
    rows
}

impl Arguments {
    fn text(&self, table: &Table, document: &mut Document) -> String {
        let mut arguments = vec![document.condition(table, &self.condition)];
        let terms: Vec<String> = self.order.iter().map(Term::text).collect();
        arguments.push(format!(
            "order_by: [{}]",
            [&terms[..], &["{id: asc}".to_owned()]].concat().join(", ")
        ));
        if !self.distinct().is_empty() {
            let names: Vec<&str> = self.distinct().iter().map(|column| column.name).collect();
            arguments.push(format!("distinct_on: [{}]", names.join(", ")));
        }
        arguments.extend(self.limit.map(|limit| format!("limit: {limit}")));
        arguments.extend(self.offset.map(|offset| format!("offset: {offset}")));
        format!("({})", arguments.join(", "))
    }

    fn distinct(&self) -> Vec<&'static Column> {
        let columns = self.order.iter().map_while(|term| match term {
            Term::Column(column, _) => Some(*column),
            _ => None,
        });
        columns.take(self.distinct).collect()
    }

    /// The rows, without the role's own limit.
    fn rows(
        &self,
        asking: Asking<'_>,
        table: &'static Table,
        of: Option<(&Relation, (&'static Table, &Row))>,
    ) -> Vec<Row> {
        let deleted_too = self.condition.names_deletion();
        let mut rows = match of {
            None => asking.rows(table, &self.condition, deleted_too),
            Some((relation, from)) => asking.related(from, relation, &self.condition, deleted_too),
        };
        rows.sort_by(|one, other| {
            let terms = self
                .order
                .iter()
                .map(|term| term.compare(asking, table, one, other));
            terms
                .fold(Ordering::Equal, Ordering::then)
                .then_with(|| compare(Kind::Uuid, &one["id"], &other["id"]))
        });
        let distinct = self.distinct();
        if !distinct.is_empty() {
            let values = |row: &Row| {
                distinct
                    .iter()
                    .map(|column| asking.cell(table, row, column.name))
                    .collect::<Vec<_>>()
            };
            let mut kept: Vec<Row> = Vec::new();
            for row in rows {
                let same = |other: &Row| {
                    values(&row)
                        .iter()
                        .zip(values(other))
                        .zip(&distinct)
                        .all(|((one, other), column)| equal(column.kind, one, &other))
                };
                if !kept.iter().any(same) {
                    kept.push(row);
                }
            }
            rows = kept;
        }
        let rows = rows.into_iter().skip(self.offset.unwrap_or_default());
        rows.take(self.limit.unwrap_or(usize::MAX)).collect()
    }
}

/// Whether values count as the same, nulls among them.
pub(super) fn equal(kind: Kind, one: &Value, other: &Value) -> bool {
    match (one.is_null(), other.is_null()) {
        (false, false) => compare(kind, one, other).is_eq(),
        (one, other) => one == other,
    }
}

impl Term {
    fn text(&self) -> String {
        match self {
            Self::Column(column, direction) => format!("{{{}: {direction}}}", column.name),
            Self::Through(relation, column, direction) => {
                format!("{{{}: {{{}: {direction}}}}}", relation.name, column.name)
            }
            Self::Count(relation, direction) => {
                format!("{{{}_aggregate: {{count: {direction}}}}}", relation.name)
            }
            Self::Extreme(relation, function, column, direction) => format!(
                "{{{}_aggregate: {{{function}: {{{}: {direction}}}}}}}",
                relation.name, column.name
            ),
        }
    }

    fn compare(&self, asking: Asking<'_>, table: &'static Table, one: &Row, other: &Row) -> Ordering {
        let everything = Condition::And(Vec::new());
        match self {
            Self::Column(column, direction) => {
                let value = |row| asking.cell(table, row, column.name);
                directed(direction, column.kind, &value(one), &value(other))
            }
            Self::Through(relation, column, direction) => {
                let value = |row| {
                    let found = asking.related((table, row), relation, &everything, true);
                    found.first().map_or(Value::Null, |found| {
                        asking.cell(target(relation), found, column.name)
                    })
                };
                directed(direction, column.kind, &value(one), &value(other))
            }
            Self::Count(relation, direction) => {
                let value = |row| json!(asking.related((table, row), relation, &everything, false).len());
                directed(direction, Kind::Int, &value(one), &value(other))
            }
            Self::Extreme(relation, function, column, direction) => {
                let value = |row| {
                    let rows = asking.related((table, row), relation, &everything, false);
                    extreme(function, column, cells(asking, target(relation), &rows, column))
                };
                directed(direction, column.kind, &value(one), &value(other))
            }
        }
    }
}

pub(super) fn directed(direction: &str, kind: Kind, one: &Value, other: &Value) -> Ordering {
    let nulls_first = matches!(direction, "asc_nulls_first" | "desc" | "desc_nulls_first");
    let null = if nulls_first {
        Ordering::Less
    } else {
        Ordering::Greater
    };
    match (one.is_null(), other.is_null()) {
        (true, true) => Ordering::Equal,
        (true, false) => null,
        (false, true) => null.reverse(),
        (false, false) if direction.starts_with("desc") => compare(kind, other, one),
        (false, false) => compare(kind, one, other),
    }
}

/// Fields under names of their own, so that none merge.
pub(super) fn selection(fields: &[Field], document: &mut Document) -> String {
    let mut texts = Vec::new();
    for (index, field) in fields.iter().enumerate() {
        let text = match field {
            Field::Column(column) => column.name.to_owned(),
            Field::Object(relation, fields) => format!("{} {}", relation.name, selection(fields, document)),
            Field::Array(relation, arguments, fields) => {
                let arguments = arguments.text(target(relation), document);
                format!("{}{arguments} {}", relation.name, selection(fields, document))
            }
            Field::Aggregate(relation, arguments, summary) => {
                let arguments = arguments.text(target(relation), document);
                format!(
                    "{}_aggregate{arguments} {}",
                    relation.name,
                    summary.text(document)
                )
            }
        };
        texts.push(format!("f{index}: {text}"));
    }
    format!("{{ {} }}", texts.join(" "))
}

pub(super) fn objects(asking: Asking<'_>, table: &'static Table, rows: &[Row], fields: &[Field]) -> Value {
    rows.iter()
        .map(|row| object(asking, table, row, fields))
        .collect()
}

pub(super) fn object(asking: Asking<'_>, table: &'static Table, row: &Row, fields: &[Field]) -> Value {
    let members = fields.iter().enumerate().map(|(index, field)| {
        let value = match field {
            Field::Column(column) => asking.cell(table, row, column.name),
            Field::Object(relation, fields) => {
                // The one row is named by the other: an administrator meets it though deleted.
                let found = asking.related((table, row), relation, &Condition::And(Vec::new()), true);
                let found = found.first();
                found.map_or(Value::Null, |found| {
                    object(asking, target(relation), found, fields)
                })
            }
            Field::Array(relation, arguments, fields) => {
                let other = target(relation);
                let found = arguments.rows(asking, other, Some((relation, (table, row))));
                objects(asking, other, &limited(asking, other, found), fields)
            }
            Field::Aggregate(relation, arguments, summary) => {
                let other = target(relation);
                let found = arguments.rows(asking, other, Some((relation, (table, row))));
                summary.answer(asking, other, &found)
            }
        };
        (format!("f{index}"), value)
    });
    Value::Object(members.collect())
}
