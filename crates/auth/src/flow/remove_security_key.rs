//! `removeSecurityKey`.

use sea_orm::DbErr;
use uuid::Uuid;

use crate::audit::Event;
use crate::caller::{Authenticated, Ctx};
use crate::error::Error;
use crate::flow::add_security_key::tell;
use crate::flow::passkey::refused;
use crate::mail::Template;
use crate::refusal::Refusal;
use crate::store;
use crate::store::refresh_tokens::Which;

const ACTION: &str = "removeSecurityKey";

/// Which passkey goes.
pub struct RemoveSecurityKeyInput {
    /// Id of one of the caller's passkeys.
    pub id: Uuid,
}

/// Takes one of the caller's own passkeys away, ends the other sessions and tells the owner. Another user's is
/// answered like one that does not exist; the last way to sign in stays.
pub async fn remove_security_key(ctx: &Ctx<'_>, input: RemoveSecurityKeyInput) -> Result<(), Error> {
    let session = ctx.session.ok_or(Refusal::NotSignedIn)?;
    match remove(ctx, session, input.id).await {
        Ok(()) => {
            ctx.auth.after_change().await;
            Ok(())
        }
        Err(error) => Err(refused(ctx, ACTION, Some(session.user_id), error).await?),
    }
}

async fn remove(ctx: &Ctx<'_>, session: &Authenticated, id: Uuid) -> Result<(), Error> {
    if !session.elevated {
        return Err(Refusal::NotElevated.into());
    }
    let user = session.user_id;
    let transaction = ctx.auth.database.begin().await?;
    let removed = store::user_security_keys::remove(&*transaction, user, id).await;
    if !removed.map_err(classify)? {
        return Err(Refusal::UnknownSecurityKey.into());
    }
    let others = Which::OthersOf(user, session.session_id);
    store::refresh_tokens::revoke(&*transaction, others, ctx.now()).await?;
    tell(ctx, &*transaction, user, Template::PasskeyRemoved).await?;
    let event = Event::success(ACTION, user, Some(session.session_id));
    event.append(ctx, &*transaction).await?;
    Ok(transaction.commit().await?)
}

/// Both databases say it in the same words.
fn classify(error: DbErr) -> Error {
    match error.to_string().contains("the last way to sign in") {
        true => Refusal::LastWayIn.into(),
        false => error.into(),
    }
}
