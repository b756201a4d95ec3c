//! What every sign-in with a password does once the user was looked up.

use uuid::Uuid;

use crate::audit::Event;
use crate::caller::Ctx;
use crate::error::Error;
use crate::limit::Attempt;
use crate::password::Matched;
use crate::refusal::{Identifier, Refusal};
use crate::session::{self, Session, SignIn, Verified};
use crate::store;
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
    let user_id = found.as_ref().map(|user| user.account.id);
    let stored = found.and_then(|user| Some((user.account.id, user.password_hash?)));
    let hash = stored.as_ref().map(|(_, hash)| hash.as_str());
    let proof = ctx.auth.hashing.verify(hash, password).await?;
    let result = match (stored, proof) {
        (Some((id, hash)), Some(proof)) => {
            let proved = Proved { id, hash, proof };
            enter(ctx, action, identifier, attempt, proved).await
        }
        _ if user_id.is_some() => Err(Refusal::WrongPassword(identifier).into()),
        _ => Err(Refusal::UnknownUser(identifier).into()),
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

/// A password that matched the hash read before the work.
struct Proved {
    id: Uuid,
    hash: String,
    proof: Matched,
}

async fn enter(
    ctx: &Ctx<'_>,
    action: &'static str,
    identifier: Identifier,
    attempt: Attempt,
    proved: Proved,
) -> Result<Session, Error> {
    let transaction = ctx.auth.database.begin().await?;
    // While the hash was computed, or waited for its turn, the password may have been changed and the
    // sessions ended: asked again, so that an old password opens none afterwards.
    let account = store::users::with_password(&*transaction, proved.id, &proved.hash).await?;
    let account = account.ok_or(Refusal::WrongPassword(identifier))?;
    let verified = Verified::by_password(account, proved.proof);
    let session = session::open(ctx, &*transaction, verified).await?;
    attempt.succeeded(&*transaction).await?;
    let event = Event::success(action, proved.id, Some(session.refresh_token_id));
    event.append(ctx, &*transaction).await?;
    transaction.commit().await?;
    Ok(session)
}
