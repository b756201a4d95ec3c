//! The answer to a mutation of operations: each is run in its turn, and of what it came to is told what was selected.

use std::sync::Arc;

use async_graphql::PathSegment;
use portico_auth::{Session, SignIn};
use portico_query::Failure;
use portico_query::request::{Selection, Variables};
use serde_json::{Map, Value};

use super::Runner;
use super::output::{self, Outcome};
use crate::answer::Answer;
use crate::data::{self, Asking};
use crate::document::Document;
use crate::error::WireError;
use crate::locate::located;
use crate::schema::RoleSchema;

/// Runs the operations that are selected in a valid document; `selections` has one for each name in the answer.
///
/// What one came to is told though another failed: it is done, and may be a session. What failed is null, and is left
/// out where the schema says that it never is.
pub(crate) async fn answer(
    asking: &Arc<Asking>,
    schema: &RoleSchema,
    document: &Document,
    selections: &[Selection],
    variables: &Variables,
) -> Answer {
    let mut telling = Telling {
        asking,
        document,
        variables,
        errors: Vec::new(),
    };
    let (mut data, mut came) = (Map::with_capacity(selections.len()), false);
    for selection in selections {
        let operation = schema.operations.get(selection.name.as_str());
        let told = match (operation, selection.name.as_str()) {
            (Some(operation), _) => telling.operation(operation, selection).await,
            (None, "__typename") => Ok(document.root_type(schema.schema.registry()).into()),
            (None, _) => Err(Failure::unexpected(&"an operation is selected that does not exist").into()),
        };
        came |= told.is_ok();
        match told {
            Ok(value) => {
                data.insert(selection.key.clone(), value);
            }
            Err(error) => {
                telling.fail(error, &[&selection.key]);
                if operation.is_some_and(Runner::is_nullable) {
                    data.insert(selection.key.clone(), Value::Null);
                }
            }
        }
    }
    let data = if came { Value::Object(data) } else { Value::Null };
    Answer::told(data, telling.errors)
}

struct Telling<'r> {
    asking: &'r Arc<Asking>,
    document: &'r Document,
    variables: &'r Variables,
    errors: Vec<WireError>,
}

impl Telling<'_> {
    async fn operation(&mut self, operation: &Runner, selection: &Selection) -> Result<Value, WireError> {
        let (type_name, key) = (operation.type_ref.type_name(), selection.key.as_str());
        let selected = &selection.selections;
        match operation.run(self.asking, selection, self.variables).await? {
            Outcome::Value(value) => Ok(value),
            Outcome::Object(object) => Ok(output::select(&object, type_name, selected)),
            Outcome::User(id) => data::user_by_id(self.asking, selection, self.variables, id).await,
            Outcome::Session(session) => Ok(self.session(&session, selected, &[key]).await),
            Outcome::SignIn(sign_in) => Ok(self.sign_in(&sign_in, selected, key).await),
        }
    }

    async fn sign_in(&mut self, sign_in: &SignIn, selections: &[Selection], key: &str) -> Value {
        let mut told = Map::with_capacity(selections.len());
        for selection in selections {
            let value = match (selection.name.as_str(), sign_in) {
                ("__typename", _) => output::SESSION_PAYLOAD.into(),
                ("session", SignIn::Done(session)) => {
                    let path = [key, &selection.key];
                    self.session(session, &selection.selections, &path).await
                }
                ("mfa", SignIn::NeedsFactor(challenge)) => output::select(
                    &output::challenge(challenge),
                    output::MFA_CHALLENGE,
                    &selection.selections,
                ),
                _ => Value::Null,
            };
            told.insert(selection.key.clone(), value);
        }
        Value::Object(told)
    }

    /// A session with its user, as the session sees it. One that cannot be read is null: the session is there.
    async fn session(&mut self, session: &Session, selections: &[Selection], path: &[&str]) -> Value {
        let mut told = Map::with_capacity(selections.len());
        for selection in selections {
            let value = match selection.name.as_str() {
                "__typename" => output::SESSION.into(),
                output::SESSION_USER => {
                    let of_user = crate::session::Session::of_user(Arc::new(session.authenticated()));
                    let read = data::user_of(self.asking, selection, self.variables, of_user);
                    match Box::pin(read).await {
                        Ok(user) => user,
                        Err(error) => {
                            self.fail(error, &[path, &[&selection.key]].concat());
                            Value::Null
                        }
                    }
                }
                name => output::session_member(session, name),
            };
            told.insert(selection.key.clone(), value);
        }
        Value::Object(told)
    }

    /// Notes why there is nothing at a place of the answer.
    fn fail(&mut self, mut error: WireError, path: &[&str]) {
        // Data was read as a root field, which stands further inside here.
        if let (Some(inside), Some((_, around))) = (error.path.strip_prefix("$."), path.split_last()) {
            let around: String = around.iter().map(|key| format!(".selectionSet.{key}")).collect();
            error.path = format!("${around}.{inside}");
        }
        let place = self.document.place(path, self.variables).unwrap_or_default();
        let mut error = error.into_resolver_error().into_server_error(place);
        error.path = path
            .iter()
            .map(|key| PathSegment::Field((*key).to_owned()))
            .collect();
        self.errors.push(located(self.document, error));
    }
}
