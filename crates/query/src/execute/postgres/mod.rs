//! PostgreSQL: quick reads are pipelined over a few connections; reads that may take long and transactions have
//! one each to themselves.

mod connection;
mod encryption;
mod error;
mod explain;
mod lanes;
mod link;
mod pool;
mod row;

use std::sync::Arc;

use futures_util::future::try_join_all;

use super::answer::{self, Answer};
use super::parameter::parameters;
use super::sqlite::check_failed;
use super::turns::ConnectionCounters;
use super::{ExecutorSettings, Values};
use crate::error::Failure;
use crate::scalar::Parameter;
use crate::sql::{Compiled, Read, Work};
use connection::Connection;
use lanes::Lanes;
use link::Link;
use pool::Pool;
use tokio_postgres::Row;

/// A PostgreSQL database.
pub struct PostgresExecutor {
    quick: Lanes,
    heavy: Pool,
    transactions: Pool,
}

impl PostgresExecutor {
    pub(super) fn open(url: &str, settings: ExecutorSettings) -> Result<Self, Failure> {
        let link = Arc::new(Link::parse(url, &settings)?);
        Ok(Self {
            quick: Lanes::new(&link, settings.read_connections),
            heavy: Pool::for_reads(&link, settings.heavy_connections),
            transactions: Pool::for_transactions(&link, settings.write_connections),
        })
    }

    pub(super) async fn run(
        &self,
        compiled: &Compiled,
        parameters: &[Vec<Parameter>],
        answer: Answer,
    ) -> Result<Vec<u8>, Failure> {
        match compiled.writes() {
            true => self.write(compiled, parameters, answer).await,
            false => self.read(compiled, parameters, answer).await,
        }
    }

    async fn read(
        &self,
        compiled: &Compiled,
        parameters: &[Vec<Parameter>],
        mut answer: Answer,
    ) -> Result<Vec<u8>, Failure> {
        let found = if compiled.heavy() {
            let held = self.heavy.acquire().await?;
            let found = fetch_all(held.connection(), compiled, parameters).await?;
            held.give_back();
            found
        } else {
            fetch_all(&*self.quick.take().await?, compiled, parameters).await?
        };
        for (root, found) in compiled.roots.iter().zip(found) {
            write(&root.work, &found, answer.member(&root.key))?;
        }
        Ok(answer.finish())
    }

    async fn write(
        &self,
        compiled: &Compiled,
        parameters: &[Vec<Parameter>],
        mut answer: Answer,
    ) -> Result<Vec<u8>, Failure> {
        let held = self.transactions.acquire().await?;
        let connection = held.connection();
        connection.batch("BEGIN").await?;
        for (root, parameters) in compiled.roots.iter().zip(parameters) {
            let found = fetch(connection, &root.work, parameters).await?;
            write(&root.work, &found, answer.member(&root.key))?;
        }
        connection.batch("COMMIT").await?;
        held.give_back();
        Ok(answer.finish())
    }

    pub(super) fn counters(&self) -> Vec<ConnectionCounters> {
        vec![
            self.quick.counters("quick"),
            self.heavy.counters("heavy"),
            self.transactions.counters("write"),
        ]
    }

    pub(super) async fn ping(&self) -> Result<(), Failure> {
        self.quick.take().await?.batch("SELECT 1").await
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

/// Sends all statements at once: they cost one round trip together.
async fn fetch_all(
    connection: &Arc<Connection>,
    compiled: &Compiled,
    parameters: &[Vec<Parameter>],
) -> Result<Vec<Vec<Row>>, Failure> {
    let fields = compiled.roots.iter().zip(parameters);
    try_join_all(fields.map(|(root, parameters)| fetch(connection, &root.work, parameters))).await
}

async fn fetch(
    connection: &Arc<Connection>,
    work: &Work,
    parameters: &[Parameter],
) -> Result<Vec<Row>, Failure> {
    match work {
        Work::Known(_) => Ok(Vec::new()),
        Work::Read(read) | Work::WriteAndRead(read) => connection.query(&read.sql, parameters).await,
        Work::Write(..) => Err(Failure::unexpected(&"a plan for SQLite reached PostgreSQL")),
    }
}

fn write(work: &Work, found: &[Row], out: &mut Vec<u8>) -> Result<(), Failure> {
    match work {
        Work::Known(json) => {
            out.extend_from_slice(json.as_bytes());
            Ok(())
        }
        Work::Read(read) => rows(read, found, false, out),
        Work::WriteAndRead(read) | Work::Write(_, read) => rows(read, found, true, out),
    }
}

fn rows(read: &Read, found: &[Row], guarded: bool, out: &mut Vec<u8>) -> Result<(), Failure> {
    answer::begin(read.shape, out);
    let mut count = 0;
    for found in found {
        let flag = |index| found.try_get::<usize, bool>(index).map_err(error::failure);
        if guarded && !flag(0)? {
            return Err(check_failed());
        }
        if guarded && !flag(1)? {
            continue;
        }
        let skip = if guarded { 2 } else { 0 };
        answer::object(&row::PostgresRow(found), &read.columns, skip, count == 0, out)
            .map_err(error::failure)?;
        count += 1;
    }
    answer::end(read.shape, count, out);
    Ok(())
}
