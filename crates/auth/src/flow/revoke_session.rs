//! `revokeSession`.

use uuid::Uuid;

use crate::audit::{Event, recorded};
use crate::caller::Ctx;
use crate::error::Error;
use crate::refusal::Refusal;
use crate::store;
use crate::store::refresh_tokens::Which;

/// Which session to end.
pub struct RevokeSessionInput {
    /// Id of one of the caller's sessions.
    pub id: Uuid,
}

/// Ends one of the caller's own sessions. Another user's is answered like one that does not exist, and counted like a
/// sign-in that failed.
pub async fn revoke_session(ctx: &Ctx<'_>, input: RevokeSessionInput) -> Result<(), Error> {
    let session = ctx.session.ok_or(Refusal::NotSignedIn)?;
    let transaction = ctx.auth.database.begin_direct().await?;
    let which = Which::SessionOf(input.id, session.user_id);
    if store::refresh_tokens::revoke(&transaction, which, ctx.now()).await? == 0 {
        drop(transaction);
        ctx.auth.limit_sign_in(ctx.caller).await?;
        let unknown = Err(Refusal::UnknownSession.into());
        return recorded(ctx, "revokeSession", Some(session.user_id), unknown).await;
    }
    let event = Event::success("revokeSession", session.user_id, Some(input.id));
    event.append(ctx, &transaction).await?;
    transaction.commit().await?;
    ctx.auth.after_change().await;
    Ok(())
}
