//! Uses the schema to parse and validate, and stops before it would execute: the data path answers instead.

use std::sync::Arc;

use async_graphql::Response;
use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute};

/// Put into a request's data, it makes the schema stop after validation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StopBeforeExecution;

pub(super) struct StopFactory;

impl ExtensionFactory for StopFactory {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Stop)
    }
}

struct Stop;

#[async_trait::async_trait]
impl Extension for Stop {
    async fn execute(
        &self,
        context: &ExtensionContext<'_>,
        operation_name: Option<&str>,
        next: NextExecute<'_>,
    ) -> Response {
        match context.data_opt::<StopBeforeExecution>() {
            Some(StopBeforeExecution) => Response::default(),
            None => next.run(context, operation_name).await,
        }
    }
}
