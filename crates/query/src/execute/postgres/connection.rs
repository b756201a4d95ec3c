//! A connection and the statements prepared on it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;
use futures_util::TryStreamExt;
use tokio_postgres::{CancelToken, Client, Error, Row, RowStream, Statement};

use super::error;
use super::row::TextParameter;
use super::silence::{Answers, Waiting};
use crate::error::Failure;
use crate::scalar::Parameter;

/// Statements a connection keeps prepared.
const MOST_STATEMENTS: usize = 512;

/// A connection with its prepared statements. Their texts are ours, and long: they are hashed the quick way.
#[derive(Debug)]
pub(super) struct Connection {
    client: Client,
    statements: Mutex<HashMap<Arc<str>, Statement, RandomState>>,
    answers: Answers,
}

/// Rows that are taken one by one.
pub(super) struct Coming<'c> {
    pub(super) rows: RowStream,
    pub(super) waiting: Waiting<'c>,
}

impl Connection {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            statements: Mutex::default(),
            answers: Answers::default(),
        }
    }

    pub(super) fn answers(&self) -> &Answers {
        &self.answers
    }

    pub(super) fn is_open(&self) -> bool {
        !self.client.is_closed()
    }

    pub(super) fn cancel_token(&self) -> CancelToken {
        self.client.cancel_token()
    }

    pub(super) async fn query(
        self: &Arc<Self>,
        sql: &str,
        parameters: &[Parameter],
    ) -> Result<Vec<Row>, Failure> {
        let statement = self.statement(sql).await?;
        self.ask(&statement, parameters).await
    }

    /// Runs a prepared statement; it is sent with the first turn.
    pub(super) async fn ask(
        &self,
        statement: &Statement,
        parameters: &[Parameter],
    ) -> Result<Vec<Row>, Failure> {
        self.fetch(statement, parameters).await.map_err(error::failure)
    }

    /// The same for those who have to know what failed.
    pub(super) async fn fetch(
        &self,
        statement: &Statement,
        parameters: &[Parameter],
    ) -> Result<Vec<Row>, Error> {
        let waiting = self.answers.wait();
        let found = async {
            let rows = self
                .client
                .query_raw(statement, parameters.iter().map(TextParameter));
            rows.await?.try_collect().await
        };
        let found = found.await;
        waiting.answered();
        found
    }

    /// The same for rows that are taken one by one. The connection reads no further than a row that nobody takes.
    pub(super) async fn rows(
        &self,
        statement: &Statement,
        parameters: &[Parameter],
    ) -> Result<Coming<'_>, Failure> {
        let parameters = parameters.iter().map(TextParameter);
        let waiting = self.answers.wait();
        match self.client.query_raw(statement, parameters).await {
            Ok(rows) => Ok(Coming { rows, waiting }),
            Err(error) => {
                waiting.answered();
                Err(error::failure(error))
            }
        }
    }

    pub(super) async fn batch(&self, sql: &str) -> Result<(), Failure> {
        self.command(sql).await.map_err(error::failure)
    }

    /// The same for those who have to know what failed.
    pub(super) async fn command(&self, sql: &str) -> Result<(), Error> {
        let waiting = self.answers.wait();
        let done = self.client.batch_execute(sql).await;
        waiting.answered();
        done
    }

    /// A statement, prepared at its first use.
    pub(super) async fn statement(self: &Arc<Self>, sql: &str) -> Result<Statement, Failure> {
        if let Some(statement) = lock(&self.statements).get(sql) {
            return Ok(statement.clone());
        }
        let (connection, sql) = (Arc::clone(self), Arc::from(sql));
        // Goes on without whoever asked: the server would keep for good a statement that nobody here knows.
        let prepared = tokio::spawn(async move { connection.prepare(sql).await }).await;
        prepared.unwrap_or_else(|error| Err(Failure::unexpected(&error)))
    }

    async fn prepare(&self, sql: Arc<str>) -> Result<Statement, Failure> {
        let waiting = self.answers.wait();
        let prepared = self.client.prepare(&sql).await;
        waiting.answered();
        let statement = prepared.map_err(error::failure)?;
        let mut statements = lock(&self.statements);
        if statements.len() >= MOST_STATEMENTS {
            statements.clear();
        }
        statements.insert(sql, statement.clone());
        Ok(statement)
    }
}

/// A poisoned lock only says that another request failed while it held it.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
