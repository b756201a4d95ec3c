//! What is asked, free of roles, databases and values: the same plan serves every request of its shape.

pub mod aggregate;
pub mod aggregate_condition;
pub mod build;
pub mod filter;
pub mod group_by;
pub mod insert;
pub mod json_path;
pub mod merge;
pub mod mutation;
mod operator;
pub mod order_by;
pub mod select;
pub mod update;

use portico_entity::catalogue::{Column, Relation, Scalar, Table};

use aggregate::Aggregate;
use aggregate_condition::Condition;
use group_by::GroupBy;
use mutation::Mutation;

use crate::pattern::{Case, Language};
use crate::request::Operand;

pub use operator::Operator;
pub use order_by::{Direction, Order, OrderBy};

/// A parameter of a statement: where its value comes from and what it must be.
#[derive(Debug, Clone, PartialEq)]
pub struct Bind {
    /// Where execution finds the value.
    pub operand: Operand,
    /// What it is coerced to.
    pub kind: BindKind,
    /// Where it stands in the request, for an error.
    pub path: String,
}

/// What the value of a parameter is coerced to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BindKind {
    /// A scalar that is not null.
    Scalar(Scalar),
    /// A scalar or null.
    Nullable(Scalar),
    /// A scalar that a column is to keep; null is none.
    Assigned(Scalar),
    /// A scalar that a column is to keep, or null.
    AssignedOrNull(Scalar),
    /// A list of scalars without null.
    List(Scalar),
    /// A row count: 0 to 2³¹−1, null for none.
    Limit,
    /// A number of rows to skip.
    Offset,
    /// A path into a JSON value; null for the whole.
    JsonPath,
    /// The steps of a JSON path as a list of strings.
    JsonSteps,
    /// A pattern for texts of the scalar.
    Pattern(Scalar, Language, Case),
    /// JSON to look for within other JSON, and the other way round.
    JsonPart,
    /// Keys to look for in JSON.
    JsonKeys,
}

/// The fields of an operation, in order.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Root fields.
    pub roots: Vec<Root>,
}

/// A root field.
#[derive(Debug, Clone)]
pub struct Root {
    /// Name in the answer.
    pub key: String,
    /// What it does.
    pub action: Action,
}

/// What a root field does.
#[derive(Debug, Clone)]
pub enum Action {
    /// Answers the name of the root type.
    Typename(&'static str),
    /// Reads rows, or one row.
    Select(Box<Select>),
    /// Asks of rows as a whole.
    Aggregate(Box<Aggregate>),
    /// Reads rows in groups.
    GroupBy(Box<GroupBy>),
    /// Writes.
    Mutate(Box<Mutation>),
}

/// How many rows an answer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One object or null.
    One,
    /// A list of objects.
    Many,
}

/// Rows of a table, filtered, ordered, cut and projected.
#[derive(Debug, Clone)]
pub struct Select {
    /// The table.
    pub table: &'static Table,
    /// One row or many.
    pub shape: Shape,
    /// Which rows.
    pub filter: Filter,
    /// Whether the request itself names soft deletion or gives the key, so that an administrator means
    /// deleted rows too.
    pub deleted_too: bool,
    /// Only the first of those that are equal in all of these columns; they lead the order.
    pub distinct_on: Vec<ByName<Column>>,
    /// In which order.
    pub order_by: Vec<Order>,
    /// At most so many.
    pub limit: Option<Bind>,
    /// A role's own limit.
    pub role_limit: Option<u32>,
    /// How many to skip.
    pub offset: Option<Bind>,
    /// What of each row.
    pub fields: Vec<Field>,
}

/// A field of a row.
#[derive(Debug, Clone)]
pub struct Field {
    /// Name in the answer.
    pub key: String,
    /// What stands there.
    pub content: Content,
}

/// What a field of a row holds.
#[derive(Debug, Clone)]
pub enum Content {
    /// The name of the row's type.
    Typename(&'static str),
    /// A column, or a part of a JSON column.
    Column(&'static Column, Option<Bind>),
    /// Related rows.
    Related(&'static Relation, Box<Select>),
    /// Related rows asked of as a whole.
    Aggregate(&'static Relation, Box<Aggregate>),
}

/// A condition on a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// Every one holds; true when empty.
    All(Vec<Filter>),
    /// At least one holds; false when empty.
    Any(Vec<Filter>),
    /// It does not hold.
    Not(Box<Filter>),
    /// A column compared with a value.
    Compare(ByName<Column>, Operator, Bind),
    /// A JSON column as text compared with a value.
    CompareText(ByName<Column>, Operator, Bind),
    /// Whether a column is null, as the value says.
    IsNull(ByName<Column>, Bind),
    /// At least one related row satisfies the condition.
    Related(ByName<Relation>, Box<Filter>),
    /// What is computed over related rows satisfies a condition.
    Aggregate(Box<Condition>),
    /// A condition of a permission on this row: it ignores what the role may see of the rows it meets.
    OfPermission(Box<Filter>),
    /// At least one row of the table satisfies the condition; only inside permissions.
    Exists(ByName<Table>, Box<Filter>),
    /// A column compared with another one; only inside permissions.
    CompareColumns(ByName<Column>, Operator, Side, ByName<Column>),
}

/// Whose column stands on the right of a comparison of two columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// That of the row at hand.
    Row,
    /// That of the row which the permission is about.
    Root,
}

/// Something of the catalogue, equal when its address is.
#[derive(Debug)]
pub struct ByName<T: 'static>(pub &'static T);

impl<T> Clone for ByName<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for ByName<T> {}
impl<T> PartialEq for ByName<T> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Default for Filter {
    fn default() -> Self {
        Self::TRUE
    }
}

impl Filter {
    /// The condition that every row satisfies.
    pub const TRUE: Self = Self::All(Vec::new());

    /// Both conditions.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All(first), other) if first.is_empty() => other,
            (first, Self::All(other)) if other.is_empty() => first,
            (first, other) => Self::All(vec![first, other]),
        }
    }

    /// This as the condition of a permission.
    pub fn of_permission(self) -> Self {
        match self.is_true() {
            true => Self::TRUE,
            false => Self::OfPermission(Box::new(self)),
        }
    }

    /// Whether every row satisfies it, whatever the values.
    pub fn is_true(&self) -> bool {
        match self {
            Self::All(filters) => filters.iter().all(Self::is_true),
            Self::OfPermission(filter) => filter.is_true(),
            _ => false,
        }
    }

    /// Whether the row's own condition, not one of a related row, names the column.
    pub fn names(&self, column: &str) -> bool {
        match self {
            Self::All(filters) | Self::Any(filters) => filters.iter().any(|filter| filter.names(column)),
            Self::Not(filter) => filter.names(column),
            Self::Compare(found, ..) | Self::CompareText(found, ..) | Self::IsNull(found, _) => {
                found.0.sql == column
            }
            Self::Related(..)
            | Self::Aggregate(_)
            | Self::OfPermission(_)
            | Self::Exists(..)
            | Self::CompareColumns(..) => false,
        }
    }
}
