//! Mutations, on either database: their writes one after the other, what follows from them, and what is
//! answered, all in the transaction of the request.

mod address;
mod answer;
mod at_once;
mod audit;
mod consequence;
mod factors;
mod former;
mod insert;
mod owner;
mod program;
mod task;
mod twice;

use std::sync::Arc;

use portico_entity::catalogue::Scalar;
use uuid::Uuid;

use super::Origin;
use super::answer::Output;
use crate::error::{Code, Failure};
use crate::plan::Bind;
use crate::plan::mutation::key_columns;
use crate::request::Operand;
use crate::scalar::Parameter;
use crate::sql::{
    AnswerWork, Compiled, CompiledRoot, MutationWork, Rows, RowsWork, Statement, Work, WriteWork,
};

use consequence::Changed;
use task::{BoundRows, BoundWrite, too_long};
pub(super) use task::{Task, bind};
pub(super) use twice::changed_twice;

/// The transaction of a request.
pub(super) trait Channel {
    /// Runs a statement whose columns are texts.
    fn texts(
        &mut self,
        sql: Arc<str>,
        parameters: Vec<Parameter>,
    ) -> impl Future<Output = Result<Vec<Vec<Option<String>>>, Failure>>;

    /// Runs a statement that nothing waits for; that it failed may be told by whatever comes next.
    fn send(
        &mut self,
        sql: Arc<str>,
        parameters: Vec<Parameter>,
    ) -> impl Future<Output = Result<(), Failure>>;

    /// Runs a statement whose rows are answered, writes them until the answer is full, and tells how many they are.
    fn read(
        &mut self,
        rows: Rows<'_>,
        parameters: Vec<Parameter>,
        then: Then,
        out: &mut Output,
    ) -> impl Future<Output = Result<usize, Failure>>;

    /// Waits until everything sent is done.
    fn finish(&mut self, then: Then) -> impl Future<Output = Result<(), Failure>>;

    /// Whether rows come to the database as a list for each column, or as one of rows.
    fn by_column(&self) -> bool;
}

/// What comes after a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// Other statements.
    Others,
    /// The end of the transaction.
    Commit,
}

impl Then {
    /// What comes after a root field: the end after the last one that writes.
    pub(super) fn after(compiled: &Compiled, number: usize) -> Self {
        let writes = |root: &CompiledRoot| matches!(root.work, Work::Mutate(_));
        match compiled.roots.iter().rposition(writes) == Some(number) {
            true => Self::Commit,
            false => Self::Others,
        }
    }
}

/// What a write has written.
#[derive(Default)]
struct Written {
    /// Rows in this and related tables.
    affected: usize,
    /// The keys of the rows to answer, in order.
    keys: Vec<Parameter>,
    /// The rows to answer, where they are gone.
    gone: Vec<String>,
}

/// Runs a mutation and writes its answer.
pub(super) async fn run<C: Channel>(
    channel: &mut C,
    work: &MutationWork,
    task: &Task,
    origin: &dyn Origin,
    then: Then,
    out: &mut Output,
) -> Result<(), Failure> {
    let run = async {
        let responses = matches!(work.answer, AnswerWork::Responses(_));
        if responses {
            out.push(b'[');
        }
        let last = work.writes.len().saturating_sub(1);
        for (number, writing) in work.writes.iter().zip(&task.writes).enumerate() {
            if number > 0 {
                out.push(b',');
            }
            let then = if number == last { then } else { Then::Others };
            write(channel, work, writing, task, (origin, then), out).await?;
        }
        if responses {
            out.push(b']');
        }
        out.check()?;
        if then == Then::Commit {
            // What is written behind it comes too late to refuse anything.
            out.lift();
        }
        // The next mutation is not told of the failures of this one.
        channel.finish(then).await
    };
    run.await.map_err(|failure| told(failure, work))
}

/// Writes, and answers what was written.
async fn write<C: Channel>(
    channel: &mut C,
    work: &MutationWork,
    writing: (&WriteWork, &BoundWrite),
    task: &Task,
    (origin, then): (&dyn Origin, Then),
    out: &mut Output,
) -> Result<(), Failure> {
    let written = match writing {
        (WriteWork::AtOnce(read), BoundWrite::AtOnce(parameters)) => {
            return answer::at_once(channel, work, (read.rows(), parameters.clone()), then, out).await;
        }
        (WriteWork::Rows(rows), BoundWrite::Rows(bound)) => {
            change(channel, work, rows, bound, task, origin).await?
        }
        (WriteWork::Insert(insert), BoundWrite::Insert(program)) => {
            let at_once = program.at_once(insert, &work.action, (&task.actor, origin))?;
            if let (Some(returned), Some(at_once)) = (&insert.returned, at_once) {
                let rows = Rows {
                    sql: &at_once.sql,
                    shape: returned.shape,
                    columns: &returned.columns,
                };
                return answer::at_once(channel, work, (rows, at_once.parameters), then, out).await;
            }
            program.run(channel, work, insert, &task.actor, origin).await?
        }
        _ => Written::default(),
    };
    answer::written(channel, work, &written, &task.answers, then, out).await
}

/// A failure in the place of the request that caused it. Who sees a part of the rows only does not learn
/// whether it was one of the others, nor what the columns that are hidden are held to. A rule of the service, which
/// has no name, is told to everybody.
fn told(failure: Failure, work: &MutationWork) -> Failure {
    let hidden = match failure.code {
        Code::ConstraintViolation => !failure.message.starts_with("Not-NULL"),
        Code::PermissionError => failure.message.contains(" violates check constraint "),
        _ => false,
    };
    let message = match work.discreet && hidden {
        true => "Constraint violation. the rows cannot be written as they are".to_owned(),
        false => failure.message,
    };
    let placed = failure.path == "$"
        && matches!(
            failure.code,
            Code::ConstraintViolation | Code::PermissionError | Code::DataException
        );
    Failure {
        code: failure.code,
        message,
        path: match placed {
            true => work.path.clone(),
            false => failure.path,
        },
    }
}

async fn change<C: Channel>(
    channel: &mut C,
    work: &MutationWork,
    rows: &RowsWork,
    bound: &BoundRows,
    task: &Task,
    origin: &dyn Origin,
) -> Result<Written, Failure> {
    let BoundRows {
        statement,
        check,
        former,
    } = bound;
    let mut former = match &rows.former {
        Some(statement) => channel.texts(Arc::clone(&statement.sql), former.clone()).await?,
        None => Vec::new(),
    };
    let recalled = match &rows.recall {
        Some(sql) => channel.texts(Arc::clone(sql), statement.to_vec()).await?,
        None => Vec::new(),
    };
    let found = channel
        .texts(Arc::clone(&rows.statement.sql), statement.to_vec())
        .await?;
    let keys = keys(work, found.iter().map(|row| column(row, 0)))?;
    if let Some(statement) = &rows.check {
        refuse_broken(channel, statement, check, &keys).await?;
    }
    if let (Some(statement), false) = (&rows.overgrown, keys.is_empty()) {
        let written = Parameter::List(keys.clone());
        let parameters = with_written(&statement.binds, &[Parameter::Null], &written);
        if !channel
            .texts(Arc::clone(&statement.sql), parameters)
            .await?
            .is_empty()
        {
            return Err(too_long(&work.path));
        }
    }
    if let Some(columns) = &rows.audited {
        let events = found
            .iter()
            .map(|row| audit::Event::of(work.table, columns, column(row, 0), column(row, 1)));
        audit::append(channel, &work.action, events.collect(), &task.actor, origin).await?;
    }
    // Another key is given to a single row: it is the one by which what follows finds the user.
    if let ([was], [is]) = (former.as_mut_slice(), found.as_slice())
        && let (Some(was), Some(is)) = (was.first_mut(), is.first())
    {
        was.clone_from(is);
    }
    let changed = Changed {
        table: work.table,
        factors: rows.changes_factors,
        address: rows.changes_address,
        former: &former,
        owners: owner::users(found.iter().map(|row| column(row, 1))),
    };
    changed.follow(channel, (&task.actor, origin)).await?;
    let affected = found.len();
    let returned = found.into_iter().filter_map(|row| row.into_iter().nth(2)?);
    let gone = recalled.into_iter().flatten().flatten().chain(returned);
    Ok(Written {
        affected,
        keys,
        gone: gone.collect(),
    })
}

fn column(row: &[Option<String>], index: usize) -> Option<&str> {
    row.get(index)?.as_deref()
}

/// The keys of rows, from their texts.
fn keys<'t>(
    work: &MutationWork,
    texts: impl Iterator<Item = Option<&'t str>>,
) -> Result<Vec<Parameter>, Failure> {
    let scalar = key_columns(work.table).next().map(|column| column.scalar);
    texts.flatten().map(|text| key(scalar, text)).collect()
}

fn key(scalar: Option<Scalar>, text: &str) -> Result<Parameter, Failure> {
    match scalar {
        Some(Scalar::Uuid) => Uuid::try_parse(text)
            .map(Parameter::Uuid)
            .map_err(|error| Failure::unexpected(&error)),
        _ => Ok(Parameter::Text(text.to_owned())),
    }
}

/// The parameters of a statement with what was written in its place.
fn with_written(binds: &[Bind], bound: &[Parameter], written: &Parameter) -> Vec<Parameter> {
    let pairs = binds.iter().zip(bound);
    pairs
        .map(|(bind, parameter)| match bind.operand {
            Operand::Written => written.clone(),
            _ => parameter.clone(),
        })
        .collect()
}

/// Refuses a write when a permission's check does not hold of a row.
async fn refuse_broken<C: Channel>(
    channel: &mut C,
    statement: &Statement,
    bound: &[Parameter],
    keys: &[Parameter],
) -> Result<(), Failure> {
    if keys.is_empty() {
        return Ok(());
    }
    let written = Parameter::List(keys.to_vec());
    let parameters = with_written(&statement.binds, bound, &written);
    match channel
        .texts(Arc::clone(&statement.sql), parameters)
        .await?
        .is_empty()
    {
        true => Ok(()),
        false => Err(Failure::new(
            Code::PermissionError,
            "$",
            "check constraint of an insert/update permission has failed",
        )),
    }
}
