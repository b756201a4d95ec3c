//! What every sign-in with a password does once the user was looked up.

use crate::audit::Event;
use crate::caller::Ctx;
use crate::error::Error;
use crate::limit::Attempt;
use crate::refusal::{Identifier, Refusal};
use crate::session::{self, Session, SignIn, Verified};
use crate::store::users::Credentials;
use crate::value::Password;

/// A sign-in that was counted and whose user was looked up, found or not.
pub(super) struct Presented {
    pub(super) action: &'static str,
    pub(super) identifier: Identifier,
    pub(super) attempt: Attempt,
    pub(super) found: Option<Credentials>,
    pub(super) password: Password,
}

/// Compares the password, and opens a session if it matches. Somebody unknown costs as much as a
/// wrong password and gets the same answer.
pub(super) async fn finish(ctx: &Ctx<'_>, presented: Presented) -> Result<SignIn, Error> {
    let Presented {
        action,
        identifier,
        attempt,
        found,
        password,
    } = presented;
    let stored = found.as_ref().and_then(|user| user.password_hash.as_deref());
    let proof = ctx.auth.hashing.verify(stored, password).await?;
    let user_id = found.as_ref().map(|user| user.account.id);
    let result = match (found, proof) {
        (Some(user), Some(proof)) => {
            let verified = Verified::by_password(user.account, proof);
            enter(ctx, action, attempt, verified).await
        }
        (Some(_), None) => Err(Refusal::WrongPassword(identifier).into()),
        (None, _) => Err(Refusal::UnknownUser(identifier).into()),
    };
    match result {
        Ok(session) => Ok(SignIn::Done(Box::new(session))),
        Err(Error::Refused(refusal)) => {
            Event::refused(action, user_id, refusal).append_alone(ctx).await?;
            Err(refusal.into())
        }
        Err(error) => Err(error),
    }
}

async fn enter(
    ctx: &Ctx<'_>,
    action: &'static str,
    attempt: Attempt,
    verified: Verified,
) -> Result<Session, Error> {
    let user_id = verified.user_id();
    let transaction = ctx.auth.database.begin().await?;
    let session = session::open(ctx, &*transaction, verified).await?;
    attempt.succeeded(&*transaction).await?;
    let event = Event::success(action, user_id, Some(session.refresh_token_id));
    event.append(ctx, &*transaction).await?;
    transaction.commit().await?;
    Ok(session)
}
