//! `regenerateRecoveryCodes`.

use crate::audit::Event;
use crate::caller::Ctx;
use crate::error::Error;
use crate::factor_change;
use crate::refusal::Refusal;
use crate::store;
use crate::token::Plain;

/// Makes ten recovery codes in the place of all others.
pub async fn regenerate_recovery_codes(ctx: &Ctx<'_>) -> Result<Vec<Plain>, Error> {
    let session = ctx.session.ok_or(Refusal::NotSignedIn)?;
    let (auth, user) = (ctx.auth, session.user_id);
    auth.limit_sign_in(ctx.caller).await?;
    let transaction = auth.database.begin().await?;
    factor_change::begin(ctx, &*transaction, session).await?;
    let held = store::factors::held(&*transaction, user).await?;
    if !held.is_any() {
        return Err(Refusal::NoSecondFactor.into());
    }
    let codes = factor_change::new_recovery_codes(ctx, &*transaction, user).await?;
    factor_change::follow(ctx, &*transaction, user, Some(session.session_id)).await?;
    let event = Event::success("regenerateRecoveryCodes", user, Some(session.session_id));
    event.append(ctx, &*transaction).await?;
    transaction.commit().await?;
    auth.after_change().await;
    Ok(codes)
}
