//! Statements that come as they are.

use std::sync::Arc;

use super::pool::Held;
use super::shared::Shared;
use super::transaction::Transaction;
use super::{PostgresExecutor, row};
use crate::error::{Code, Failure};
use crate::execute::mutation::{Channel, Then};
use crate::execute::{Asked, Found};
use crate::scalar::Parameter;

/// A transaction on a connection that it has to itself.
pub(in crate::execute) struct OpenTransaction {
    transaction: Transaction,
    held: Held,
}

impl PostgresExecutor {
    pub(in crate::execute) async fn write_one(
        &self,
        sql: Arc<str>,
        parameters: Vec<Parameter>,
    ) -> Result<Found, Failure> {
        let found = match self.shared.write(&sql, parameters).await? {
            Shared::Written(found) => found,
            Shared::Alone(parameters) => {
                let held = self.single.acquire().await?;
                let found = held.connection().query(&sql, &parameters).await?;
                held.give_back();
                found
            }
        };
        row::found(&found)
    }

    pub(in crate::execute) async fn read_one(
        &self,
        sql: &str,
        parameters: &[Parameter],
    ) -> Result<Found, Failure> {
        let found = match self.quick.take().await?.query(sql, parameters).await {
            Err(failure) if failure.code == Code::Timeout => {
                let held = self.heavy.acquire().await?;
                let found = held.connection().query(sql, parameters).await?;
                held.give_back();
                found
            }
            found => found?,
        };
        row::found(&found)
    }

    pub(in crate::execute) async fn begin(&self) -> Result<OpenTransaction, Failure> {
        let held = self.transactions.acquire().await?;
        Ok(OpenTransaction {
            transaction: Transaction::on(held.connection()),
            held,
        })
    }

    pub(in crate::execute) async fn begin_behind(
        &self,
        sql: &str,
        parameters: Vec<Parameter>,
    ) -> Result<(Asked, OpenTransaction), Failure> {
        let held = self.transactions.acquire().await?;
        let (before, transaction) = Transaction::behind(held.connection(), sql, parameters).await?;
        let before: Asked = Box::pin(async move { row::found(&before.await?) });
        Ok((before, OpenTransaction { transaction, held }))
    }
}

impl OpenTransaction {
    pub(in crate::execute) async fn ask(
        &mut self,
        sql: &str,
        parameters: Vec<Parameter>,
    ) -> Result<Asked, Failure> {
        let asked = self.transaction.ask(sql, parameters).await?;
        Ok(Box::pin(async move { row::found(&asked.await?) }))
    }

    pub(in crate::execute) async fn send(
        &mut self,
        sql: Arc<str>,
        parameters: Vec<Parameter>,
    ) -> Result<(), Failure> {
        self.transaction.send(sql, parameters).await
    }

    pub(in crate::execute) async fn commit(mut self) -> Result<(), Failure> {
        self.transaction.finish(Then::Commit).await?;
        self.held.give_back();
        Ok(())
    }
}
