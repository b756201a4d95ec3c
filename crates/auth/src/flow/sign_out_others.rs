//! `signOutOthers`.

use crate::audit::Event;
use crate::caller::Ctx;
use crate::error::Error;
use crate::refusal::Refusal;
use crate::store;
use crate::store::refresh_tokens::Which;

/// Ends every session of the caller but this one; personal access tokens stay. Where there is no other it succeeds,
/// too.
pub async fn sign_out_others(ctx: &Ctx<'_>) -> Result<(), Error> {
    let session = ctx.session.ok_or(Refusal::NotSignedIn)?;
    let transaction = ctx.auth.database.begin_direct().await?;
    let which = Which::OthersOf(session.user_id, session.session_id);
    if store::refresh_tokens::revoke(&transaction, which, ctx.now()).await? > 0 {
        let event = Event::success("signOutOthers", session.user_id, Some(session.session_id));
        event.append(ctx, &transaction).await?;
    }
    transaction.commit().await?;
    ctx.auth.after_change().await;
    Ok(())
}
