//! What is written down about who did what.

use portico_entity::audit_events::ActiveModel;
use sea_orm::ActiveValue::Set;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::caller::{Authenticated, Ctx};
use crate::code::Code;
use crate::connection::Connection;
use crate::error::Error;
use crate::refusal::Refusal;
use crate::store;

/// An event in the words of the table.
pub(crate) struct Event {
    action: &'static str,
    outcome: &'static str,
    code: Option<Code>,
    user_id: Option<Uuid>,
    session_id: Option<Uuid>,
    details: Map<String, Value>,
    /// Whether the user did it, rather than somebody who named the user.
    proved: bool,
    /// Whether an administrator did it.
    by_administrator: bool,
}

impl Event {
    /// The operation did what it was asked for.
    pub(crate) fn success(action: &'static str, user_id: Uuid, session_id: Option<Uuid>) -> Self {
        Self {
            action,
            outcome: "success",
            code: None,
            user_id: Some(user_id),
            session_id,
            details: Map::new(),
            proved: true,
            by_administrator: false,
        }
    }

    /// Somebody asked for something that only its owner will get.
    pub(crate) fn asked(action: &'static str, user_id: Option<Uuid>) -> Self {
        Self {
            action,
            outcome: "success",
            code: None,
            user_id,
            session_id: None,
            details: Map::new(),
            proved: false,
            by_administrator: false,
        }
    }

    /// The caller was told no; the reason inside is finer than the code outside.
    pub(crate) fn refused(action: &'static str, user_id: Option<Uuid>, refusal: Refusal) -> Self {
        Self {
            action,
            outcome: "refused",
            code: Some(refusal.code()),
            user_id,
            session_id: None,
            details: Map::from_iter([("reason".to_owned(), refusal.to_string().into())]),
            proved: false,
            by_administrator: false,
        }
    }

    /// An administrator did it, with a token or with the admin secret; not the user it is about.
    pub(crate) fn by_administrator(self) -> Self {
        Self {
            proved: false,
            by_administrator: true,
            ..self
        }
    }

    /// Tells what else there is to tell; never a secret.
    pub(crate) fn telling(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    /// Names the session it happened in.
    pub(crate) fn in_session(self, session_id: Uuid) -> Self {
        Self {
            session_id: Some(session_id),
            ..self
        }
    }

    /// Appends the event with what is known of the caller.
    ///
    /// A token that was sent along does not make its user the one who acts on another's account: whoever the event
    /// concerns reads it as that of somebody unknown, and only administrators read whose token it was.
    pub(crate) async fn append<C: Connection>(mut self, ctx: &Ctx<'_>, connection: &C) -> Result<(), Error> {
        let concerns = |session: &Authenticated| self.user_id.is_none_or(|user| user == session.user_id);
        let session = ctx
            .session
            .filter(|session| self.by_administrator || concerns(session));
        if let (None, Some(other)) = (session, ctx.session) {
            self = self.telling("signedInAs", other.user_id.to_string());
        }
        let actor = session
            .map(|session| session.user_id)
            .or(self.user_id.filter(|_| self.proved));
        let role = match self.by_administrator {
            true => Some(ctx.caller.audited_role("admin").to_owned()),
            false => session.map(|session| session.default_role.clone()),
        };
        let row = ActiveModel {
            id: Set(ctx.new_id()?),
            created_at: Set(ctx.now()),
            action: Set(self.action.to_owned()),
            outcome: Set(self.outcome.to_owned()),
            code: Set(self.code.map(|code| code.as_str().to_owned())),
            user_id: Set(self.user_id),
            actor_id: Set(actor),
            actor_role: Set(role),
            session_id: Set(self.session_id.or(session.map(|session| session.session_id))),
            request_id: Set(Some(ctx.caller.request_id.to_string())),
            ip: Set(ctx.caller.stored_address()),
            user_agent: Set(ctx.caller.stored_user_agent()),
            details: Set(Value::Object(self.details)),
        };
        Ok(store::audit_events::append(connection, row).await?)
    }

    /// Appends the event by itself, where no transaction is open.
    pub(crate) async fn append_alone(self, ctx: &Ctx<'_>) -> Result<(), Error> {
        self.append(ctx, &ctx.auth.database.alone()).await
    }
}

/// Passes on what came of an operation, once it is written down where somebody was refused. What a limit refused is
/// not, and of one caller no more than a node counts in a minute: nothing that is written goes away again.
pub(crate) async fn recorded<T>(
    ctx: &Ctx<'_>,
    action: &'static str,
    user: Option<Uuid>,
    result: Result<T, Error>,
) -> Result<T, Error> {
    let told = match &result {
        Err(Error::Refused(Refusal::TooManyRequests { .. })) | Err(Error::Internal(_)) | Ok(_) => None,
        Err(Error::Refused(refusal)) => Some(refusal),
    };
    if let Some(refusal) = told
        && ctx.auth.refusals.take(ctx.caller).is_ok()
    {
        Event::refused(action, user, *refusal).append_alone(ctx).await?;
    }
    result
}
