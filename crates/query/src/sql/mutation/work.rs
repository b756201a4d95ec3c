//! What a mutation does, ready to run.

use std::sync::Arc;

use portico_entity::catalogue::Table;

use crate::plan::Bind;
use crate::sql::Read;
use crate::sql::insert::InsertWork;
use crate::sql::writer::Writer;

/// A statement whose rows are texts.
#[derive(Debug, Clone)]
pub struct Statement {
    /// The text.
    pub sql: Arc<str>,
    /// Its parameters.
    pub binds: Vec<Bind>,
}

/// The work of a mutation.
#[derive(Debug, Clone)]
pub struct MutationWork {
    /// The table.
    pub table: &'static Table,
    /// Name of the root field, as the audit has it.
    pub action: String,
    /// What to write, in order.
    pub writes: Vec<WriteWork>,
    /// What to answer.
    pub answer: AnswerWork,
    /// Whether whoever asks learns nothing of other rows from an error.
    pub discreet: bool,
    /// Where an error of the database is reported.
    pub path: String,
    /// Whether an access token may no longer hold what is remembered of it.
    pub forgets_tokens: bool,
}

/// What to write.
#[derive(Debug, Clone)]
pub enum WriteWork {
    /// Nothing.
    Nothing,
    /// Changes or removes rows.
    Rows(RowsWork),
    /// Changes rows and returns of each what is answered.
    AtOnce(Read),
    /// Adds rows.
    Insert(InsertWork),
}

/// A statement that changes or removes rows. It returns of each its key, its user, and, where the row is gone
/// and asked for, the row.
#[derive(Debug, Clone)]
pub struct RowsWork {
    /// The statement.
    pub statement: Statement,
    /// Reads the rows that will be gone, with the same parameters: SQLite removes one after the other, and a row
    /// may have forgotten another one when it is returned.
    pub recall: Option<Arc<str>>,
    /// Finds a row that breaks the permission's check.
    pub check: Option<Statement>,
    /// Finds a row in which JSON has grown to more than a user may keep.
    pub overgrown: Option<Statement>,
    /// The columns written that the audit wants to know of; nothing where it does not.
    pub audited: Option<Vec<&'static str>>,
    /// Whether users are proved by something else afterwards.
    pub changes_factors: bool,
    /// Whether users are mailed elsewhere afterwards.
    pub changes_address: bool,
    /// Reads key, user, address and second factor of the rows before, where one of the last three becomes another.
    pub former: Option<Statement>,
}

/// What to answer.
#[derive(Debug, Clone)]
pub enum AnswerWork {
    /// The row written.
    Row(Read),
    /// A response.
    Response(Vec<(String, ResponseValue)>),
    /// A response for each write.
    Responses(Vec<(String, ResponseValue)>),
}

/// What a member of a response holds.
#[derive(Debug, Clone)]
pub enum ResponseValue {
    /// JSON text.
    Known(String),
    /// How many rows were written.
    AffectedRows,
    /// The rows written.
    Returning(Read),
}

impl Statement {
    pub(in crate::sql) fn of(writer: Writer<'_>) -> Self {
        Self {
            sql: writer.sql.into(),
            binds: writer.binds,
        }
    }

    pub(in crate::sql) fn bytes(&self) -> usize {
        self.sql.len() + self.binds.len() * size_of::<Bind>() * 2
    }
}

impl MutationWork {
    /// About how much memory it takes, in bytes.
    pub(in crate::sql) fn bytes(&self) -> usize {
        let writes = self.writes.iter().map(|write| match write {
            WriteWork::Nothing => 0,
            WriteWork::Rows(rows) => {
                let recall = rows.recall.as_ref().map_or(0, |sql| sql.len());
                let found = [&rows.check, &rows.overgrown].into_iter().flatten();
                recall + rows.statement.bytes() + found.map(Statement::bytes).sum::<usize>()
            }
            WriteWork::AtOnce(read) => read.bytes(),
            WriteWork::Insert(insert) => insert.bytes(),
        });
        let answer = match &self.answer {
            AnswerWork::Row(read) => read.bytes(),
            AnswerWork::Response(members) | AnswerWork::Responses(members) => members
                .iter()
                .map(|(key, value)| {
                    key.len()
                        + match value {
                            ResponseValue::Returning(read) => read.bytes(),
                            ResponseValue::Known(json) => json.len(),
                            ResponseValue::AffectedRows => 0,
                        }
                })
                .sum(),
        };
        size_of::<Self>() + writes.sum::<usize>() + answer
    }
}
