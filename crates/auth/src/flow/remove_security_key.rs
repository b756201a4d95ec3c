//! `removeSecurityKey`.

use uuid::Uuid;

use crate::audit::{Event, recorded};
use crate::caller::{Authenticated, Ctx};
use crate::error::Error;
use crate::refusal::Refusal;
use crate::{elevation, factor_change, store};

const ACTION: &str = "removeSecurityKey";

/// Which passkey goes.
pub struct RemoveSecurityKeyInput {
    /// Id of one of the caller's passkeys.
    pub id: Uuid,
}

/// Takes one of the caller's own passkeys away, as another change of the factors. Another user's is
/// answered like one that does not exist; the last way to sign in stays.
pub async fn remove_security_key(ctx: &Ctx<'_>, input: RemoveSecurityKeyInput) -> Result<(), Error> {
    let session = ctx.session.ok_or(Refusal::NotSignedIn)?;
    let done = remove(ctx, session, input.id).await;
    if done.is_ok() {
        ctx.auth.after_change().await;
    }
    recorded(ctx, ACTION, Some(session.user_id), done).await
}

async fn remove(ctx: &Ctx<'_>, session: &Authenticated, id: Uuid) -> Result<(), Error> {
    ctx.auth.limit_sign_in(ctx.caller).await?;
    elevation::demand(ctx, session).await?;
    let user = session.user_id;
    let transaction = ctx.auth.database.begin().await?;
    factor_change::begin(ctx, &*transaction, session).await?;
    let removed = store::user_security_keys::remove(&*transaction, user, id).await;
    if !removed.map_err(factor_change::classify)? {
        return Err(Refusal::UnknownSecurityKey.into());
    }
    factor_change::forget_recovery_codes_of_nothing(&*transaction, user).await?;
    factor_change::follow(ctx, &*transaction, user, Some(session.session_id)).await?;
    let event = Event::success(ACTION, user, Some(session.session_id));
    event.append(ctx, &*transaction).await?;
    Ok(transaction.commit().await?)
}
