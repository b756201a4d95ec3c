//! `signInPat`.

use crate::audit::{Event, recorded};
use crate::caller::Ctx;
use crate::error::Error;
use crate::refusal::Refusal;
use crate::session::{self, Session, SignIn};
use crate::store;
use crate::store::personal_access_tokens::Use;
use crate::token::PersonalAccessToken;

const ACTION: &str = "signInPat";

/// What a program proves itself with.
pub struct SignInPatInput {
    /// The token, as it was handed out once.
    pub personal_access_token: String,
}

/// Gives an access token for a personal access token. The latter is the session: what ends it ends every access
/// token it was exchanged for, and there is no refresh token, since it can be presented again.
pub async fn sign_in_pat(ctx: &Ctx<'_>, input: SignInPatInput) -> Result<SignIn, Error> {
    ctx.auth.limit_sign_in(ctx.caller).await?;
    let hash = PersonalAccessToken::presented_hash(&input.personal_access_token);
    // Nobody waits for what is not there.
    let user = store::personal_access_tokens::user(&ctx.auth.database.reads(), &hash).await?;
    let entered = match user {
        Some(_) => enter(ctx, hash).await,
        None => Err(Refusal::InvalidPat.into()),
    };
    let session = recorded(ctx, ACTION, user, entered).await?;
    Ok(SignIn::Done(Box::new(session)))
}

async fn enter(ctx: &Ctx<'_>, hash: String) -> Result<Session, Error> {
    let presented = Use {
        hash,
        now: ctx.now(),
        ip: ctx.caller.address.to_canonical().to_string(),
        user_agent: ctx.caller.stored_user_agent(),
    };
    let transaction = ctx.auth.database.begin_direct().await?;
    let used = store::personal_access_tokens::take(&transaction, presented).await?;
    let used = used.ok_or(Refusal::InvalidPat)?;
    let account = store::users::account(&transaction, used.user_id()).await?;
    let account = account.ok_or(Refusal::InvalidPat)?;
    let session = session::act(ctx, account, &used).await?;
    let event = Event::success(ACTION, used.user_id(), Some(used.id()));
    event.append(ctx, &transaction).await?;
    transaction.commit().await?;
    Ok(session)
}
