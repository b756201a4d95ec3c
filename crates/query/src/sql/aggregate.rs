//! Aggregates: one row of counts, sums and extremes, with the rows beside them where they are asked for.

use portico_entity::catalogue::{Relation, catalogue};

use super::function;
use super::rows::{self, POSITION, Rows};
use super::writer::{Alias, Target, Writer};
use super::{Dialect, OutputColumn, OutputValue, Read, Weight, filter, json, select};
use crate::plan::aggregate::{Aggregate, AggregateContent, Each, Member, Summary};
use crate::plan::aggregate_condition::{COUNTED, Condition};
use crate::plan::{Field, Shape};

/// The statement of a root field.
pub(super) fn root(aggregate: &Aggregate, target: Target<'_>) -> Read {
    let mut writer = Writer::new(target);
    let alias = writer.alias(aggregate.rows.table);
    let over = Over::new(aggregate, alias);
    let mut columns = Vec::with_capacity(aggregate.members.len());
    let mut written = false;
    writer.push("SELECT ");
    for member in &aggregate.members {
        let value = match &member.content {
            AggregateContent::Typename(name) => OutputValue::Known(format!("\"{name}\"")),
            AggregateContent::Summary(_) | AggregateContent::Nodes(_) => {
                if written {
                    writer.push(", ");
                }
                written = true;
                over.content(&mut writer, &member.content);
                OutputValue::Json
            }
        };
        columns.push(OutputColumn::new(columns.len(), &member.key, value));
    }
    if !written {
        writer.push("1");
    }
    over.from(&mut writer, None);
    Read {
        sql: writer.sql.into(),
        binds: writer.binds,
        shape: Shape::One,
        columns,
        page: None,
        weight: Weight::of_many(true),
    }
}

/// The aggregates of related rows as one JSON object.
pub(super) fn related(writer: &mut Writer, outer: Alias, relation: &Relation, aggregate: &Aggregate) {
    let alias = writer.alias(aggregate.rows.table);
    let over = Over::new(aggregate, alias);
    writer.push("(SELECT ");
    json::object(
        writer,
        &aggregate.members,
        |member| &member.key,
        |writer, member| over.content(writer, &member.content),
    );
    over.from(writer, Some((outer, relation)));
    writer.push(")");
}

/// A condition on what is computed over related rows.
pub(super) fn condition(writer: &mut Writer, outer: Alias, condition: &Condition) {
    let relation = condition.relation.0;
    let Some(target) = catalogue().table(relation.target) else {
        return writer.push("FALSE");
    };
    let (rows, result) = (writer.alias(target), writer.alias(target));
    writer.push("EXISTS (SELECT 1 FROM (SELECT ");
    function::computed(writer, rows, &condition.computed);
    writer.push(&format!(" AS \"{}\" FROM ", COUNTED.sql));
    writer.table(target);
    writer.push(&format!(" AS {rows} WHERE "));
    writer.column(rows, relation.to);
    writer.push(" = ");
    writer.column(outer, relation.from);
    filter::and(writer, rows, &condition.rows);
    writer.push(&format!(") AS {result} WHERE "));
    filter::write(writer, result, &condition.predicate);
    filter::close_exists(writer);
}

/// What aggregates are made over.
struct Over<'a> {
    aggregate: &'a Aggregate,
    alias: Alias,
    /// Whether anything is computed.
    computes: bool,
    /// Whether the rows themselves are asked for.
    nodes: bool,
}

impl<'a> Over<'a> {
    fn new(aggregate: &'a Aggregate, alias: Alias) -> Self {
        let mut over = Self {
            aggregate,
            alias,
            computes: false,
            nodes: false,
        };
        for member in &aggregate.members {
            match &member.content {
                AggregateContent::Typename(_) => {}
                AggregateContent::Summary(members) => over.computes |= computes(members),
                AggregateContent::Nodes(_) => over.nodes = true,
            }
        }
        over
    }

    /// Whether the rows have to be told apart: they come in an order which other functions could disturb, or
    /// not all of them may be shown.
    fn is_numbered(&self) -> bool {
        let rows = &self.aggregate.rows;
        self.nodes && self.computes && (!rows.order_by.is_empty() || rows.role_limit.is_some())
    }

    fn content(&self, writer: &mut Writer, content: &AggregateContent) {
        match content {
            AggregateContent::Typename(name) => writer.key(name),
            AggregateContent::Summary(members) => summary(writer, self.alias, members),
            AggregateContent::Nodes(fields) => self.list(writer, fields),
        }
    }

    fn list(&self, writer: &mut Writer, fields: &[Field]) {
        let alias = self.alias;
        let (before, after) = match writer.dialect {
            Dialect::Postgres => ("coalesce(json_agg(", ", '[]')"),
            Dialect::Sqlite => ("json_group_array(", ""),
        };
        writer.push(before);
        select::object(writer, alias, fields);
        if self.is_numbered() {
            writer.push(&format!(" ORDER BY {alias}.\"{POSITION}\""));
        }
        writer.push(")");
        if let (true, Some(most)) = (self.is_numbered(), self.aggregate.rows.role_limit) {
            writer.push(&format!(" FILTER (WHERE {alias}.\"{POSITION}\" <= {most})"));
        }
        writer.push(after);
    }

    /// Where nothing is asked of the rows they are not looked at: the names of types are known.
    fn from(&self, writer: &mut Writer, of: Option<(Alias, &Relation)>) {
        let mut rows = Rows::new(&self.aggregate.rows, of);
        if self.computes {
            // A role's own limit holds for the rows alone.
            rows.most = None;
        }
        match (self.computes, self.nodes) {
            (false, false) => {}
            _ if self.is_numbered() => rows::from_numbered(writer, self.alias, rows),
            (true, false) if !rows.is_cut() => rows::from_table(writer, self.alias, rows),
            _ => rows::from(writer, self.alias, rows),
        }
    }
}

fn computes(members: &[Member<Summary>]) -> bool {
    members.iter().any(|member| match &member.content {
        Summary::Typename(_) => false,
        Summary::Count(_) => true,
        Summary::Each(_, each) => each.iter().any(|one| matches!(one.content, Each::Column(_))),
    })
}

/// Writes the object of what is computed over the rows of `alias`.
pub(super) fn summary(writer: &mut Writer, alias: Alias, members: &[Member<Summary>]) {
    json::object(
        writer,
        members,
        |member| &member.key,
        |writer, member| match &member.content {
            Summary::Typename(name) => writer.key(name),
            Summary::Count(count) => function::count(writer, alias, count),
            Summary::Each(function, each) => json::object(
                writer,
                each,
                |one| &one.key,
                |writer, one| match &one.content {
                    Each::Typename(name) => writer.key(name),
                    Each::Column(column) => function::value(writer, alias, *function, column.0),
                },
            ),
        },
    );
}
