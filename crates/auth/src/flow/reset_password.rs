//! `resetPassword`.

use uuid::Uuid;

use crate::audit::{Event, recorded};
use crate::caller::Ctx;
use crate::error::Error;
use crate::flow::follow_link::{Followed, hand_over};
use crate::flow::mailed::{Found, confirm, present, take};
use crate::new_password::{self, Replacement};
use crate::refusal::Refusal;
use crate::store;
use crate::store::limits::PASSWORDS;
use crate::ticket::{Presented, Purpose};
use crate::value::Password;

const ACTION: &str = "resetPassword";

/// What was mailed, and the new password.
pub struct ResetPasswordInput {
    /// The ticket, or the code with its address.
    pub presented: Presented,
    /// The new password.
    pub new_password: Password,
}

/// Sets a new password for whoever read the mail. Every session and everything else that was mailed ends, delays
/// after failed sign-ins are lifted, and the owner is told. A password that is refused leaves ticket and code good.
pub async fn reset_password(ctx: &Ctx<'_>, input: ResetPasswordInput) -> Result<Followed, Error> {
    let done = reset(ctx, input).await;
    if done.is_ok() {
        ctx.auth.after_change().await;
    }
    recorded(ctx, ACTION, None, done).await
}

async fn reset(ctx: &Ctx<'_>, input: ResetPasswordInput) -> Result<Followed, Error> {
    let found = present(ctx, input.presented, Purpose::ResetPassword).await?;
    let user = user_of(ctx, &found).await?;
    let owner = store::users::owner(&ctx.auth.database.reads(), user).await?;
    let owner = owner.ok_or(Refusal::InvalidTicket)?;
    // No transaction is open meanwhile.
    let hash = match new_password::hash_for(ctx, input.new_password, &owner).await {
        Ok(hash) => hash,
        Err(refused) => {
            found.give_back(ctx).await?;
            return Err(refused);
        }
    };
    let transaction = ctx.auth.database.begin().await?;
    let used = take(ctx, &*transaction, found, &[Purpose::ResetPassword]).await?;
    let proved = confirm(ctx, &*transaction, used).await?;
    let id = proved.account.id;
    let replacement = Replacement {
        owner: &owner,
        hash,
        surviving: None,
    };
    new_password::replace(ctx, &*transaction, replacement).await?;
    store::users::forget_failures(&*transaction, id).await?;
    // The row may not show yet what was counted.
    store::limits::forget_account(&*transaction, PASSWORDS, id).await?;
    Event::success(ACTION, id, None)
        .append(ctx, &*transaction)
        .await?;
    let followed = hand_over(ctx, &*transaction, &proved, Purpose::ResetPassword).await?;
    transaction.commit().await?;
    Ok(followed)
}

async fn user_of(ctx: &Ctx<'_>, found: &Found) -> Result<Uuid, Error> {
    let connection = &ctx.auth.database.connection;
    let row = match found {
        Found::Ticket(hash) => {
            store::tickets::find(connection, Purpose::ResetPassword, hash.clone(), ctx.now()).await?
        }
        Found::Code(id, _) => store::tickets::find_by_id(connection, *id).await?,
    };
    Ok(row.and_then(|row| row.user_id).ok_or(Refusal::InvalidTicket)?)
}
