//! The data path: from selected root fields to the bytes of an answer.

mod asked;

use std::sync::Arc;

use async_graphql::dynamic::{Field, FieldFuture, ResolverContext, TypeRef};
use portico_auth::{Caller, SessionWish};
use portico_query::execute::{Actor, AnswerLimit, Bound, Values};
use portico_query::permission::Role;
use portico_query::plan::build::{self, Kind};
use portico_query::request::{Input, Selection, Variables};
use portico_query::sql::{Compiled, SessionWrite};
use portico_query::{Code, Failure, permission, sql};
use serde_json::Value;
use uuid::Uuid;

use crate::app::App;
use crate::cookie::Browser;
use crate::error::WireError;
use crate::introspection::Extent;
use crate::operation::needs_user;
use crate::schema::rows;
use crate::session::Session;

pub(crate) use asked::{Asked, each_once};

/// A request's application, sender and rights, at hand wherever a field is resolved.
#[derive(Clone)]
pub(crate) struct Asking {
    pub(crate) app: Arc<App>,
    pub(crate) caller: Caller,
    pub(crate) session: Session,
    /// The web page that asks, if it may keep a refresh token in a cookie.
    pub(crate) browser: Option<Arc<Browser>>,
    /// What the session is to be like that an operation opens.
    pub(crate) wish: Option<SessionWish>,
    /// How much of the schema was asked for.
    pub(crate) extent: Extent,
    /// How much of the answer there is already.
    pub(crate) answered: Answered,
}

/// Bytes of data in the answers to one request, those of a batch together. Whoever adds some has it alone.
pub(crate) type Answered = Arc<tokio::sync::Mutex<usize>>;

impl Asking {
    /// What an operation of the auth core needs to know.
    pub(crate) fn auth(&self) -> portico_auth::Ctx<'_> {
        portico_auth::Ctx {
            auth: &self.app.auth,
            caller: &self.caller,
            session: self.session.authenticated.as_deref(),
            wish: self.wish.as_ref(),
        }
    }
}

impl Asking {
    /// Takes the refresh token of a session into the cookie of the web page that asks.
    pub(crate) fn keep(&self, session: portico_auth::Session) -> portico_auth::Session {
        let policy = self.app.auth.policy();
        let longest = policy.session_idle_lifetime.max(policy.app_session_idle_lifetime);
        match &self.browser {
            Some(browser) => browser.keep(session, longest.num_seconds()),
            None => session,
        }
    }

    /// Who asks, for the audit.
    fn actor(&self) -> Actor {
        let session = self.session.authenticated.as_deref();
        Actor {
            user_id: session.map(|session| session.user_id),
            role: self.caller.audited_role(&self.session.role).to_owned(),
            session_id: session.map(|session| session.session_id),
            request_id: Some(self.caller.request_id.to_string()),
            ip: self.caller.stored_address(),
            user_agent: self.caller.stored_user_agent(),
        }
    }
}

/// Compiles root fields of the data API for a role.
pub(crate) fn compile(
    app: &App,
    role: &Role,
    kind: Kind,
    selections: &[Selection],
    variables: &Variables,
) -> Result<Arc<Compiled>, Failure> {
    let plan = build::plan(kind, selections, variables)?;
    let permitted = permission::apply(role, plan)?;
    Ok(Arc::new(sql::compile(&permitted, app.executor.dialect())))
}

/// Fills the parameters of a plan for one request.
pub(crate) fn bind(asking: &Asking, plan: &Compiled, variables: &Variables) -> Result<Bound, Failure> {
    // Here, because plans are kept for all who have the role.
    if let Some(write) = &plan.sessions {
        asking.check_session_write(write)?;
    }
    if let (Some(elevated), true) = (&plan.elevated, asking.needs_elevation()) {
        let message = format!("writing '{}' needs an elevated session", elevated.column);
        return Err(Failure::new(Code::ElevatedClaimRequired, &elevated.path, message));
    }
    // Who reads is written down nowhere.
    let actor = match plan.writes() {
        true => asking.actor(),
        false => Actor::default(),
    };
    asking.app.executor.bind(
        plan,
        Values {
            variables,
            role: Some(&asking.session.role),
            session: &asking.session.variables,
            actor: &actor,
        },
    )
}

/// Answers the fields of a plan as the members of one JSON object, written behind other bytes, as far as the
/// request has not had its share.
pub(crate) async fn run(
    asking: &Asking,
    plan: &Arc<Compiled>,
    bound: Bound,
    before: &[u8],
) -> Result<Vec<u8>, Failure> {
    let allowed = asking.app.graphql.answer;
    let mut answered = asking.answered.lock().await;
    let limit = AnswerLimit {
        allowed,
        left: allowed.saturating_sub(*answered),
    };
    let answer = asking.app.executor.run(plan, bound, before, limit).await?;
    *answered += answer.len();
    Ok(answer)
}

impl Asking {
    /// Whether whoever is signed in may run this operation, as who they are and without being proved anew.
    pub(crate) async fn check_session(&self, operation: &'static str) -> Result<(), WireError> {
        Ok(portico_auth::check_session(&self.auth(), operation, needs_user(operation)).await?)
    }

    /// Whether whoever is signed in may write sessions like this: as an operation that ends one, and none of what
    /// makes a session one of somebody.
    fn check_session_write(&self, write: &SessionWrite) -> Result<(), Failure> {
        let Some(user) = &self.session.authenticated else {
            return Ok(());
        };
        let refused = |code, message: &str| Err(Failure::new(code, &write.path, message));
        if user.by_pat {
            return refused(
                Code::ForbiddenPat,
                "a personal access token writes neither sessions nor personal access tokens",
            );
        }
        if let Some(column) = write.withheld {
            let message = format!("'{column}' of a session is written with the admin secret alone");
            return refused(Code::PermissionError, &message);
        }
        match portico_auth::is_proved_for(&self.auth(), "revokeSession") {
            true => Ok(()),
            false => refused(
                Code::ElevatedClaimRequired,
                "writing sessions needs an elevated session, as revokeSession does",
            ),
        }
    }

    /// Whether somebody is signed in who was not proved anew. The admin secret is proof enough.
    fn needs_elevation(&self) -> bool {
        let user = self.session.authenticated.as_ref();
        user.is_some_and(|user| !user.elevated)
    }
}

/// A root field of the data API. Requests for data alone never reach its resolver; it serves documents that
/// ask for data beside operations or introspection.
pub(crate) fn root_field(name: &str, type_ref: TypeRef) -> Field {
    Field::new(name, type_ref, |context| {
        FieldFuture::new(async move {
            let answered = async {
                let (asking, selection, variables) = asked(&context)?;
                one(asking, selection.clone(), variables).await
            };
            Ok(rows(answered.await.map_err(WireError::into_resolver_error)?))
        })
    })
}

/// Who asks where a field is resolved, and what is selected there.
pub(crate) fn asked<'c>(
    context: &ResolverContext<'c>,
) -> Result<(&'c Arc<Asking>, &'c Selection, &'c Variables), WireError> {
    let place = context.ctx.path_node.as_ref();
    let found = || {
        let asked = context.ctx.data_opt::<Arc<Asked>>()?;
        let asking = context.ctx.data_opt::<Arc<Asking>>()?;
        Some((asking, asked.at(place?)?, asked.variables()))
    };
    found().ok_or_else(|| Failure::unexpected(&"a field is resolved that was not selected").into())
}

/// What is selected of the user of a new session.
pub(crate) async fn user_of(
    asking: &Asking,
    selection: &Selection,
    variables: &Variables,
    session: Session,
) -> Result<Value, WireError> {
    let asking = Asking {
        session,
        ..Asking::clone(asking)
    };
    let me = Selection {
        name: "me".to_owned(),
        ..selection.clone()
    };
    one(&asking, me, variables).await
}

/// What is selected of a user, as whoever asks sees it, once an operation is done with it.
pub(crate) async fn user_by_id(
    asking: &Asking,
    selection: &Selection,
    variables: &Variables,
    id: Uuid,
) -> Result<Value, WireError> {
    let user = Selection {
        name: "user".to_owned(),
        arguments: vec![("id".to_owned(), Input::String(id.to_string()))],
        ..selection.clone()
    };
    one(asking, user, variables).await
}

/// The value of one root field of the data API.
async fn one(asking: &Asking, selection: Selection, variables: &Variables) -> Result<Value, WireError> {
    let key = selection.key.clone();
    let role = asking.app.role(&asking.session);
    let plan = compile(&asking.app, &role, Kind::Query, &[selection], variables)?;
    let bound = bind(asking, &plan, variables)?;
    let bytes = run(asking, &plan, bound, &[]).await?;
    let mut answered: Variables =
        serde_json::from_slice(&bytes).map_err(|error| Failure::unexpected(&error))?;
    Ok(answered.remove(&key).unwrap_or_default())
}
