//! The writes of a request.

use std::sync::Arc;

use super::pool::Held;
use super::shared::Shared;
use super::transaction::Transaction;
use super::{PostgresExecutor, error, misfit, row};
use crate::error::Failure;
use crate::execute::answer::{self, Answer, Output};
use crate::execute::mutation::{self, Channel, Then};
use crate::execute::{Origin, Task};
use crate::plan::Shape;
use crate::scalar::Parameter;
use crate::sql::{Compiled, Rows, Work};

/// The writes of a request. They have a transaction to themselves from the first on that needs one.
struct Writes<'e> {
    executor: &'e PostgresExecutor,
    own: Option<(Held, Transaction)>,
}

impl PostgresExecutor {
    pub(super) async fn write(
        &self,
        compiled: &Compiled,
        tasks: &[Task],
        origin: &dyn Origin,
        mut answer: Answer,
    ) -> Result<Vec<u8>, Failure> {
        let mut writes = Writes {
            executor: self,
            own: None,
        };
        for (number, (root, task)) in compiled.roots.iter().zip(tasks).enumerate() {
            let out = answer.member(&root.key);
            let then = Then::after(compiled, number);
            match (&root.work, task) {
                (Work::Known(json), _) => out.extend_from_slice(json.as_bytes()),
                (Work::Mutate(work), Task::Mutate(task)) => {
                    mutation::run(&mut writes, work, task, origin, then, out).await?;
                }
                _ => return Err(misfit()),
            }
        }
        if let Some((held, _)) = writes.own {
            held.give_back();
        }
        answer.finish()
    }
}

impl Writes<'_> {
    async fn own(&mut self) -> Result<&mut Transaction, Failure> {
        let own = match self.own.take() {
            Some(own) => own,
            None => {
                let held = self.executor.transactions.acquire().await?;
                let transaction = Transaction::on(held.connection());
                (held, transaction)
            }
        };
        Ok(&mut self.own.insert(own).1)
    }
}

impl Channel for Writes<'_> {
    async fn texts(
        &mut self,
        sql: Arc<str>,
        parameters: Vec<Parameter>,
    ) -> Result<Vec<Vec<Option<String>>>, Failure> {
        self.own().await?.texts(sql, parameters).await
    }

    async fn send(&mut self, sql: Arc<str>, parameters: Vec<Parameter>) -> Result<(), Failure> {
        self.own().await?.send(sql, parameters).await
    }

    async fn read(
        &mut self,
        asked: Rows<'_>,
        mut parameters: Vec<Parameter>,
        then: Then,
        out: &mut Output,
    ) -> Result<usize, Failure> {
        // Of one row, and nothing comes before or after it.
        if self.own.is_none() && then == Then::Commit && asked.shape == Shape::One {
            match self.executor.shared.write(asked.sql, parameters).await? {
                Shared::Written(found) => return written(asked, &found, out),
                Shared::Alone(unwritten) => parameters = unwritten,
            }
        }
        self.own().await?.read(asked, parameters, then, out).await
    }

    async fn finish(&mut self, then: Then) -> Result<(), Failure> {
        match &mut self.own {
            Some((_, transaction)) => transaction.finish(then).await,
            None => Ok(()),
        }
    }

    fn by_column(&self) -> bool {
        true
    }
}

/// Answers rows that are written, and tells how many they are.
fn written(asked: Rows<'_>, found: &[tokio_postgres::Row], out: &mut Output) -> Result<usize, Failure> {
    answer::begin(asked.shape, out);
    for (number, row) in found.iter().enumerate() {
        let written = answer::object(&row::PostgresRow(row), asked.columns, number == 0, out);
        written.map_err(error::failure)?;
    }
    answer::end(asked.shape, found.len(), out);
    Ok(found.len())
}
