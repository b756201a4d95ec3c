//! From the selected root fields to a plan.

use std::collections::HashMap;
use std::sync::LazyLock;

use portico_entity::catalogue::{Table, catalogue};

use super::merge::merge;
use super::mutation::{self, Answer, Mutation, Write};
use super::{Action, Plan, Root, aggregate, group_by, insert, select, update};
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
    /// A mutation.
    Mutation(MutationField),
}

/// What a mutation of the data API does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MutationField {
    /// `insertUser(object:)`
    InsertOne,
    /// `insertUsers(objects:)`
    Insert,
    /// `updateUser(pk_columns:)`
    UpdateByKey,
    /// `updateUsers(where:)`
    Update,
    /// `update_users_many(updates:)`
    UpdateMany,
    /// `deleteUser(id:)`
    DeleteByKey,
    /// `deleteUsers(where:)`
    Delete,
}

impl MutationField {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::InsertOne,
        Self::Insert,
        Self::UpdateByKey,
        Self::Update,
        Self::UpdateMany,
        Self::DeleteByKey,
        Self::Delete,
    ];

    /// Its name for a table.
    pub fn name(self, table: &Table) -> String {
        match self {
            Self::InsertOne => format!("insert{}", capitalised(table.singular)),
            Self::Insert => format!("insert{}", capitalised(table.plural)),
            Self::UpdateByKey => format!("update{}", capitalised(table.singular)),
            Self::Update => format!("update{}", capitalised(table.plural)),
            Self::UpdateMany => format!("update_{}_many", table.type_name),
            Self::DeleteByKey => format!("delete{}", capitalised(table.singular)),
            Self::Delete => format!("delete{}", capitalised(table.plural)),
        }
    }

    /// Whether it answers the one row it writes.
    pub fn answers_row(self) -> bool {
        matches!(self, Self::InsertOne | Self::UpdateByKey | Self::DeleteByKey)
    }
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
            for field in MutationField::ALL {
                let name = (Kind::Mutation, field.name(table));
                fields.insert(name, (RootField::Mutation(field), table));
            }
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

fn capitalised(name: &str) -> String {
    let mut characters = name.chars();
    let first: String = characters
        .next()
        .map(|first| first.to_uppercase().collect())
        .unwrap_or_default();
    format!("{first}{}", characters.as_str())
}

/// Plans root fields that are all of the data API (or `__typename`).
pub fn plan(kind: Kind, selections: &[Selection], variables: &Variables) -> Result<Plan, Failure> {
    let roots = merge(selections, "$")?
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
        Some((RootField::Mutation(field), table)) => mutation(field, table, selection, variables, &path)
            .map(|mutation| Action::Mutate(Box::new(mutation))),
        None => Err(Failure::unknown_field(path, &selection.name, kind.type_name())),
    }
}

fn mutation(
    field: MutationField,
    table: &'static Table,
    selection: &Selection,
    variables: &Variables,
    path: &str,
) -> Result<Mutation, Failure> {
    let update = |update| Write::Update(Box::new(update));
    let insert = |argument| {
        insert::insert(table, argument, selection, variables, path)
            .map(|insert| vec![Write::Insert(Box::new(insert))])
    };
    let writes = match field {
        MutationField::InsertOne => insert("object")?,
        MutationField::Insert => insert("objects")?,
        MutationField::UpdateByKey => vec![update(update::by_key(table, selection, variables, path)?)],
        MutationField::Update => vec![update(update::by_filter(table, selection, variables, path)?)],
        MutationField::UpdateMany => {
            let updates = update::many(table, selection, variables, path)?;
            updates.into_iter().map(update).collect()
        }
        MutationField::DeleteByKey => {
            vec![Write::Delete(mutation::key(table, selection, variables, path)?)]
        }
        MutationField::Delete => {
            vec![Write::Delete(mutation::rows(table, selection, variables, path)?)]
        }
    };
    let answer = match field {
        field if field.answers_row() => mutation::row(table, selection, variables, path)?,
        MutationField::UpdateMany => {
            Answer::Responses(mutation::response(table, selection, variables, path)?)
        }
        _ => Answer::Response(mutation::response(table, selection, variables, path)?),
    };
    Ok(Mutation {
        table,
        action: selection.name.clone(),
        answer,
        discreet: true,
        path: match writes.first() {
            Some(Write::Insert(insert)) => insert.path.clone(),
            _ => "$".to_owned(),
        },
        by_key: matches!(field, MutationField::UpdateByKey | MutationField::DeleteByKey),
        writes,
    })
}
