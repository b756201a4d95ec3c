//! What a role may do with one table.

use std::collections::{BTreeMap, BTreeSet};

use portico_entity::catalogue::{Column, Table};

use crate::plan::{Bind, Filter};

/// What a role may do with a table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TablePermissions {
    /// Reading, if at all.
    pub select: Option<SelectPermission>,
    /// Adding, if at all.
    pub insert: Option<InsertPermission>,
    /// Changing, if at all.
    pub update: Option<UpdatePermission>,
    /// Removing, if at all.
    pub delete: Option<DeletePermission>,
}

/// What a role may read of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct SelectPermission {
    columns: BTreeSet<&'static str>,
    /// Columns that are null but on some rows.
    masks: BTreeMap<&'static str, Filter>,
    /// Which rows.
    pub filter: Filter,
    /// At most so many rows at once.
    pub limit: Option<u32>,
    /// Whether rows may be counted, summed up and grouped.
    pub aggregations: bool,
    /// Which root fields of queries there are.
    pub query: RootFields,
    /// Which root fields of subscriptions there are.
    pub subscription: RootFields,
}

/// Which root fields read a table. Relationships lead to it either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RootFields {
    /// The list of rows: `users`.
    pub list: bool,
    /// The row with a key: `user`.
    pub by_key: bool,
    /// Aggregates: `usersAggregate`.
    pub aggregate: bool,
    /// The stream of rows, for subscriptions: `users_stream`.
    pub stream: bool,
}

/// Which rows a role may add to a table.
#[derive(Debug, Clone, PartialEq)]
pub struct InsertPermission {
    columns: BTreeSet<&'static str>,
    /// What must hold of a new row.
    pub check: Filter,
    /// What is written whatever the client says.
    pub presets: Vec<Preset>,
    /// Whether only a backend with the admin secret may.
    pub backend_only: bool,
}

/// What a role may change of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct UpdatePermission {
    columns: BTreeSet<&'static str>,
    /// Which rows.
    pub filter: Filter,
    /// What must hold of a row afterwards.
    pub check: Filter,
    /// What is written whatever the client says.
    pub presets: Vec<Preset>,
    /// Whether only a backend with the admin secret may.
    pub backend_only: bool,
}

/// Which rows a role may remove from a table.
#[derive(Debug, Clone, PartialEq)]
pub struct DeletePermission {
    /// Which rows.
    pub filter: Filter,
    /// Whether only a backend with the admin secret may.
    pub backend_only: bool,
}

/// A column that a permission fills.
#[derive(Debug, Clone, PartialEq)]
pub struct Preset {
    /// The column.
    pub column: &'static str,
    /// Its value: a constant or a session variable.
    pub value: Bind,
}

impl RootFields {
    /// Every one.
    pub const ALL: Self = Self {
        list: true,
        by_key: true,
        aggregate: true,
        stream: true,
    };
    /// None: the table is met by relationships alone.
    pub const NONE: Self = Self {
        list: false,
        by_key: false,
        aggregate: false,
        stream: false,
    };
}

impl SelectPermission {
    /// These columns, less secrets, of these rows, in every root field.
    pub(super) fn new(columns: impl IntoIterator<Item = &'static Column>, filter: Filter) -> Self {
        Self {
            columns: names(columns, |_| true),
            masks: BTreeMap::new(),
            filter,
            limit: None,
            aggregations: false,
            query: RootFields::ALL,
            subscription: RootFields::ALL,
        }
    }

    /// Whether the column may be read: in answers, filters, orders and aggregates alike.
    pub fn reads(&self, column: &Column) -> bool {
        self.columns.contains(column.sql)
    }

    /// Where the column is not null, if the role does not see it on each of its rows.
    pub fn mask(&self, column: &str) -> Option<&Filter> {
        self.masks.get(column)
    }

    /// Columns with the rows on which alone the role sees them.
    pub(super) fn masks(&self) -> &BTreeMap<&'static str, Filter> {
        &self.masks
    }

    /// Shows a column on these rows only.
    pub(super) fn set_mask(&mut self, column: &'static str, rows: Filter) {
        match rows.is_true() {
            true => self.masks.remove(column),
            false => self.masks.insert(column, rows),
        };
    }

    /// Shows columns that are masked at all on none of the rows that may not be read: a permission to write may
    /// open more rows than that to read.
    pub(super) fn mask_hidden_rows(&mut self) {
        for rows in self.masks.values_mut() {
            let shown = std::mem::replace(rows, Filter::TRUE);
            *rows = self.filter.clone().and(shown);
        }
    }

    /// SQL names of the columns.
    pub(super) fn columns(&self) -> impl Iterator<Item = &'static str> {
        self.columns.iter().copied()
    }

    /// Whether the whole key may be read.
    pub fn reads_key(&self, table: &Table) -> bool {
        table.key.iter().all(|key| self.columns.contains(key))
    }
}

impl InsertPermission {
    /// These columns, less secrets, preset ones and those that no client gives.
    pub(super) fn new(
        columns: impl IntoIterator<Item = &'static Column>,
        check: Filter,
        presets: Vec<Preset>,
    ) -> Self {
        Self {
            columns: names(columns, |column| is_open(column, &presets)),
            check,
            presets,
            backend_only: false,
        }
    }

    /// Whether the client may give the column.
    pub fn writes(&self, column: &Column) -> bool {
        self.columns.contains(column.sql)
    }
}

impl UpdatePermission {
    /// These columns, less secrets, preset ones and those that no client gives.
    pub(super) fn new(
        columns: impl IntoIterator<Item = &'static Column>,
        filter: Filter,
        check: Filter,
        presets: Vec<Preset>,
    ) -> Self {
        Self {
            columns: names(columns, |column| is_open(column, &presets)),
            filter,
            check,
            presets,
            backend_only: false,
        }
    }

    /// Whether the client may give the column.
    pub fn writes(&self, column: &Column) -> bool {
        self.columns.contains(column.sql)
    }
}

impl TablePermissions {
    /// The same for a client that is no backend.
    pub(super) fn without_backend(mut self) -> Self {
        self.insert = self.insert.filter(|insert| !insert.backend_only);
        self.update = self.update.filter(|update| !update.backend_only);
        self.delete = self.delete.filter(|delete| !delete.backend_only);
        self
    }

    /// What the other one grants takes the place of what this one does, action by action.
    pub(super) fn replace(&mut self, other: Self) {
        self.select = other.select.or(self.select.take());
        self.insert = other.insert.or(self.insert.take());
        self.update = other.update.or(self.update.take());
        self.delete = other.delete.or(self.delete.take());
    }
}

fn is_open(column: &Column, presets: &[Preset]) -> bool {
    column.is_input() && !presets.iter().any(|preset| preset.column == column.sql)
}

/// No secret, whoever asks for it.
fn names(
    columns: impl IntoIterator<Item = &'static Column>,
    fits: impl Fn(&Column) -> bool,
) -> BTreeSet<&'static str> {
    columns
        .into_iter()
        .filter(|column| !column.secret && fits(column))
        .map(|column| column.sql)
        .collect()
}
