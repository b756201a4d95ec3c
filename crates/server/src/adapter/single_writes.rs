//! The connections of the data path for the statements of the auth core that run most.

use std::sync::Arc;

use portico_auth::{SingleWrites, WriteAnswer};
use portico_query::execute::Executor;
use portico_query::scalar::Parameter;
use portico_query::{Code, Failure};
use sea_orm::{ConnAcquireErr, DbErr, Value};

/// The executor, by which single statements go.
pub(crate) struct ByExecutor(pub(crate) Arc<Executor>);

impl SingleWrites for ByExecutor {
    fn write_one(&self, sql: Arc<str>, values: Vec<Value>) -> WriteAnswer<'_> {
        Box::pin(async move {
            let parameters = values.into_iter().map(parameter).collect::<Result<_, _>>()?;
            self.0.write_one(sql, parameters).await.map_err(failed)
        })
    }
}

fn parameter(value: Value) -> Result<Parameter, DbErr> {
    let parameter = match value {
        Value::Bool(value) => value.map(Parameter::Boolean),
        Value::BigInt(value) => value.map(Parameter::Integer),
        Value::String(value) => value.map(Parameter::Text),
        Value::Bytes(value) => value.map(Parameter::Bytes),
        Value::Uuid(value) => value.map(Parameter::Uuid),
        Value::ChronoDateTimeUtc(value) => value.map(Parameter::Time),
        // It may be a secret: what it is, is not told.
        _ => {
            return Err(DbErr::Type(
                "a single write has no values of this type".to_owned(),
            ));
        }
    };
    Ok(parameter.unwrap_or(Parameter::Null))
}

fn failed(failure: Failure) -> DbErr {
    match failure.code {
        Code::Unavailable | Code::Timeout => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
        _ => DbErr::Custom(failure.message),
    }
}
