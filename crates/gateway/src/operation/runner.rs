//! What an operation is in a schema, and what runs it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use async_graphql::dynamic::{Field, FieldFuture, InputValue, ResolverContext, TypeRef};
use portico_query::Failure;
use portico_query::request::{Selection, Variables};
use serde_json::Value;

use super::output::{self, Outcome};
use super::{Arguments, invalid, session_options, sign_in_pat};
use crate::data::{self, Asking};
use crate::error::WireError;
use crate::schema::rows;

/// An operation as the schema describes it.
pub(crate) struct Operation {
    runner: Runner,
    description: &'static str,
    arguments: Vec<InputValue>,
}

impl Operation {
    pub(super) fn description(self, description: &'static str) -> Self {
        Self { description, ..self }
    }

    pub(super) fn argument(mut self, argument: InputValue) -> Self {
        self.arguments.push(argument);
        self
    }

    /// The field of a query, which the GraphQL library resolves, as it may stand beside data.
    pub(crate) fn into_query(self) -> Field {
        let runner = Arc::new(self.runner);
        let (name, type_ref) = (runner.name, runner.type_ref.clone());
        let field = Field::new(name, type_ref, move |context| {
            let runner = Arc::clone(&runner);
            FieldFuture::new(async move {
                let value = runner.resolve(&context).await;
                Ok(rows(value.map_err(WireError::into_resolver_error)?))
            })
        });
        described(field, self.description, self.arguments)
    }

    /// The field of a mutation, and what [`answer`](super::answer()) runs in the place of its resolver.
    pub(crate) fn into_mutation(self) -> (Field, Runner) {
        let Runner { name, type_ref, .. } = &self.runner;
        let field = Field::new(*name, type_ref.clone(), |_| FieldFuture::Value(None));
        (described(field, self.description, self.arguments), self.runner)
    }
}

fn described(field: Field, description: &str, arguments: Vec<InputValue>) -> Field {
    arguments
        .into_iter()
        .fold(field.description(description), Field::argument)
}

/// What runs an operation.
pub(crate) struct Runner {
    /// Name of the operation.
    pub(crate) name: &'static str,
    pub(super) type_ref: TypeRef,
    run: Run,
}

/// Decodes the arguments and calls the flow.
type Run = Box<dyn Fn(Arc<Asking>, Arguments) -> Running + Send + Sync>;
type Running = Pin<Box<dyn Future<Output = Result<Outcome, WireError>> + Send>>;

impl std::fmt::Debug for Runner {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Runner").field(&self.name).finish()
    }
}

impl Runner {
    pub(super) async fn run(
        &self,
        asking: &Arc<Asking>,
        selection: &Selection,
        variables: &Variables,
    ) -> Result<Outcome, WireError> {
        (self.run)(Arc::clone(asking), Arguments::of(selection, variables)).await
    }

    async fn resolve(&self, context: &ResolverContext<'_>) -> Result<Value, WireError> {
        let (asking, selection, variables) = data::asked(context)?;
        match self.run(asking, selection, variables).await? {
            Outcome::Object(object) => {
                let type_name = self.type_ref.type_name();
                Ok(output::select(&object, type_name, &selection.selections))
            }
            _ => Err(Failure::unexpected(&"a query does what mutations do").into()),
        }
    }

    pub(super) fn is_nullable(&self) -> bool {
        !matches!(self.type_ref, TypeRef::NonNull(_))
    }
}

/// An operation. Whatever opens a session has an argument for what it is to be like.
pub(super) fn operation<F, R>(name: &'static str, type_ref: TypeRef, run: F) -> Operation
where
    F: Fn(Arc<Asking>, Arguments) -> R + Send + Sync + Clone + 'static,
    R: Future<Output = Result<Outcome, WireError>> + Send + 'static,
{
    let opens_session = type_ref.type_name() == output::SESSION_PAYLOAD && name != sign_in_pat::NAME;
    let run = move |asking: Arc<Asking>, mut arguments| -> Running {
        let run = run.clone();
        Box::pin(async move {
            asking.check_session(name).await?;
            let (asking, in_cookie) = match opens_session {
                true => wishing(asking, &mut arguments)?,
                false => (asking, false),
            };
            let outcome = run(Arc::clone(&asking), arguments).await?;
            Ok(match in_cookie {
                true => outcome.keep(|session| asking.keep(session)),
                false => outcome,
            })
        })
    };
    let arguments = opens_session.then(session_options::argument);
    Operation {
        runner: Runner {
            name,
            type_ref,
            run: Box::new(run),
        },
        description: "",
        arguments: arguments.into_iter().collect(),
    }
}

/// Whoever asks, with what the session is to be like, and whether its refresh token goes into a cookie.
fn wishing(asking: Arc<Asking>, arguments: &mut Arguments) -> Result<(Arc<Asking>, bool), WireError> {
    let Some((wish, in_cookie)) = session_options::read(arguments)? else {
        return Ok((asking, false));
    };
    if in_cookie && asking.browser.is_none() {
        return Err(invalid(
            "session.cookie",
            "needs a web page that is listed in PORTICO_CORS_ORIGINS",
        ));
    }
    let asking = Asking {
        wish: Some(wish),
        ..Asking::clone(&asking)
    };
    Ok((Arc::new(asking), in_cookie))
}
