//! Aggregates: what is counted, summed and compared over rows, and the rows themselves.

use portico_entity::catalogue::{Column, Scalar, Table};

use super::merge::merge;
use super::{ByName, Field, Select, select};
use crate::error::Failure;
use crate::request::{Place, Selection, Variables};

/// Rows of a table and what is asked of them as a whole.
#[derive(Debug, Clone)]
pub struct Aggregate {
    /// Which rows; what is selected of each stands among the members.
    pub rows: Select,
    /// What is asked of them.
    pub members: Vec<Member<AggregateContent>>,
}

/// A member of an answered object.
#[derive(Debug, Clone)]
pub struct Member<T> {
    /// Name in the answer.
    pub key: String,
    /// What stands there.
    pub content: T,
}

/// What a member of `users_aggregate` holds.
#[derive(Debug, Clone)]
pub enum AggregateContent {
    /// The name of the type.
    Typename(String),
    /// What is computed over the rows.
    Summary(Vec<Member<Summary>>),
    /// The rows, as far as a role's own limit allows.
    Nodes(Vec<Field>),
}

/// What a member of `users_aggregate_fields` holds.
#[derive(Debug, Clone)]
pub enum Summary {
    /// The name of the type.
    Typename(String),
    /// How many.
    Count(Count),
    /// A function of some columns.
    Each(Function, Vec<Member<Each>>),
}

/// What a member of `users_max_fields` and its like holds.
#[derive(Debug, Clone)]
pub enum Each {
    /// The name of the type.
    Typename(String),
    /// The function's value over a column.
    Column(ByName<Column>),
}

/// What is counted: rows, rows in which the one column is not null, or different values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Count {
    /// Of which columns; none for the rows.
    pub columns: Vec<ByName<Column>>,
    /// Whether equal values count once.
    pub distinct: bool,
}

/// A single value computed over rows.
#[derive(Debug, Clone, PartialEq)]
pub enum Computed {
    /// How many.
    Count(Count),
    /// A function of a column.
    Of(Function, ByName<Column>),
    /// Whether a Boolean column is true on every row; null without one.
    Every(ByName<Column>),
    /// Whether a Boolean column is true on any row; null without one.
    Any(ByName<Column>),
}

impl Computed {
    /// The columns it is computed from.
    pub fn columns(&self) -> &[ByName<Column>] {
        match self {
            Self::Count(count) => &count.columns,
            Self::Of(_, column) | Self::Every(column) | Self::Any(column) => std::slice::from_ref(column),
        }
    }
}

/// A function over the values of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// The mean.
    Average,
    /// The greatest.
    Max,
    /// The least.
    Min,
    /// Standard deviation of a sample.
    StddevSample,
    /// Standard deviation of all there is.
    StddevPopulation,
    /// The sum.
    Sum,
    /// Variance of all there is.
    VariancePopulation,
    /// Variance of a sample.
    VarianceSample,
}

impl Function {
    /// Every field of `users_aggregate_fields` but `count`: two functions have two names.
    pub const ALL: [(&'static str, Self); 10] = [
        ("avg", Self::Average),
        ("max", Self::Max),
        ("min", Self::Min),
        ("stddev", Self::StddevSample),
        ("stddev_pop", Self::StddevPopulation),
        ("stddev_samp", Self::StddevSample),
        ("sum", Self::Sum),
        ("var_pop", Self::VariancePopulation),
        ("var_samp", Self::VarianceSample),
        ("variance", Self::VarianceSample),
    ];

    /// The function of this name.
    pub fn parse(name: &str) -> Option<Self> {
        let found = Self::ALL.into_iter().find(|(known, _)| *known == name);
        found.map(|(_, function)| function)
    }

    /// Whether it can be asked of columns of the scalar.
    pub fn fits(self, scalar: Scalar) -> bool {
        match self {
            Self::Max | Self::Min => !matches!(
                scalar,
                Scalar::Boolean | Scalar::Jsonb | Scalar::Bytea | Scalar::Enum(_)
            ),
            _ => matches!(scalar, Scalar::Int | Scalar::Bigint),
        }
    }

    /// The GraphQL type of its value over columns of the scalar.
    pub fn graphql(self, scalar: Scalar) -> String {
        match self {
            Self::Max | Self::Min | Self::Sum => scalar.graphql(),
            _ => "Float".to_owned(),
        }
    }
}

/// Rows with the arguments of a list and what is asked of them as a whole.
pub fn aggregate(
    table: &'static Table,
    selection: &Selection,
    variables: &Variables,
    path: &str,
) -> Result<Aggregate, Failure> {
    let rows = select::rows(table, selection, variables, path)?;
    let members = members(&selection.selections, path, |selection, path| {
        let type_name = format!("{}_aggregate", table.type_name);
        Ok(match selection.name.as_str() {
            "__typename" => AggregateContent::Typename(type_name),
            "nodes" => {
                AggregateContent::Nodes(select::fields(table, &selection.selections, variables, path)?)
            }
            "aggregate" => AggregateContent::Summary(summary(table, &selection.selections, variables, path)?),
            name => return Err(Failure::unknown_field(path, name, &type_name)),
        })
    })?;
    Ok(Aggregate { rows, members })
}

/// What is selected of `users_aggregate_fields`.
pub(super) fn summary(
    table: &'static Table,
    selections: &[Selection],
    variables: &Variables,
    path: &str,
) -> Result<Vec<Member<Summary>>, Failure> {
    members(selections, path, |selection, path| {
        let type_name = format!("{}_aggregate_fields", table.type_name);
        Ok(match selection.name.as_str() {
            "__typename" => Summary::Typename(type_name),
            "count" => Summary::Count(count(
                table,
                selection.argument("columns", variables, path),
                selection.argument("distinct", variables, path),
            )?),
            name => {
                let function =
                    Function::parse(name).ok_or_else(|| Failure::unknown_field(path, name, &type_name))?;
                let type_name = format!("{}_{name}_fields", table.type_name);
                Summary::Each(
                    function,
                    each(table, function, &type_name, &selection.selections, path)?,
                )
            }
        })
    })
}

fn each(
    table: &'static Table,
    function: Function,
    type_name: &str,
    selections: &[Selection],
    path: &str,
) -> Result<Vec<Member<Each>>, Failure> {
    members(selections, path, |selection, path| {
        match selection.name.as_str() {
            "__typename" => Ok(Each::Typename(type_name.to_owned())),
            name => table
                .column(name)
                .filter(|column| function.fits(column.scalar))
                .map(|column| Each::Column(ByName(column)))
                .ok_or_else(|| Failure::unknown_field(path, name, type_name)),
        }
    })
}

/// What the arguments of a count say.
pub(super) fn count(
    table: &'static Table,
    columns: Option<Place<'_>>,
    distinct: Option<Place<'_>>,
) -> Result<Count, Failure> {
    Ok(Count {
        columns: select_columns(table, columns)?,
        distinct: match distinct {
            Some(place) => place.boolean()?.unwrap_or_default(),
            None => false,
        },
    })
}

/// Columns by the values of `users_select_column`, each once; null and absence mean none.
pub(super) fn select_columns(
    table: &'static Table,
    place: Option<Place<'_>>,
) -> Result<Vec<ByName<Column>>, Failure> {
    let type_name = format!("{}_select_column", table.type_name);
    let mut columns = Vec::new();
    let Some(place) = place.filter(|place| !place.is_null()) else {
        return Ok(columns);
    };
    for element in place.elements()? {
        let name = element.enum_value(&type_name)?;
        let column = table
            .column(name)
            .map(ByName)
            .ok_or_else(|| element.expected(&format!("a column for type '{type_name}'")))?;
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    Ok(columns)
}

/// Plans each selected member, selections under one name merged.
pub(super) fn members<T>(
    selections: &[Selection],
    path: &str,
    mut plan: impl FnMut(&Selection, &str) -> Result<T, Failure>,
) -> Result<Vec<Member<T>>, Failure> {
    merge(selections, path)?
        .iter()
        .map(|selection| {
            let path = format!("{path}.selectionSet.{}", selection.key);
            Ok(Member {
                key: selection.key.clone(),
                content: plan(selection, &path)?,
            })
        })
        .collect()
}
