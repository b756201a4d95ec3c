//! Joins a plan with the rights of who asks.

mod mutation;

use std::collections::BTreeMap;

use portico_entity::catalogue::{Column, Table, catalogue};

use super::role::Role;
use super::table::SelectPermission;
use crate::error::Failure;
use crate::plan::aggregate::{Aggregate, AggregateContent, Computed, Each, Member, Summary};
use crate::plan::build;
use crate::plan::filter::{ONE_EACH, parts, refuse_too_many_parts};
use crate::plan::group_by::{GroupBy, GroupContent, GroupOrder};
use crate::plan::select::{DELETED, DELETED_AT};
use crate::plan::{
    Action, Bind, BindKind, ByName, Content, Field, Filter, Order, OrderBy, Plan, Select, Shape,
};
use crate::request::Operand;

/// A plan that holds the row filters of a role and nothing the role may not name. Only [`apply`] makes one,
/// and SQL is made of nothing else.
#[derive(Debug, Clone)]
pub struct Permitted {
    plan: Plan,
    masks: Masks,
}

/// Columns that a role sees on some rows only, by the type of their table.
#[derive(Debug, Clone, Default)]
pub struct Masks(pub(super) BTreeMap<&'static str, BTreeMap<&'static str, Filter>>);

impl Masks {
    /// On which rows the column is not null for the role; nothing where it is as stored on all of them.
    pub fn of(&self, table: &Table, column: &str) -> Option<&Filter> {
        self.0.get(table.type_name)?.get(column)
    }
}

impl Permitted {
    /// The plan inside.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The columns that the role sees on some rows only.
    pub fn masks(&self) -> &Masks {
        &self.masks
    }
}

/// Adds the role's row filters everywhere a table is met and refuses what the role may not name. The role's
/// schema has refused it before; this is the second lock.
pub fn apply(role: &Role, mut plan: Plan) -> Result<Permitted, Failure> {
    let writes = plan
        .roots
        .iter()
        .any(|root| matches!(root.action, Action::Mutate(_)));
    let writer = writes.then(|| role.among_hidden_rows());
    let role = writer.as_ref().unwrap_or(role);
    for root in &mut plan.roots {
        let path = format!("$.selectionSet.{}", root.key);
        match &mut root.action {
            Action::Typename(_) => {}
            Action::Select(found) => {
                root_list(role, found, &path).and_then(|()| select(role, found, &path))?
            }
            Action::Aggregate(found) => aggregate(role, found, &path)?,
            Action::GroupBy(found) => group_by(role, found, &path)?,
            Action::Mutate(found) => mutation::apply(role, found, &path)?,
        }
    }
    Ok(Permitted {
        plan,
        masks: role.masks(),
    })
}

/// What a role has not is told like what nobody has.
fn hidden(name: &str, type_name: &str, path: &str) -> Failure {
    Failure::unknown_field(path, name, type_name)
}

fn permission<'r>(role: &'r Role, table: &Table, path: &str) -> Result<&'r SelectPermission, Failure> {
    role.select(table)
        .ok_or_else(|| hidden(table.plural, "query_root", path))
}

fn readable(
    permission: &SelectPermission,
    table: &Table,
    column: &Column,
    path: &str,
) -> Result<(), Failure> {
    match permission.reads(column) {
        true => Ok(()),
        false => Err(hidden(&column.name, table.type_name, path)),
    }
}

/// A list may be met by relationships alone. What answers one row has conditions of its own.
fn root_list(role: &Role, select: &Select, path: &str) -> Result<(), Failure> {
    match select.shape == Shape::One || permission(role, select.table, path)?.query.list {
        true => Ok(()),
        false => Err(hidden(select.table.plural, "query_root", path)),
    }
}

fn select(role: &Role, select: &mut Select, path: &str) -> Result<(), Failure> {
    let table = select.table;
    let permission = permission(role, table, path)?;
    let mut filter = std::mem::replace(&mut select.filter, Filter::TRUE);
    request_filter(role, table, &mut filter, path)?;
    select.filter = filter.and(rows(role, table, permission, select.deleted_too));
    for column in &select.distinct_on {
        readable(permission, table, column.0, path)?;
    }
    for order in &mut select.order_by {
        order_by(role, table, order, path)?;
    }
    if select.shape == Shape::Many {
        select.role_limit = permission.limit;
    }
    fields(role, table, &mut select.fields, path)
}

fn fields(role: &Role, table: &Table, fields: &mut [Field], path: &str) -> Result<(), Failure> {
    let permission = permission(role, table, path)?;
    for field in fields {
        let path = format!("{path}.selectionSet.{}", field.key);
        match &mut field.content {
            Content::Typename(_) => {}
            Content::Column(column, _) => readable(permission, table, column, &path)?,
            Content::Related(_, related) => select(role, related, &path)?,
            Content::Aggregate(_, found) => aggregate(role, found, &path)?,
        }
    }
    Ok(())
}

fn aggregate(role: &Role, aggregate: &mut Aggregate, path: &str) -> Result<(), Failure> {
    let table = aggregate.rows.table;
    let permission = permission(role, table, path)?;
    if !permission.aggregations {
        return Err(hidden(&build::aggregate_name(table), "query_root", path));
    }
    select(role, &mut aggregate.rows, path)?;
    for member in &mut aggregate.members {
        let path = format!("{path}.selectionSet.{}", member.key);
        match &mut member.content {
            AggregateContent::Typename(_) => {}
            AggregateContent::Nodes(nodes) => fields(role, table, nodes, &path)?,
            AggregateContent::Summary(members) => summary(permission, table, members, &path)?,
        }
    }
    Ok(())
}

fn group_by(role: &Role, group_by: &mut GroupBy, path: &str) -> Result<(), Failure> {
    let table = group_by.rows.table;
    let permission = permission(role, table, path)?;
    if !permission.aggregations {
        return Err(hidden(&build::group_by_name(table), "query_root", path));
    }
    select(role, &mut group_by.rows, path)?;
    for column in &group_by.by {
        readable(permission, table, column.0, path)?;
    }
    for (order, _) in &group_by.order_by {
        match order {
            GroupOrder::Key(column) => readable(permission, table, column.0, path)?,
            GroupOrder::Computed(value) => computed(permission, table, value, path)?,
        }
    }
    group_by.members.iter().try_for_each(|member| {
        let path = format!("{path}.selectionSet.{}", member.key);
        match &member.content {
            GroupContent::Typename(_) => Ok(()),
            GroupContent::Key(members) => each(permission, table, members, &path),
            GroupContent::Summary(members) => summary(permission, table, members, &path),
        }
    })
}

fn each(
    permission: &SelectPermission,
    table: &Table,
    members: &[Member<Each>],
    path: &str,
) -> Result<(), Failure> {
    members.iter().try_for_each(|member| match &member.content {
        Each::Typename(_) => Ok(()),
        Each::Column(column) => {
            let path = format!("{path}.selectionSet.{}", member.key);
            readable(permission, table, column.0, &path)
        }
    })
}

fn summary(
    permission: &SelectPermission,
    table: &Table,
    members: &[Member<Summary>],
    path: &str,
) -> Result<(), Failure> {
    members.iter().try_for_each(|member| {
        let path = format!("{path}.selectionSet.{}", member.key);
        match &member.content {
            Summary::Typename(_) => Ok(()),
            Summary::Count(count) => count
                .columns
                .iter()
                .try_for_each(|column| readable(permission, table, column.0, &path)),
            Summary::Each(_, members) => each(permission, table, members, &path),
        }
    })
}

/// The rows of a table that exist for the role.
fn rows(role: &Role, table: &'static Table, permission: &SelectPermission, deleted_too: bool) -> Filter {
    let filter = permission.filter.clone();
    match table.column_by_sql(DELETED_AT) {
        Some(column) if !(role.sees_deleted() && deleted_too) => filter.and(is_null(column)),
        _ => filter,
    }
}

fn is_null(column: &'static Column) -> Filter {
    let yes = Bind {
        operand: Operand::Constant(true.into()),
        kind: BindKind::Scalar(portico_entity::catalogue::Scalar::Boolean),
        path: "$".to_owned(),
    };
    Filter::IsNull(ByName(column), yes).of_permission()
}

/// The conditions of a request, as far as the role may name them. Where it sees a column on some rows only, the
/// condition of the column is written each time, and counts.
fn request_filter(
    role: &Role,
    table: &'static Table,
    filter: &mut Filter,
    path: &str,
) -> Result<(), Failure> {
    let mask = |table: &Table, column: &Column| role.select(table)?.mask(column.sql);
    let weight = |table: &'static Table, column: &Column| {
        1 + mask(table, column).map_or(0, |mask| parts(table, mask, &ONE_EACH))
    };
    refuse_too_many_parts(table, filter, &weight, path)?;
    narrow(role, table, filter, path)
}

/// Conditions of the request meet related rows only as far as the role sees them.
fn narrow(role: &Role, table: &'static Table, filter: &mut Filter, path: &str) -> Result<(), Failure> {
    match filter {
        Filter::All(filters) | Filter::Any(filters) => filters
            .iter_mut()
            .try_for_each(|filter| narrow(role, table, filter, path)),
        Filter::Not(filter) => narrow(role, table, filter, path),
        Filter::Compare(column, ..) | Filter::CompareText(column, ..) | Filter::IsNull(column, _) => {
            let type_name = format!("{}_bool_exp", table.type_name);
            match permission(role, table, path)?.reads(column.0) {
                true => Ok(()),
                false => Err(hidden(&column.0.name, &type_name, path)),
            }
        }
        // A request has none of these, and what a permission says is not checked against it.
        Filter::OfPermission(_) | Filter::Exists(..) | Filter::CompareColumns(..) => Ok(()),
        Filter::Related(relation, inner) => {
            let Some(target) = catalogue().table(relation.0.target) else {
                return Err(hidden(relation.0.name, table.type_name, path));
            };
            let permission = permission(role, target, path)?;
            narrow(role, target, inner, path)?;
            let deleted_too = inner.names(DELETED_AT) || inner.names(DELETED);
            let client = std::mem::replace(&mut **inner, Filter::TRUE);
            **inner = client.and(rows(role, target, permission, deleted_too));
            Ok(())
        }
        Filter::Aggregate(condition) => {
            let relation = condition.relation.0;
            let Some(target) = catalogue().table(relation.target) else {
                return Err(hidden(relation.name, table.type_name, path));
            };
            let permission = permission(role, target, path)?;
            if !permission.aggregations {
                return Err(hidden(
                    relation.name,
                    &format!("{}_bool_exp", table.type_name),
                    path,
                ));
            }
            computed(permission, target, &condition.computed, path)?;
            narrow(role, target, &mut condition.rows, path)?;
            let deleted_too = condition.rows.names(DELETED_AT) || condition.rows.names(DELETED);
            let client = std::mem::replace(&mut condition.rows, Filter::TRUE);
            condition.rows = client.and(rows(role, target, permission, deleted_too));
            Ok(())
        }
    }
}

fn order_by(role: &Role, table: &'static Table, order: &mut Order, path: &str) -> Result<(), Failure> {
    let mut at = table;
    for (relation, filter) in &mut order.through {
        let Some(target) = catalogue().table(relation.0.target) else {
            return Err(hidden(relation.0.name, at.type_name, path));
        };
        *filter = rows(role, target, permission(role, target, path)?, true);
        at = target;
    }
    match &mut order.by {
        OrderBy::Column(column) => readable(permission(role, at, path)?, at, column.0, path),
        OrderBy::Related(relation, filter, value) => {
            let Some(target) = catalogue().table(relation.0.target) else {
                return Err(hidden(relation.0.name, at.type_name, path));
            };
            let permission = permission(role, target, path)?;
            *filter = rows(role, target, permission, false);
            computed(permission, target, value, path)
        }
    }
}

fn computed(
    permission: &SelectPermission,
    table: &Table,
    computed: &Computed,
    path: &str,
) -> Result<(), Failure> {
    let mut columns = computed.columns().iter();
    columns.try_for_each(|column| readable(permission, table, column.0, path))
}
