//! PostgreSQL: reads are pipelined over a few connections, those that may take long over others; each
//! transaction has a connection to itself.

mod connection;
mod encryption;
mod error;
mod row;

use std::sync::Arc;

use futures_util::future::try_join_all;

use super::answer::{self, Answer};
use super::parameter::parameters;
use super::sqlite::check_failed;
use super::{ExecutorSettings, Values};
use crate::error::Failure;
use crate::scalar::Parameter;
use crate::sql::{Compiled, Read, Work};
use connection::{Connection, Lanes, Link, Transactions};

/// A PostgreSQL database.
pub struct PostgresExecutor {
    quick: Lanes,
    heavy: Lanes,
    transactions: Transactions,
}

impl PostgresExecutor {
    pub(super) fn open(url: &str, settings: ExecutorSettings) -> Result<Self, Failure> {
        let link = Arc::new(Link::parse(url, &settings)?);
        Ok(Self {
            quick: Lanes::new(&link, settings.read_connections),
            heavy: Lanes::new(&link, settings.heavy_connections),
            transactions: Transactions::new(&link, settings.write_connections),
        })
    }

    pub(super) async fn run(
        &self,
        compiled: &Compiled,
        parameters: &[Vec<Parameter>],
    ) -> Result<Vec<u8>, Failure> {
        match compiled.writes() {
            true => self.write(compiled, parameters).await,
            false => self.read(compiled, parameters).await,
        }
    }

    async fn read(&self, compiled: &Compiled, parameters: &[Vec<Parameter>]) -> Result<Vec<u8>, Failure> {
        let lanes = if compiled.heavy() {
            &self.heavy
        } else {
            &self.quick
        };
        let connection = lanes.connection().await?;
        let fields = compiled.roots.iter().zip(parameters);
        let values =
            try_join_all(fields.map(|(root, parameters)| value(&connection, &root.work, parameters)));
        Ok(assemble(compiled, values.await?))
    }

    async fn write(&self, compiled: &Compiled, parameters: &[Vec<Parameter>]) -> Result<Vec<u8>, Failure> {
        let transaction = self.transactions.begin().await?;
        let mut values = Vec::with_capacity(compiled.roots.len());
        for (root, parameters) in compiled.roots.iter().zip(parameters) {
            match value(transaction.connection(), &root.work, parameters).await {
                Ok(value) => values.push(value),
                Err(failure) => {
                    transaction.roll_back().await;
                    return Err(failure);
                }
            }
        }
        transaction.commit().await?;
        Ok(assemble(compiled, values))
    }

    pub(super) async fn ping(&self) -> Result<(), Failure> {
        self.quick.connection().await?.ping().await
    }
}

/// Fills the parameters of every root field.
pub(super) fn bind(compiled: &Compiled, values: Values<'_>) -> Result<Vec<Vec<Parameter>>, Failure> {
    let parameters = compiled.roots.iter().map(|root| match &root.work {
        Work::Known(_) => Ok(Vec::new()),
        Work::Read(read) | Work::WriteAndRead(read) | Work::Write(_, read) => parameters(&read.binds, values),
    });
    parameters.collect()
}

fn assemble(compiled: &Compiled, values: Vec<Vec<u8>>) -> Vec<u8> {
    let mut answer = Answer::new();
    for (root, value) in compiled.roots.iter().zip(values) {
        answer.member(&root.key).extend_from_slice(&value);
    }
    answer.finish()
}

async fn value(connection: &Connection, work: &Work, parameters: &[Parameter]) -> Result<Vec<u8>, Failure> {
    match work {
        Work::Known(json) => Ok(json.clone().into_bytes()),
        Work::Read(read) => rows(connection, read, parameters, false).await,
        Work::WriteAndRead(read) => rows(connection, read, parameters, true).await,
        Work::Write(..) => Err(Failure::unexpected(&"a plan for SQLite reached PostgreSQL")),
    }
}

async fn rows(
    connection: &Connection,
    read: &Read,
    parameters: &[Parameter],
    guarded: bool,
) -> Result<Vec<u8>, Failure> {
    let found = connection.query(&read.sql, parameters).await?;
    let mut out = Vec::with_capacity(256);
    answer::begin(read.shape, &mut out);
    let mut count = 0;
    for found in &found {
        let flag = |index| found.try_get::<usize, bool>(index).map_err(error::failure);
        if guarded && !flag(0)? {
            return Err(check_failed());
        }
        if guarded && !flag(1)? {
            continue;
        }
        let skip = if guarded { 2 } else { 0 };
        answer::object(
            &row::PostgresRow(found),
            &read.columns,
            skip,
            count == 0,
            &mut out,
        )
        .map_err(error::failure)?;
        count += 1;
    }
    answer::end(read.shape, count, &mut out);
    Ok(out)
}
