//! `signOut`.

use super::refresh_token;
use crate::audit::Event;
use crate::caller::Ctx;
use crate::error::Error;
use crate::refusal::Refusal;
use crate::store;
use crate::store::refresh_tokens::Which;

const ACTION: &str = "signOut";

/// Which session to end.
#[derive(Default)]
pub struct SignOutInput {
    /// A refresh token of the session; without one it is the session of the access token.
    pub refresh_token: Option<String>,
    /// Every session of the signed-in user; personal access tokens stay.
    pub all: bool,
}

/// Ends a session, or all of them. Ending one that is over already succeeds.
pub async fn sign_out(ctx: &Ctx<'_>, input: SignOutInput) -> Result<(), Error> {
    let (auth, now) = (ctx.auth, ctx.now());
    let which = match (&input.refresh_token, ctx.session, input.all) {
        // What signs out every day would have to be made anew every day.
        (None, Some(session), _) | (_, Some(session), true) if session.by_pat => {
            return Err(Refusal::ByPat.into());
        }
        (_, Some(session), true) => Which::AllOf(session.user_id),
        (_, None, true) | (None, None, false) => return Err(Refusal::NotSignedIn.into()),
        (Some(token), _, false) => {
            let token = refresh_token::read(ctx, token).await?;
            Which::Session(token.session())
        }
        (None, Some(session), false) => Which::Session(session.session_id),
    };
    let (user_id, session_id) = match which {
        Which::Session(id) => {
            let found = store::refresh_tokens::find(&auth.database.reads(), id).await?;
            // An old token, sent again and again, must not keep others from writing.
            let Some(found) = found.filter(|session| session.revoked_at.is_none()) else {
                // Another node may have ended it.
                auth.after_change().await;
                return Ok(());
            };
            (found.user_id, Some(id))
        }
        Which::SessionOf(_, user)
        | Which::AllOf(user)
        | Which::OthersOf(user, _)
        | Which::EverythingOf(user)
        | Which::EverythingElseOf(user, _) => (user, None),
    };
    let transaction = auth.database.begin_direct().await?;
    if store::refresh_tokens::revoke(&transaction, which, now).await? > 0 {
        Event::success(ACTION, user_id, session_id)
            .append(ctx, &transaction)
            .await?;
    }
    transaction.commit().await?;
    auth.after_change().await;
    Ok(())
}
