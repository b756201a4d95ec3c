//! A password set by whoever runs the service, for somebody who cannot be reached by mail.

use uuid::Uuid;

use crate::audit::Event;
use crate::caller::Ctx;
use crate::error::Error;
use crate::flow::administer::refuse;
use crate::new_password::{self, Replacement};
use crate::refusal::Refusal;
use crate::store;
use crate::store::limits::PASSWORDS;
use crate::value::Password;

const ACTION: &str = "setPassword";

/// Whose password becomes which.
pub struct SetPasswordInput {
    /// The user.
    pub id: Uuid,
    /// The new password.
    pub password: Password,
}

/// Sets a password without the old one. As with a password that was forgotten every session and everything that was
/// mailed ends, delays are lifted, and the owner of the address is told.
pub async fn set_password(ctx: &Ctx<'_>, input: SetPasswordInput) -> Result<(), Error> {
    let id = input.id;
    match set(ctx, input).await {
        Ok(()) => {
            ctx.auth.after_change().await;
            Ok(())
        }
        Err(Error::Refused(refusal)) => Err(refuse(ctx, ACTION, Some(id), refusal).await?),
        Err(error) => Err(error),
    }
}

async fn set(ctx: &Ctx<'_>, input: SetPasswordInput) -> Result<(), Error> {
    let owner = store::users::owner(&ctx.auth.database.reads(), input.id).await?;
    let owner = owner.ok_or(Refusal::UnknownAccount)?;
    // No transaction is open meanwhile.
    let hash = new_password::hash_for(ctx, input.password, &owner).await?;
    let transaction = ctx.auth.database.begin().await?;
    let replacement = Replacement {
        owner: &owner,
        hash,
        surviving: None,
    };
    new_password::replace(ctx, &*transaction, replacement).await?;
    store::users::forget_failures(&*transaction, input.id).await?;
    store::limits::forget_account(&*transaction, PASSWORDS, input.id).await?;
    Event::success(ACTION, input.id, None)
        .by_administrator()
        .append(ctx, &*transaction)
        .await?;
    Ok(transaction.commit().await?)
}
