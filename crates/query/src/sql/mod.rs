//! How to ask it: one statement a root field. Values only ever become bind parameters; names come from the
//! catalogue and keys from the grammar of GraphQL names.

mod aggregate;
mod elevation;
mod filter;
mod function;
mod group_by;
mod insert;
mod json;
mod mutation;
mod order_by;
mod page;
mod rows;
mod select;
mod sessions;
mod update;
mod weight;
mod writer;

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use portico_entity::catalogue::Scalar;

pub(crate) use insert::grant_in_postgres;
pub use insert::{ComeAs, InsertWork, NestedWork, NodeWork, Parent};
pub use mutation::{AnswerWork, MutationWork, ResponseValue, Returned, RowsWork, Statement, WriteWork};
pub(crate) use mutation::{WRITTEN, user_column};
pub use page::Page;
pub use weight::Weight;

use crate::permission::Permitted;
use crate::plan::{Action, Bind, Shape};
use crate::scalar::Parameter;
use writer::Target;

/// The database that is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// PostgreSQL.
    Postgres,
    /// SQLite with this crate's functions.
    Sqlite,
}

/// Everything an operation asks of the database, without values.
#[derive(Debug)]
pub struct Compiled {
    /// Root fields in order.
    pub roots: Vec<CompiledRoot>,
    /// What a user who was not proved anew may not write.
    pub elevated: Option<Elevated>,
    /// What is written of sessions.
    pub sessions: Option<SessionWrite>,
    /// Room for the next answer.
    pub(crate) room: Room,
}

/// How many bytes the latest answer took, and the next one is likely to take.
#[derive(Debug)]
pub(crate) struct Room(AtomicUsize);

impl Room {
    const FIRST: usize = 1 << 10;
    /// No more is taken before it is needed.
    const MOST: usize = 1 << 18;

    pub(crate) fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn taken(&self, bytes: usize) {
        // Some rows are longer than others.
        let next = (bytes + bytes / 8).clamp(Self::FIRST, Self::MOST);
        if next != self.bytes() {
            self.0.store(next, Ordering::Relaxed);
        }
    }
}

impl Default for Room {
    fn default() -> Self {
        Self(AtomicUsize::new(Self::FIRST))
    }
}

/// A write for which a user has to be proved anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elevated {
    /// The column.
    pub column: &'static str,
    /// The root field, as `$.selectionSet.updateUser`.
    pub path: String,
}

/// A write of sessions or personal access tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionWrite {
    /// The root field, as `$.selectionSet.deleteAuthRefreshToken`.
    pub path: String,
    /// A column that only the holder of the admin secret may write.
    pub withheld: Option<&'static str>,
}

impl Compiled {
    /// About how much memory it takes, in bytes.
    pub fn bytes(&self) -> usize {
        let work = |work: &Work| match work {
            Work::Known(json) => json.len(),
            Work::Read(found) => found.bytes(),
            Work::Mutate(mutation) => mutation.bytes(),
        };
        self.roots
            .iter()
            .map(|root| size_of::<CompiledRoot>() + root.key.len() + work(&root.work))
            .sum()
    }

    /// Whether anything is written.
    pub fn writes(&self) -> bool {
        self.roots.iter().any(|root| matches!(root.work, Work::Mutate(_)))
    }

    /// Whether an access token may no longer hold what is remembered of it afterwards.
    pub fn forgets_tokens(&self) -> bool {
        self.roots
            .iter()
            .any(|root| matches!(&root.work, Work::Mutate(work) if work.forgets_tokens))
    }

    /// Whether anything must not be where others have to wait for it.
    pub fn heavy(&self) -> bool {
        self.roots
            .iter()
            .any(|root| matches!(&root.work, Work::Read(read) if read.weight.is_heavy()))
    }
}

/// A root field.
#[derive(Debug, Clone)]
pub struct CompiledRoot {
    /// Name in the answer.
    pub key: String,
    /// What to do for it.
    pub work: Work,
}

/// What to do for a root field.
#[derive(Debug, Clone)]
pub enum Work {
    /// Nothing: the answer is known.
    Known(String),
    /// Read.
    Read(Read),
    /// Write, and answer what was written.
    Mutate(Box<MutationWork>),
}

/// A statement whose rows become an answer.
#[derive(Debug, Clone)]
pub struct Read {
    /// The text.
    pub sql: Arc<str>,
    /// Its parameters.
    pub binds: Vec<Bind>,
    /// One row or many.
    pub shape: Shape,
    /// What becomes of its columns.
    pub columns: Vec<OutputColumn>,
    /// Which part of its rows is asked for, where the database plans better when it is told.
    pub page: Option<Page>,
    /// Whether it may hold up others.
    pub weight: Weight,
}

/// A statement with what becomes of its rows, without parameters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows<'r> {
    pub(crate) sql: &'r Arc<str>,
    pub(crate) shape: Shape,
    pub(crate) columns: &'r [OutputColumn],
}

impl Rows<'_> {
    /// So many values of a row are a short answer.
    const FEW: usize = 32;

    /// Whether what becomes of the rows is short, whatever they are: how many there are, or a few values of one row
    /// that are neither JSON nor bytes.
    pub(crate) fn are_short(&self) -> bool {
        let short = |column: &OutputColumn| match &column.value {
            OutputValue::Known(_) => true,
            OutputValue::Scalar(scalar) => !matches!(scalar, Scalar::Jsonb | Scalar::Bytea),
            OutputValue::Json | OutputValue::Objects(_) => false,
        };
        let row = self.shape == Shape::One && self.columns.len() <= Self::FEW;
        self.columns.is_empty() || (row && self.columns.iter().all(short))
    }
}

impl Read {
    /// What is asked and what becomes of it.
    pub(crate) fn rows(&self) -> Rows<'_> {
        Rows {
            sql: &self.sql,
            shape: self.shape,
            columns: &self.columns,
        }
    }

    /// The text for these parameters.
    pub fn text(&self, parameters: &[Parameter]) -> Cow<'_, str> {
        match &self.page {
            Some(page) => page.told(&self.sql, parameters),
            None => Cow::Borrowed(&self.sql),
        }
    }

    /// About how much memory it takes, in bytes.
    fn bytes(&self) -> usize {
        let names: usize = self.columns.iter().map(OutputColumn::text).sum();
        self.sql.len()
            + self.binds.len() * size_of::<Bind>() * 2
            + names
            + self.columns.len() * size_of::<OutputColumn>()
    }
}

/// A member of an answered object.
#[derive(Debug, Clone)]
pub struct OutputColumn {
    /// What stands before its value: the beginning of the object or a comma, and its name in the answer.
    pub(crate) before: String,
    /// Where its value comes from.
    pub value: OutputValue,
}

impl OutputColumn {
    /// The member that follows so many others.
    pub(crate) fn new(others: usize, key: &str, value: OutputValue) -> Self {
        let mark = if others == 0 { '{' } else { ',' };
        Self {
            // A GraphQL name: nothing in it needs an escape.
            before: format!("{mark}\"{key}\":"),
            value,
        }
    }

    /// Bytes of text it holds.
    fn text(&self) -> usize {
        let value = match &self.value {
            OutputValue::Known(json) => json.len(),
            OutputValue::Objects(objects) => objects.before.len() + objects.after.len(),
            OutputValue::Scalar(_) | OutputValue::Json => 0,
        };
        self.before.len() + value
    }
}

/// Where the value of a member comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum OutputValue {
    /// It is known: JSON text.
    Known(String),
    /// The next column, of this type.
    Scalar(Scalar),
    /// The next column, JSON text made by the database.
    Json,
    /// The next column, an array of which each element stands in an object of its own.
    Objects(Objects),
}

/// Objects that differ in one member.
#[derive(Debug, Clone, PartialEq)]
pub struct Objects {
    /// What stands before the value.
    pub before: String,
    /// The type of the value.
    pub scalar: Scalar,
    /// What stands behind it.
    pub after: String,
}

/// Compiles what a permission let through.
pub fn compile(permitted: &Permitted, dialect: Dialect) -> Compiled {
    let target = Target {
        dialect,
        masks: permitted.masks(),
    };
    let roots = permitted.plan().roots.iter().map(|root| {
        let work = match &root.action {
            Action::Typename(name) => Work::Known(format!("\"{name}\"")),
            Action::Select(select) => Work::Read(select::root(select, target)),
            Action::Aggregate(aggregate) => Work::Read(aggregate::root(aggregate, target)),
            Action::GroupBy(group_by) => Work::Read(group_by::root(group_by, target)),
            Action::Mutate(mutation) => Work::Mutate(Box::new(mutation::root(mutation, target))),
        };
        CompiledRoot {
            key: root.key.clone(),
            work,
        }
    });
    Compiled {
        roots: roots.collect(),
        elevated: elevation::of(permitted.plan()),
        sessions: sessions::of(permitted.plan()),
        room: Room::default(),
    }
}
