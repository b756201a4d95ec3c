//! `elevatePassword`.

use std::sync::Arc;

use crate::attempt::{Attempt, Target};
use crate::audit::{Event, recorded};
use crate::caller::{Authenticated, Ctx};
use crate::error::Error;
use crate::password::Matched;
use crate::refusal::Refusal;
use crate::session::{self, Elevating, Fresh, Session};
use crate::store;
use crate::store::users::Owner;
use crate::value::Password;

const ACTION: &str = "elevatePassword";

/// What proves the user anew.
pub struct ElevatePasswordInput {
    /// The password.
    pub password: Password,
}

/// Elevates the session of a user who proves to be the user once more, for a while: the new access token has the
/// claim that says so. The refresh token stays what it is.
pub async fn elevate_password(ctx: &Ctx<'_>, input: ElevatePasswordInput) -> Result<Session, Error> {
    let session = ctx.session.ok_or(Refusal::NotSignedIn)?;
    recorded(
        ctx,
        ACTION,
        Some(session.user_id),
        elevate(ctx, session, input).await,
    )
    .await
}

async fn elevate(
    ctx: &Ctx<'_>,
    session: &Authenticated,
    input: ElevatePasswordInput,
) -> Result<Session, Error> {
    ctx.auth.limit_sign_in(ctx.caller).await?;
    let owner = store::users::owner(&ctx.auth.database.reads(), session.user_id).await?;
    let owner = owner.ok_or(Refusal::NotSignedIn)?;
    let attempt = Attempt::begin(ctx, Target::Account(&owner.credentials)).await?;
    let stored = owner.credentials.password_hash.as_deref();
    let password = Arc::new(input.password);
    let Some(proof) = attempt.compare(ctx, stored, &password).await? else {
        attempt.failed(ctx, ACTION).await?;
        return Err(Refusal::WrongCurrentPassword.into());
    };
    let elevated = enter(ctx, session, &owner, proof, &attempt).await;
    attempt.proved(ctx, elevated).await
}

async fn enter(
    ctx: &Ctx<'_>,
    session: &Authenticated,
    owner: &Owner,
    proof: Matched,
    attempt: &Attempt,
) -> Result<Session, Error> {
    let transaction = ctx.auth.database.begin_direct().await?;
    let stored = owner.credentials.password_hash.as_deref();
    // The password may have been changed while it was compared.
    let account = match stored {
        Some(stored) => store::users::with_password(&transaction, owner.id(), stored, attempt.lock()).await?,
        None => None,
    };
    let account = account.ok_or(Refusal::WrongCurrentPassword)?;
    let elevating = Elevating::of(ctx, &transaction, session).await?;
    let fresh = Fresh::by_password(account, proof);
    let elevated = session::elevate(ctx, &transaction, elevating, fresh).await?;
    attempt.succeeded(ctx, &transaction).await?;
    let event = Event::success(ACTION, session.user_id, Some(session.session_id));
    event.append(ctx, &transaction).await?;
    transaction.commit().await?;
    Ok(elevated)
}
