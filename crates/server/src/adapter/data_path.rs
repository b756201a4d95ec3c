//! The connections of the data path for the statements of the auth core that run most.

use std::sync::Arc;

use portico_auth::{Begun, Cell, DataAnswer, DataPath, DataTransaction, Row};
use portico_query::execute::{Executor, Found, OpenTransaction};
use portico_query::scalar::Parameter;
use portico_query::{Code, Failure};
use sea_orm::{ConnAcquireErr, DbErr, Value};
use tokio::sync::Mutex;

/// The executor.
pub(crate) struct ByExecutor(pub(crate) Arc<Executor>);

impl DataPath for ByExecutor {
    fn read_one(&self, sql: Arc<str>, values: Vec<Value>) -> DataAnswer<'_, Vec<Row>> {
        Box::pin(async move {
            let found = self.0.read_one(&sql, parameters(values)?).await;
            rows(found.map_err(failed)?)
        })
    }

    fn write_one(&self, sql: Arc<str>, values: Vec<Value>) -> DataAnswer<'_, Vec<Row>> {
        Box::pin(async move {
            let found = self.0.write_one(sql, parameters(values)?).await;
            rows(found.map_err(failed)?)
        })
    }

    fn begin(&self) -> DataAnswer<'_, Box<dyn DataTransaction>> {
        Box::pin(async move {
            let open = self.0.begin().await.map_err(failed)?;
            Ok(transaction(open))
        })
    }

    fn begin_behind(&self, sql: Arc<str>, values: Vec<Value>) -> DataAnswer<'_, Begun> {
        Box::pin(async move {
            let begun = self.0.begin_behind(sql, parameters(values)?).await;
            let (before, open) = begun.map_err(failed)?;
            Ok(Begun {
                before: Box::pin(async move { rows(before.await.map_err(failed)?) }),
                transaction: transaction(open),
            })
        })
    }
}

/// A transaction of the executor, whose statements are sent one after the other.
struct Transaction(Mutex<OpenTransaction>);

impl DataTransaction for Transaction {
    fn query(&self, sql: Arc<str>, values: Vec<Value>) -> DataAnswer<'_, Vec<Row>> {
        Box::pin(async move {
            let asked = self.0.lock().await.ask(&sql, parameters(values)?).await;
            // Others are sent meanwhile.
            rows(asked.map_err(failed)?.await.map_err(failed)?)
        })
    }

    fn send(&self, sql: Arc<str>, values: Vec<Value>) -> DataAnswer<'_, ()> {
        Box::pin(async move {
            let sent = self.0.lock().await.send(sql, parameters(values)?).await;
            sent.map_err(failed)
        })
    }

    fn commit(self: Box<Self>) -> DataAnswer<'static, ()> {
        Box::pin(async move { self.0.into_inner().commit().await.map_err(failed) })
    }
}

fn transaction(open: OpenTransaction) -> Box<dyn DataTransaction> {
    Box::new(Transaction(Mutex::new(open)))
}

fn parameters(values: Vec<Value>) -> Result<Vec<Parameter>, DbErr> {
    values.into_iter().map(parameter).collect()
}

fn parameter(value: Value) -> Result<Parameter, DbErr> {
    let parameter = match value {
        Value::Bool(value) => value.map(Parameter::Boolean),
        Value::Int(value) => value.map(|number| Parameter::Integer(number.into())),
        Value::BigInt(value) => value.map(Parameter::Integer),
        Value::String(value) => value.map(Parameter::Text),
        Value::Bytes(value) => value.map(Parameter::Bytes),
        Value::Uuid(value) => value.map(Parameter::Uuid),
        Value::ChronoDateTimeUtc(value) => value.map(Parameter::Time),
        Value::Json(value) => value.map(|json| Parameter::Json(json.to_string())),
        // It may be a secret: what it is, is not told.
        _ => return Err(unknown()),
    };
    Ok(parameter.unwrap_or(Parameter::Null))
}

fn rows(found: Found) -> Result<Vec<Row>, DbErr> {
    let columns: Arc<[String]> = found.columns.into();
    let row = |values: Vec<Parameter>| {
        let cells = values.into_iter().map(cell).collect::<Result<_, _>>()?;
        Ok(Row::new(Arc::clone(&columns), cells))
    };
    found.rows.into_iter().map(row).collect()
}

fn cell(value: Parameter) -> Result<Cell, DbErr> {
    Ok(match value {
        Parameter::Null => Cell::Null,
        Parameter::Boolean(value) => Cell::Boolean(value),
        Parameter::Integer(value) => Cell::Integer(value),
        Parameter::Text(text) | Parameter::Json(text) => Cell::Text(text),
        Parameter::Bytes(bytes) => Cell::Bytes(bytes),
        Parameter::Uuid(uuid) => Cell::Uuid(uuid),
        Parameter::Time(time) => Cell::Time(time),
        Parameter::List(_) | Parameter::Rows(_) => return Err(unknown()),
    })
}

fn unknown() -> DbErr {
    DbErr::Type("the data path has no values of this type for the auth core".to_owned())
}

fn failed(failure: Failure) -> DbErr {
    match failure.code {
        Code::Unavailable | Code::Timeout => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
        _ => DbErr::Custom(failure.message),
    }
}
