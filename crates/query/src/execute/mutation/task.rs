//! A mutation with the values of one request.

use portico_entity::{LONGEST_JSON, LONGEST_TEXT};

use super::program::Program;
use crate::error::{Code, Failure};
use crate::execute::parameter::parameters;
use crate::execute::{Actor, Origin, Values};
use crate::plan::{Bind, BindKind};
use crate::scalar::Parameter;
use crate::sql::{AnswerWork, MutationWork, ResponseValue, Statement, WriteWork};

/// The parameters of a mutation, and who asks for it.
pub(in crate::execute) struct Task {
    pub(super) writes: Vec<BoundWrite>,
    /// The parameters of each statement that answers.
    pub(super) answers: Vec<Vec<Parameter>>,
    pub(super) actor: Actor,
}

/// A write with its parameters.
pub(super) enum BoundWrite {
    Nothing,
    Rows(BoundRows),
    AtOnce(Vec<Parameter>),
    Insert(Program),
}

impl BoundWrite {
    /// Refuses more for a column than a user may keep; what rows are only compared with may be longer.
    fn check_lengths(&self, work: &WriteWork, path: &str) -> Result<(), Failure> {
        let mut kept: Box<dyn Iterator<Item = &Parameter> + '_> = match (work, self) {
            (WriteWork::Rows(work), Self::Rows(rows)) => {
                Box::new(assigned(&work.statement.binds, &rows.statement))
            }
            (WriteWork::AtOnce(work), Self::AtOnce(parameters)) => {
                Box::new(assigned(&work.binds, parameters))
            }
            (_, Self::Insert(program)) => Box::new(program.values()),
            _ => return Ok(()),
        };
        kept.try_for_each(|parameter| match parameter {
            Parameter::Json(text) if text.len() > LONGEST_JSON => Err(too_long(path)),
            Parameter::Text(text) if text.len() > LONGEST_TEXT => {
                let message = format!(
                    "a value is too long: a text has {LONGEST_TEXT} bytes at most where users write it"
                );
                Err(Failure::new(Code::DataException, path, message))
            }
            _ => Ok(()),
        })
    }
}

/// The parameters that columns are to keep.
fn assigned<'p>(binds: &'p [Bind], parameters: &'p [Parameter]) -> impl Iterator<Item = &'p Parameter> {
    binds
        .iter()
        .zip(parameters)
        .filter(|(bind, _)| matches!(bind.kind, BindKind::Assigned(_) | BindKind::AssignedOrNull(_)))
        .map(|(_, parameter)| parameter)
}

/// The parameters of what a change asks of rows that are there.
pub(super) struct BoundRows {
    pub(super) statement: Vec<Parameter>,
    pub(super) check: Vec<Parameter>,
    pub(super) former: Vec<Parameter>,
}

/// Fills the parameters of a mutation.
pub(in crate::execute) fn bind(
    work: &MutationWork,
    values: Values<'_>,
    origin: &dyn Origin,
) -> Result<Task, Failure> {
    let writes = work.writes.iter().map(|write| match write {
        WriteWork::Nothing => Ok(BoundWrite::Nothing),
        WriteWork::Rows(rows) => Ok(BoundWrite::Rows(BoundRows {
            statement: parameters(&rows.statement.binds, values)?,
            check: check_parameters(rows.check.as_ref(), values)?,
            former: check_parameters(rows.former.as_ref(), values)?,
        })),
        WriteWork::AtOnce(read) => parameters(&read.binds, values).map(BoundWrite::AtOnce),
        WriteWork::Insert(insert) => Program::read(insert, values, origin).map(BoundWrite::Insert),
    });
    let writes = writes.collect::<Result<Vec<_>, Failure>>()?;
    // Whoever is not an administrator.
    if work.discreet {
        work.writes
            .iter()
            .zip(&writes)
            .try_for_each(|(asked, write)| write.check_lengths(asked, &work.path))?;
    }
    let answers = match &work.answer {
        AnswerWork::Row(read) => vec![parameters(&read.binds, values)?],
        AnswerWork::Response(members) | AnswerWork::Responses(members) => members
            .iter()
            .map(|(_, value)| match value {
                ResponseValue::Returning(read) => parameters(&read.binds, values),
                ResponseValue::Known(_) | ResponseValue::AffectedRows => Ok(Vec::new()),
            })
            .collect::<Result<_, Failure>>()?,
    };
    Ok(Task {
        writes,
        answers,
        actor: values.actor.clone(),
    })
}

/// More than a user may keep in a column of JSON.
pub(super) fn too_long(path: &str) -> Failure {
    let message = format!("a value is too long: jsonb has {LONGEST_JSON} bytes at most where users write it");
    Failure::new(Code::DataException, path, message)
}

/// The parameters of a statement that not every write has.
pub(super) fn check_parameters(
    check: Option<&Statement>,
    values: Values<'_>,
) -> Result<Vec<Parameter>, Failure> {
    check.map_or_else(|| Ok(Vec::new()), |check| parameters(&check.binds, values))
}
