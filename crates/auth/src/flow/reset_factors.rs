//! `resetFactors`: for a user who lost every factor.

use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::administer::{refuse, require_elevation};
use crate::audit::Event;
use crate::caller::Ctx;
use crate::error::Error;
use crate::factor_change;
use crate::refusal::Refusal;
use crate::store;
use crate::store::limits::FACTORS;
use crate::ticket::Purpose;

const ACTION: &str = "resetFactors";

/// Takes every second factor, passkey and recovery code of a user away. The sessions of the user end, and the user is
/// told. Where a passkey is the last way in nothing changes: whoever asks first gives the user an address to sign in by,
/// or disables the account. Whoever asks was found to be an administrator before.
pub async fn reset_factors(ctx: &Ctx<'_>, user: Uuid) -> Result<(), Error> {
    let transaction = ctx.auth.database.begin().await?;
    match reset(ctx, &*transaction, user).await {
        Ok(()) => {}
        Err(Error::Refused(refusal)) => {
            // PostgreSQL takes no further statement in a transaction that failed.
            drop(transaction);
            return Err(refuse(ctx, ACTION, Some(user), refusal).await?);
        }
        Err(error) => return Err(error),
    }
    let event = Event::success(ACTION, user, None).by_administrator();
    event.append(ctx, &*transaction).await?;
    transaction.commit().await?;
    ctx.auth.after_change().await;
    Ok(())
}

async fn reset<C: ConnectionTrait>(ctx: &Ctx<'_>, connection: &C, user: Uuid) -> Result<(), Error> {
    require_elevation(ctx)?;
    let found = store::users::account(connection, user).await?;
    found.ok_or(Refusal::UnknownAccount)?;
    // A secret that waits for its first code may be that of somebody else.
    store::tickets::take_of(connection, Purpose::EnrolTotp, user, ctx.now()).await?;
    factor_change::take_away(connection, user, None).await?;
    // Whoever guessed leaves the user no delay with new ones.
    store::limits::forget_account(connection, FACTORS, user).await?;
    factor_change::follow(ctx, connection, user, None).await
}
