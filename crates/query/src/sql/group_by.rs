//! Groups: a row for each, of what its rows share and what is computed over them.

use super::rows::{self, Rows};
use super::writer::{Alias, Target, Writer};
use super::{OutputColumn, OutputValue, Read, Weight, aggregate, function, json, order_by};
use crate::plan::Shape;
use crate::plan::aggregate::{Computed, Each, Member};
use crate::plan::group_by::{GroupBy, GroupContent, GroupOrder};

/// The statement of a root field.
pub(super) fn root(group_by: &GroupBy, target: Target<'_>) -> Read {
    let mut writer = Writer::new(target);
    let alias = writer.alias(group_by.rows.table);
    writer.push("SELECT ");
    let columns = columns(&mut writer, alias, group_by);
    let rows = Rows::new(&group_by.rows, None);
    rows::from_table(&mut writer, alias, rows);
    writer.push(" GROUP BY ");
    rows::list(&mut writer, alias, &group_by.by);
    order(&mut writer, alias, group_by);
    rows::window(&mut writer, alias, rows);
    Read {
        sql: writer.sql.into(),
        binds: writer.binds,
        shape: Shape::Many,
        columns,
        page: None,
        weight: Weight::of_many(true),
    }
}

fn columns(writer: &mut Writer, alias: Alias, group_by: &GroupBy) -> Vec<OutputColumn> {
    let mut columns = Vec::with_capacity(group_by.members.len());
    for member in &group_by.members {
        let value = match &member.content {
            GroupContent::Typename(name) => OutputValue::Known(format!("\"{name}\"")),
            GroupContent::Key(members) => {
                key(writer, alias, members);
                OutputValue::Json
            }
            GroupContent::Summary(members) => {
                aggregate::summary(writer, alias, members);
                OutputValue::Json
            }
        };
        if value == OutputValue::Json {
            writer.push(", ");
        }
        columns.push(OutputColumn::new(columns.len(), &member.key, value));
    }
    // Closes the list, which may be empty otherwise.
    writer.push("1");
    columns
}

fn key(writer: &mut Writer, alias: Alias, members: &[Member<Each>]) {
    json::object(
        writer,
        members,
        |member| &member.key,
        |writer, member| match &member.content {
            Each::Typename(name) => writer.key(name),
            Each::Column(column) => json::value(writer, column.0.scalar, |writer| {
                writer.column(alias, column.0.sql);
            }),
        },
    );
}

fn order(writer: &mut Writer, alias: Alias, group_by: &GroupBy) {
    for (index, (term, direction)) in group_by.order_by.iter().enumerate() {
        writer.push(match index {
            0 => " ORDER BY ",
            _ => ", ",
        });
        let nullable = match term {
            GroupOrder::Key(column) => {
                writer.comparable(alias, column.0);
                writer.may_be_null(alias, column.0)
            }
            GroupOrder::Computed(computed) => {
                function::computed(writer, alias, computed);
                !matches!(computed, Computed::Count(_))
            }
        };
        order_by::direction(writer, *direction, nullable);
    }
}
