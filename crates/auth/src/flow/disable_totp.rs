//! `disableTotp`.

use crate::audit::{Event, recorded};
use crate::caller::{Authenticated, Ctx};
use crate::elevation::Proof;
use crate::error::Error;
use crate::factor_change;
use crate::limit::FactorGuess;
use crate::prove_factor::{self, FactorCode};
use crate::refusal::Refusal;
use crate::store;

const ACTION: &str = "disableTotp";

/// What proves the user.
pub struct DisableTotpInput {
    /// A code; without one the session has to be elevated by a factor.
    pub code: Option<String>,
}

/// Asks for no codes of an authenticator application any more. Where it was the only factor the recovery codes end
/// with it.
pub async fn disable_totp(ctx: &Ctx<'_>, input: DisableTotpInput) -> Result<(), Error> {
    let session = ctx.session.ok_or(Refusal::NotSignedIn)?;
    let done = disable(ctx, session, input.code).await;
    if done.is_ok() {
        ctx.auth.after_change().await;
    }
    recorded(ctx, ACTION, Some(session.user_id), done).await
}

async fn disable(ctx: &Ctx<'_>, session: &Authenticated, code: Option<String>) -> Result<(), Error> {
    ctx.auth.limit_sign_in(ctx.caller).await?;
    let user = session.user_id;
    let proved = session.elevated_by.is_some_and(|proof| proof != Proof::Password);
    let guess = match &code {
        Some(_) => Some(FactorGuess::begin(ctx, user).await?),
        None if proved => None,
        None => return Err(Refusal::NotElevated.into()),
    };
    let transaction = ctx.auth.database.begin().await?;
    factor_change::begin(ctx, &*transaction, session).await?;
    if let Some(code) = code {
        prove_factor::code(ctx, &*transaction, user, &FactorCode::Totp(code)).await?;
    }
    if !store::totp::forget(&*transaction, user).await? {
        return Err(Refusal::NoTotp.into());
    }
    factor_change::forget_recovery_codes_of_nothing(&*transaction, user).await?;
    factor_change::follow(ctx, &*transaction, user, Some(session.session_id)).await?;
    if let Some(guess) = guess {
        guess.succeeded(&*transaction).await?;
    }
    let event = Event::success(ACTION, user, Some(session.session_id));
    event.append(ctx, &*transaction).await?;
    Ok(transaction.commit().await?)
}
