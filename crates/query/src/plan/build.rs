//! From the selected root fields to a plan.

use std::collections::HashMap;
use std::sync::LazyLock;

use portico_entity::catalogue::{Table, catalogue};

use super::{Action, Plan, Root, aggregate, group_by, select, update};
use crate::error::Failure;
use crate::request::{Selection, Variables};

/// A query or a mutation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Reads.
    Query,
    /// Writes.
    Mutation,
}

impl Kind {
    /// The name of the root type.
    pub fn type_name(self) -> &'static str {
        match self {
            Self::Query => "query_root",
            Self::Mutation => "mutation_root",
        }
    }
}

/// What a root field of the data API does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootField {
    /// `user(id:)`
    ByKey,
    /// `users(where:)`
    List,
    /// `usersAggregate(where:)`
    Aggregate,
    /// `usersGroupBy(by:)`
    GroupBy,
    /// `me`
    Me,
    /// `updateUser(pk_columns:)`
    UpdateByKey,
}

type RootFields = HashMap<(Kind, String), (RootField, &'static Table)>;

/// The data root field of this name with its table; nothing for operations and unknown names.
pub fn root_field(kind: Kind, name: &str) -> Option<(RootField, &'static Table)> {
    static FIELDS: LazyLock<RootFields> = LazyLock::new(|| {
        let mut fields = HashMap::new();
        for table in &catalogue().tables {
            fields.insert(
                (Kind::Query, table.singular.to_owned()),
                (RootField::ByKey, table),
            );
            fields.insert((Kind::Query, table.plural.to_owned()), (RootField::List, table));
            fields.insert(
                (Kind::Query, aggregate_name(table)),
                (RootField::Aggregate, table),
            );
            fields.insert((Kind::Query, group_by_name(table)), (RootField::GroupBy, table));
            fields.insert(
                (Kind::Mutation, update_name(table)),
                (RootField::UpdateByKey, table),
            );
        }
        if let Some(users) = catalogue().table("users") {
            fields.insert((Kind::Query, "me".to_owned()), (RootField::Me, users));
        }
        fields
    });
    FIELDS.get(&(kind, name.to_owned())).copied()
}

/// The name of the query that asks of rows as a whole: `usersAggregate`.
pub fn aggregate_name(table: &Table) -> String {
    format!("{}Aggregate", table.plural)
}

/// The name of the query that reads rows in groups: `usersGroupBy`.
pub fn group_by_name(table: &Table) -> String {
    format!("{}GroupBy", table.plural)
}

/// The name of the mutation that updates one row by its key: `updateUser`.
pub fn update_name(table: &Table) -> String {
    let mut characters = table.singular.chars();
    let first: String = characters
        .next()
        .map(|first| first.to_uppercase().collect())
        .unwrap_or_default();
    format!("update{first}{}", characters.as_str())
}

/// Plans root fields that are all of the data API (or `__typename`).
pub fn plan(kind: Kind, selections: &[Selection], variables: &Variables) -> Result<Plan, Failure> {
    let roots = select::merge(selections)
        .iter()
        .map(|selection| {
            let key = selection.key.clone();
            Ok(Root {
                key,
                action: action(kind, selection, variables)?,
            })
        })
        .collect::<Result<_, Failure>>()?;
    Ok(Plan { roots })
}

fn action(kind: Kind, selection: &Selection, variables: &Variables) -> Result<Action, Failure> {
    if selection.name == "__typename" {
        return Ok(Action::Typename(kind.type_name()));
    }
    let path = format!("$.selectionSet.{}", selection.key);
    match root_field(kind, &selection.name) {
        Some((RootField::ByKey, table)) => {
            select::by_key(table, selection, variables, &path).map(|select| Action::Select(Box::new(select)))
        }
        Some((RootField::List, table)) => {
            select::list(table, selection, variables, &path).map(|select| Action::Select(Box::new(select)))
        }
        Some((RootField::Aggregate, table)) => aggregate::aggregate(table, selection, variables, &path)
            .map(|aggregate| Action::Aggregate(Box::new(aggregate))),
        Some((RootField::GroupBy, table)) => group_by::group_by(table, selection, variables, &path)
            .map(|group_by| Action::GroupBy(Box::new(group_by))),
        Some((RootField::Me, table)) => select::own_user(table, selection, variables, &path)
            .map(|select| Action::Select(Box::new(select))),
        Some((RootField::UpdateByKey, table)) => {
            update::by_key(table, selection, variables, &path).map(|update| Action::Update(Box::new(update)))
        }
        None => Err(Failure::validation(
            path,
            format!(
                "field '{}' not found in type: '{}'",
                selection.name,
                kind.type_name()
            ),
        )),
    }
}
