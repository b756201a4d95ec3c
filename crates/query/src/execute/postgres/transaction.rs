//! A transaction whose statements wait for each other only where one needs what another found: the rest is on its
//! way at the same time, and the server takes it in order.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use futures_util::future::{BoxFuture, join};
use tokio_postgres::{Row, Statement};

use super::connection::Connection;
use super::{error, rows};
use crate::error::Failure;
use crate::execute::answer::Output;
use crate::execute::mutation::{Channel, Then};
use crate::scalar::Parameter;
use crate::sql::Rows;

/// A transaction on a connection. One that was not ended is rolled back by whoever has the connection.
pub(super) struct Transaction {
    connection: Arc<Connection>,
    stage: Stage,
    /// What was sent and not waited for, in order.
    sent: Vec<BoxFuture<'static, Result<(), Failure>>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing was asked yet.
    Fresh,
    Open,
    Ended,
}

impl Transaction {
    pub(super) fn on(connection: &Arc<Connection>) -> Self {
        Self {
            connection: Arc::clone(connection),
            stage: Stage::Fresh,
            sent: Vec::new(),
        }
    }

    /// A transaction behind a statement, which is sent before it begins and so commits by itself. What comes back is
    /// waited for as by [`Self::ask`].
    pub(super) async fn behind(
        connection: &Arc<Connection>,
        sql: &str,
        parameters: Vec<Parameter>,
    ) -> Result<(BoxFuture<'static, Result<Vec<Row>, Failure>>, Self), Failure> {
        let mut transaction = Self::on(connection);
        let statement = transaction.prepared(sql).await?;
        let before = transaction.under_way(statement, parameters).await;
        Ok((before, transaction))
    }

    async fn begin(&mut self) -> Result<(), Failure> {
        if self.stage != Stage::Fresh {
            return Ok(());
        }
        self.stage = Stage::Open;
        let connection = Arc::clone(&self.connection);
        self.set_off(async move { connection.batch("BEGIN").await }).await
    }

    /// Sends what goes out with its first turn, and leaves it under way.
    async fn set_off(
        &mut self,
        work: impl Future<Output = Result<(), Failure>> + Send + 'static,
    ) -> Result<(), Failure> {
        let mut work: BoxFuture<'static, _> = Box::pin(work);
        match first_turn(&mut work).await {
            Poll::Ready(done) => self.after_sent(done).await,
            Poll::Pending => {
                self.sent.push(work);
                Ok(())
            }
        }
    }

    /// Sends what goes out with its first turn, and waits for it. What was sent before is taken in first: the
    /// connection reads no further than an answer that nobody takes.
    async fn wait<T>(&mut self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let mut work = pin!(work);
        match first_turn(&mut work).await {
            Poll::Ready(done) => self.after_sent(done).await,
            Poll::Pending => {
                self.after_sent(Ok(())).await?;
                work.await
            }
        }
    }

    /// What a step came to, unless an earlier one failed: then the server refused all that followed.
    async fn after_sent<T>(&mut self, outcome: Result<T, Failure>) -> Result<T, Failure> {
        for earlier in self.sent.drain(..) {
            earlier.await?;
        }
        outcome
    }

    /// A statement, prepared before it is sent: one that had to wait for that would be overtaken.
    async fn prepared(&mut self, sql: &str) -> Result<Statement, Failure> {
        let connection = Arc::clone(&self.connection);
        let mut preparing = pin!(connection.statement(sql));
        match first_turn(&mut preparing).await {
            Poll::Ready(Ok(known)) => Ok(known),
            Poll::Ready(failed) => self.after_sent(failed).await,
            Poll::Pending => {
                self.after_sent(Ok(())).await?;
                preparing.await
            }
        }
    }

    /// Sends a statement; what comes back is waited for while others are sent already. Whoever does not wait for it
    /// keeps those behind it waiting.
    pub(super) async fn ask(
        &mut self,
        sql: &str,
        parameters: Vec<Parameter>,
    ) -> Result<BoxFuture<'static, Result<Vec<Row>, Failure>>, Failure> {
        let statement = self.prepared(sql).await?;
        self.begin().await?;
        Ok(self.under_way(statement, parameters).await)
    }

    /// Sends a prepared statement; what was sent before is taken in with its answer.
    async fn under_way(
        &mut self,
        statement: Statement,
        parameters: Vec<Parameter>,
    ) -> BoxFuture<'static, Result<Vec<Row>, Failure>> {
        let connection = Arc::clone(&self.connection);
        let mut asked = Box::pin(async move { connection.ask(&statement, &parameters).await });
        let answered = first_turn(&mut asked).await;
        let sent = std::mem::take(&mut self.sent);
        Box::pin(async move {
            for earlier in sent {
                earlier.await?;
            }
            match answered {
                Poll::Ready(answered) => answered,
                Poll::Pending => asked.await,
            }
        })
    }

    /// Runs what sends a statement with its first turn.
    async fn run<T>(
        &mut self,
        asked: impl Future<Output = Result<T, Failure>>,
        then: Then,
    ) -> Result<T, Failure> {
        match (self.stage, then) {
            // A single statement is a transaction of its own.
            (Stage::Fresh, Then::Commit) => {
                self.stage = Stage::Ended;
                asked.await
            }
            (_, Then::Others) => {
                self.begin().await?;
                self.wait(asked).await
            }
            (_, Then::Commit) => {
                self.stage = Stage::Ended;
                let connection = Arc::clone(&self.connection);
                // After a failure the server takes the one for the other: it rolls back.
                let (found, committed) = self
                    .wait(async { Ok(join(asked, connection.batch("COMMIT")).await) })
                    .await?;
                found.and_then(|found| committed.map(|()| found))
            }
        }
    }
}

/// Whether work is done after its first turn.
pub(super) async fn first_turn<F: Future + Unpin>(work: &mut F) -> Poll<F::Output> {
    poll_fn(|context| Poll::Ready(Pin::new(&mut *work).poll(context))).await
}

impl Channel for Transaction {
    async fn texts(
        &mut self,
        sql: Arc<str>,
        parameters: Vec<Parameter>,
    ) -> Result<Vec<Vec<Option<String>>>, Failure> {
        let statement = self.prepared(&sql).await?;
        let connection = Arc::clone(&self.connection);
        let found = self
            .run(connection.ask(&statement, &parameters), Then::Others)
            .await?;
        let texts = |row: &Row| -> Result<Vec<Option<String>>, tokio_postgres::Error> {
            (0..row.len()).map(|index| row.try_get(index)).collect()
        };
        found
            .iter()
            .map(|row| texts(row).map_err(error::failure))
            .collect()
    }

    async fn send(&mut self, sql: Arc<str>, parameters: Vec<Parameter>) -> Result<(), Failure> {
        let statement = self.prepared(&sql).await?;
        self.begin().await?;
        let connection = Arc::clone(&self.connection);
        self.set_off(async move { connection.ask(&statement, &parameters).await.map(|_| ()) })
            .await
    }

    async fn read(
        &mut self,
        asked: Rows<'_>,
        parameters: Vec<Parameter>,
        then: Then,
        out: &mut Output,
    ) -> Result<usize, Failure> {
        let statement = self.prepared(asked.sql).await?;
        let connection = Arc::clone(&self.connection);
        let written = async { rows(asked, connection.rows(&statement, &parameters).await?, out).await };
        self.run(written, then).await
    }

    async fn finish(&mut self, then: Then) -> Result<(), Failure> {
        match (self.stage, then) {
            (Stage::Open, Then::Commit) => {
                self.stage = Stage::Ended;
                let connection = Arc::clone(&self.connection);
                self.wait(connection.batch("COMMIT")).await
            }
            _ => self.after_sent(Ok(())).await,
        }
    }

    fn by_column(&self) -> bool {
        true
    }
}
