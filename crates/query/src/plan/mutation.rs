//! Writes and what is answered of them.

use portico_entity::catalogue::{Column, Table};

use super::insert::Insert;
use super::merge::merge;
use super::update::Update;
use super::{BindKind, ByName, Filter, Operator, Select, Shape, filter, select};
use crate::error::Failure;
use crate::request::{Selection, Variables};

/// The writes of a root field, in order, and its answer.
#[derive(Debug, Clone)]
pub struct Mutation {
    /// The table.
    pub table: &'static Table,
    /// Name of the root field, as the audit has it.
    pub action: String,
    /// One write, or those of `update_users_many`.
    pub writes: Vec<Write>,
    /// Whether the request gives the key, so that an administrator means deleted rows too.
    pub by_key: bool,
    /// What is answered.
    pub answer: Answer,
    /// Whether whoever asks learns nothing of other rows from an error.
    pub discreet: bool,
    /// Where an error of the database is reported.
    pub path: String,
}

/// One write.
#[derive(Debug, Clone)]
pub enum Write {
    /// New rows, also in related tables.
    Insert(Box<Insert>),
    /// Changes of rows.
    Update(Box<Update>),
    /// Rows removed.
    Delete(Filter),
}

/// What a mutation answers.
#[derive(Debug, Clone)]
pub enum Answer {
    /// The row written, or null.
    Row(Box<Select>),
    /// `affected_rows` and `returning`.
    Response(Vec<ResponseField>),
    /// One response for each write.
    Responses(Vec<ResponseField>),
}

/// A field of a response.
#[derive(Debug, Clone)]
pub struct ResponseField {
    /// Name in the answer.
    pub key: String,
    /// What stands there.
    pub content: ResponseContent,
}

/// What a field of a response holds.
#[derive(Debug, Clone)]
pub enum ResponseContent {
    /// The name of the response's type.
    Typename(String),
    /// How many rows were written.
    AffectedRows,
    /// The rows written.
    Returning(Box<Select>),
}

impl Answer {
    /// Every selection of rows written.
    pub fn selects_mut(&mut self) -> Vec<&mut Select> {
        match self {
            Self::Row(select) => vec![select],
            Self::Response(fields) | Self::Responses(fields) => fields
                .iter_mut()
                .filter_map(|field| match &mut field.content {
                    ResponseContent::Returning(select) => Some(&mut **select),
                    ResponseContent::Typename(_) | ResponseContent::AffectedRows => None,
                })
                .collect(),
        }
    }
}

/// The row written.
pub(super) fn row(
    table: &'static Table,
    selection: &Selection,
    variables: &Variables,
    path: &str,
) -> Result<Answer, Failure> {
    let select = select::one(table, Filter::TRUE, selection, variables, path)?;
    Ok(Answer::Row(Box::new(select)))
}

/// The fields of a response.
pub(super) fn response(
    table: &'static Table,
    selection: &Selection,
    variables: &Variables,
    path: &str,
) -> Result<Vec<ResponseField>, Failure> {
    let merged = merge(&selection.selections, path)?;
    let fields = merged.iter().map(|selection| {
        let path = format!("{path}.selectionSet.{}", selection.key);
        let content = match selection.name.as_str() {
            "__typename" => ResponseContent::Typename(response_type(table)),
            "affected_rows" => ResponseContent::AffectedRows,
            "returning" => {
                let mut select = select::one(table, Filter::TRUE, selection, variables, &path)?;
                select.shape = Shape::Many;
                ResponseContent::Returning(Box::new(select))
            }
            name => return Err(Failure::unknown_field(path, name, &response_type(table))),
        };
        Ok(ResponseField {
            key: selection.key.clone(),
            content,
        })
    });
    fields.collect()
}

/// The name of the type of a response.
pub fn response_type(table: &Table) -> String {
    format!("{}_mutation_response", table.type_name)
}

/// The rows that the required argument `where` names.
pub(super) fn rows(
    table: &'static Table,
    selection: &Selection,
    variables: &Variables,
    path: &str,
) -> Result<Filter, Failure> {
    match selection.argument("where", variables, path) {
        Some(place) if !place.is_null() => filter::argument(table, Some(place)),
        _ => Err(missing(path, "where")),
    }
}

/// The row with the key that the arguments give.
pub(super) fn key(
    table: &'static Table,
    selection: &Selection,
    variables: &Variables,
    path: &str,
) -> Result<Filter, Failure> {
    let conditions = key_columns(table).map(|column| {
        let place = selection
            .argument(&column.name, variables, path)
            .ok_or_else(|| missing(path, &column.name))?;
        let value = filter::bind(&place, BindKind::Scalar(column.scalar));
        Ok(Filter::Compare(ByName(column), Operator::Equal, value))
    });
    Ok(Filter::All(conditions.collect::<Result<_, Failure>>()?))
}

/// The columns of the primary key.
pub fn key_columns(table: &'static Table) -> impl Iterator<Item = &'static Column> {
    table.key.iter().filter_map(|key| table.column_by_sql(key))
}

/// An argument that a field requires.
pub(super) fn missing(path: &str, name: &str) -> Failure {
    Failure::missing_field(&format!("{path}.args"), name)
}
