//! `activateAccount`: a new account becomes usable.

use sea_orm::ConnectionTrait;

use crate::audit::{Event, recorded};
use crate::caller::Ctx;
use crate::error::Error;
use crate::flow::mailed::{Proved, confirm, present, take};
use crate::refusal::Refusal;
use crate::store;
use crate::store::tickets::Used;
use crate::ticket::{Presented, Purpose};
use crate::value::Email;

const ACTION: &str = "activateAccount";

/// What was mailed.
pub struct ActivateAccountInput {
    /// The address that the code was mailed to.
    pub email: Email,
    /// The digits.
    pub code: String,
}

/// Makes a new account usable for whoever read the code that was mailed to its address, which is confirmed with it.
pub async fn activate_account(ctx: &Ctx<'_>, input: ActivateAccountInput) -> Result<(), Error> {
    recorded(ctx, ACTION, None, activate(ctx, input).await).await
}

async fn activate(ctx: &Ctx<'_>, input: ActivateAccountInput) -> Result<(), Error> {
    let purpose = Purpose::ActivateAccount;
    let presented = Presented::new(input.code, Some(input.email))?;
    let found = present(ctx, presented, purpose).await?;
    let transaction = ctx.auth.database.begin().await?;
    let used = take(ctx, &*transaction, found, &[purpose]).await?;
    let proved = complete(ctx, &*transaction, used).await?;
    Event::success(ACTION, proved.account.id, None)
        .append(ctx, &*transaction)
        .await?;
    Ok(transaction.commit().await?)
}

/// Whoever has the address read the mail.
pub(super) async fn complete<C: ConnectionTrait>(
    ctx: &Ctx<'_>,
    connection: &C,
    used: Used,
) -> Result<Proved, Error> {
    let mut proved = confirm(ctx, connection, used).await?;
    if proved.account.activated {
        return Err(Refusal::InvalidTicket.into());
    }
    store::users::activate(connection, proved.account.id, ctx.now()).await?;
    proved.account.activated = true;
    Ok(proved)
}
