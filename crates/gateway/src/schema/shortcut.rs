//! Parts of the way through the schema that are left out: it stops before it would execute where the data path answers
//! instead, and does not validate again what was valid before.

use std::sync::Arc;

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute, NextValidation};
use async_graphql::{CacheControl, Response, ServerError, ValidationResult};

/// Put into a request's data, it makes the schema stop after validation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StopBeforeExecution;

/// Put into a request's data, it makes the schema leave out validation: the document was valid before, and is whatever
/// the variables are that are sent with it now, as [`position::check`] saw where they stand.
///
/// [`position::check`]: crate::document::position::check
#[derive(Debug, Clone, Copy)]
pub(crate) struct KnownToBeValid;

pub(super) struct Shortcuts;

impl ExtensionFactory for Shortcuts {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Shortcut)
    }
}

struct Shortcut;

#[async_trait::async_trait]
impl Extension for Shortcut {
    async fn validation(
        &self,
        context: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        match context.data_opt::<KnownToBeValid>() {
            // What it would count has limits of our own.
            Some(KnownToBeValid) => Ok(ValidationResult {
                cache_control: CacheControl::default(),
                complexity: 0,
                depth: 0,
            }),
            None => next.run(context).await,
        }
    }

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
