//! `changePassword`.

use std::sync::Arc;

use crate::attempt::{Attempt, Target};
use crate::audit::{Event, recorded};
use crate::caller::{Authenticated, Ctx};
use crate::error::Error;
use crate::new_password::{self, Replacement};
use crate::refusal::Refusal;
use crate::store;
use crate::store::users::Owner;
use crate::value::Password;

const ACTION: &str = "changePassword";

/// What a user gives.
pub struct ChangePasswordInput {
    /// The password until now; without one the session has to be elevated.
    pub current_password: Option<Password>,
    /// The password from now on.
    pub new_password: Password,
}

/// Sets another password for the signed-in user, who proves to be the user once more. Every other session ends,
/// and the owner of the account is told.
pub async fn change_password(ctx: &Ctx<'_>, input: ChangePasswordInput) -> Result<(), Error> {
    let session = ctx.session.ok_or(Refusal::NotSignedIn)?;
    recorded(
        ctx,
        ACTION,
        Some(session.user_id),
        change(ctx, session, input).await,
    )
    .await
}

async fn change(ctx: &Ctx<'_>, session: &Authenticated, input: ChangePasswordInput) -> Result<(), Error> {
    ctx.auth.limit_sign_in(ctx.caller).await?;
    let owner = store::users::owner(&ctx.auth.database.reads(), session.user_id).await?;
    let owner = owner.ok_or(Refusal::NotSignedIn)?;
    prove(ctx, session, &owner, input.current_password).await?;
    let hash = new_password::hash_for(ctx, input.new_password, &owner).await?;
    let transaction = ctx.auth.database.begin().await?;
    let replacement = Replacement {
        owner: &owner,
        hash,
        surviving: Some(session.session_id),
    };
    new_password::replace(ctx, &*transaction, replacement).await?;
    let event = Event::success(ACTION, session.user_id, Some(session.session_id));
    event.append(ctx, &*transaction).await?;
    transaction.commit().await?;
    ctx.auth.after_change().await;
    Ok(())
}

/// Compares the current password, counted like a sign-in: right is right, whatever is thought of the new one.
/// Without one the session has to be elevated.
async fn prove(
    ctx: &Ctx<'_>,
    session: &Authenticated,
    owner: &Owner,
    current: Option<Password>,
) -> Result<(), Error> {
    let current = match (current, session.elevated) {
        (Some(current), _) => current,
        (None, true) => return Ok(()),
        (None, false) => return Err(Refusal::NotElevated.into()),
    };
    let attempt = Attempt::begin(ctx, Target::Account(&owner.credentials)).await?;
    let stored = owner.credentials.password_hash.as_deref();
    let proof = attempt.compare(ctx, stored, &Arc::new(current)).await?;
    if proof.is_none() {
        attempt.failed(ctx, ACTION).await?;
        return Err(Refusal::WrongCurrentPassword.into());
    }
    attempt.succeeded(ctx, &ctx.auth.database.alone()).await
}
