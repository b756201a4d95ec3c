//! Conditions of permissions: Hasura's boolean expressions with session variables, other columns and rows of
//! other tables.

use portico_entity::catalogue::{Catalogue, Column, Scalar, Table};
use serde_json::Value;

use super::node::{Mistake, Node};
use super::table;
use crate::execute::check_constant;
use crate::plan::filter::compared;
use crate::plan::{Bind, ByName, Filter, Operator, Side};
use crate::request::Operand;

/// What begins the name of a session variable.
const SESSION: &str = "x-hasura-";

/// Operators that compare two columns; `_cne` is the older name of `_cneq`.
const OF_COLUMNS: [(&str, Operator); 7] = [
    ("_ceq", Operator::Equal),
    ("_cneq", Operator::NotEqual),
    ("_cne", Operator::NotEqual),
    ("_cgt", Operator::Greater),
    ("_cgte", Operator::GreaterOrEqual),
    ("_clt", Operator::Less),
    ("_clte", Operator::LessOrEqual),
];

/// Reads the condition of a permission on the rows of a table.
pub(super) fn read(
    catalogue: &'static Catalogue,
    table: &'static Table,
    node: &Node,
) -> Result<Filter, Mistake> {
    let reader = Reader {
        catalogue,
        root: table,
    };
    Ok(reader.expression(table, node)?.of_permission())
}

/// The column of this SQL name; a secret is told by name, so that nobody searches for a typo.
pub(super) fn column(table: &'static Table, name: &str) -> Result<&'static Column, String> {
    match table.column_by_sql(name) {
        Some(column) if column.secret => Err(format!(
            "column {name} of {} is a secret, nothing can name it",
            table.sql
        )),
        Some(column) => Ok(column),
        None => Err(format!("table {} has no column {name}", table.sql)),
    }
}

/// A string that begins like a header of the session is the session variable of that name.
pub(super) fn operand(value: &Value) -> Operand {
    match value {
        Value::String(text) if is_session(text) => Operand::Session(text.to_ascii_lowercase()),
        Value::Array(elements) if elements.iter().filter_map(Value::as_str).any(is_session) => {
            Operand::List(elements.iter().map(operand).collect())
        }
        other => Operand::Constant(other.clone()),
    }
}

fn is_session(text: &str) -> bool {
    text.get(..SESSION.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(SESSION))
}

struct Reader {
    catalogue: &'static Catalogue,
    /// The table of the permission, for `["$", column]`.
    root: &'static Table,
}

impl Reader {
    fn expression(&self, table: &'static Table, node: &Node) -> Result<Filter, Mistake> {
        let mut filters = Vec::new();
        for (key, node) in node.entries()? {
            filters.push(match key.text.as_str() {
                "_and" => Filter::All(self.expressions(table, node)?),
                "_or" => Filter::Any(self.expressions(table, node)?),
                "_not" => Filter::Not(Box::new(self.expression(table, node)?)),
                "_exists" => self.exists(node)?,
                name => match table.relation(name) {
                    Some(relation) => {
                        let target = self
                            .catalogue
                            .table(relation.target)
                            .ok_or_else(|| key.mistake("the relationship leads to no table"))?;
                        Filter::Related(ByName(relation), Box::new(self.expression(target, node)?))
                    }
                    None => {
                        let column = column(table, name).map_err(|reason| key.mistake(reason))?;
                        self.comparisons(table, column, node)?
                    }
                },
            });
        }
        Ok(Filter::All(filters))
    }

    fn expressions(&self, table: &'static Table, node: &Node) -> Result<Vec<Filter>, Mistake> {
        let elements = node.list()?.iter();
        elements.map(|element| self.expression(table, element)).collect()
    }

    /// A row of any table, related or not.
    fn exists(&self, node: &Node) -> Result<Filter, Mistake> {
        let mut fields = node.fields()?;
        let table = table::named(self.catalogue, fields.require("_table")?)?;
        let rows = self.expression(table, fields.require("_where")?)?;
        fields.finish()?;
        Ok(Filter::Exists(ByName(table), Box::new(rows)))
    }

    /// The operators on a column, or its value alone for `_eq`.
    fn comparisons(
        &self,
        table: &'static Table,
        column: &'static Column,
        node: &Node,
    ) -> Result<Filter, Mistake> {
        if !node.is_map() {
            return self.comparison(table, column, "_eq", node);
        }
        if node.is_empty() {
            return Err(node.mistake(format!("column {} needs an operator", column.sql)));
        }
        let comparisons = node
            .entries()?
            .iter()
            .map(|(key, node)| self.comparison(table, column, &key.text, node));
        comparisons.collect::<Result<_, _>>().map(Filter::All)
    }

    fn comparison(
        &self,
        table: &'static Table,
        column: &'static Column,
        name: &str,
        node: &Node,
    ) -> Result<Filter, Mistake> {
        if let Some((_, operator)) = OF_COLUMNS.into_iter().find(|(known, _)| *known == name) {
            return self.columns(table, column, operator, node);
        }
        if name == "_cast" && column.scalar == Scalar::Jsonb {
            let mut fields = node.fields()?;
            let of_text = fields.require("String")?.entries()?.iter();
            let filters = of_text
                .map(|(key, node)| self.compared(column, Scalar::String, &key.text, node))
                .collect::<Result<_, _>>()?;
            fields.finish()?;
            return Ok(Filter::All(filters));
        }
        self.compared(column, column.scalar, name, node)
    }

    fn compared(
        &self,
        column: &'static Column,
        scalar: Scalar,
        name: &str,
        node: &Node,
    ) -> Result<Filter, Mistake> {
        let value = operand(&node.json());
        let filter = compared(column, scalar, name, value, "$")
            .ok_or_else(|| node.mistake(format!("column {} has no operator {name}", column.sql)))?;
        match &filter {
            Filter::Compare(_, _, bind) | Filter::CompareText(_, _, bind) | Filter::IsNull(_, bind) => {
                self.check(column, bind, node)?;
            }
            _ => {}
        }
        Ok(filter)
    }

    /// A constant that cannot be right is told now, not to every client.
    fn check(&self, column: &'static Column, bind: &Bind, node: &Node) -> Result<(), Mistake> {
        check_constant(bind).map_err(|failure| node.mistake(failure.message))?;
        let Scalar::Enum(name) = column.scalar else {
            return Ok(());
        };
        let table = self.catalogue.table(name);
        let values: Vec<&str> = table
            .into_iter()
            .flat_map(|table| table.values)
            .map(|(value, _)| *value)
            .collect();
        let given = match &bind.operand {
            Operand::Constant(Value::Array(elements)) => elements.as_slice(),
            Operand::Constant(value) => std::slice::from_ref(value),
            _ => &[],
        };
        let wrong = given
            .iter()
            .filter_map(Value::as_str)
            .find(|given| !values.is_empty() && !values.contains(given));
        match wrong {
            Some(wrong) => Err(node.mistake(format!("{wrong} is none of {}", values.join(", ")))),
            None => Ok(()),
        }
    }

    /// A column of the same row, or with `["$", column]` of the row that the permission is about.
    fn columns(
        &self,
        table: &'static Table,
        left: &'static Column,
        operator: Operator,
        node: &Node,
    ) -> Result<Filter, Mistake> {
        let steps = match node.text() {
            Ok(name) => vec![name],
            Err(_) => node.list()?.iter().map(Node::text).collect::<Result<_, _>>()?,
        };
        let (side, of, name) = match steps[..] {
            [name] => (Side::Row, table, name),
            ["$", name] => (Side::Root, self.root, name),
            _ => {
                return Err(
                    node.mistake("expected a column, or [\"$\", column] for the permission's own row")
                );
            }
        };
        let right = column(of, name).map_err(|reason| node.mistake(reason))?;
        if kin(left.scalar) != kin(right.scalar) {
            let message = format!(
                "{} and {} cannot be compared: {} and {}",
                left.sql,
                right.sql,
                left.scalar.graphql(),
                right.scalar.graphql()
            );
            return Err(node.mistake(message));
        }
        Ok(Filter::CompareColumns(
            ByName(left),
            operator,
            side,
            ByName(right),
        ))
    }
}

/// Scalars that compare with each other have the same.
fn kin(scalar: Scalar) -> Scalar {
    match scalar {
        Scalar::Int => Scalar::Bigint,
        Scalar::Enum(_) => Scalar::String,
        other => other,
    }
}
