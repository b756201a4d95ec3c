//! `undoEmailChange`: whoever reads the mail of the former address takes a change back.

use crate::audit::{Event, recorded};
use crate::caller::Ctx;
use crate::error::Error;
use crate::factor_change;
use crate::flow::mailed::{present, take};
use crate::mail::Template;
use crate::message;
use crate::new_password;
use crate::refusal::Refusal;
use crate::store;
use crate::store::refresh_tokens::Which;
use crate::ticket::{Presented, Purpose};
use crate::value::Email;

const ACTION: &str = "undoEmailChange";

/// What was mailed.
pub struct UndoEmailChangeInput {
    /// The ticket of the link.
    pub ticket: String,
}

/// Gives an account its former address back. Whoever changed it may have had the account in their hands: every
/// session, every personal access token, every factor that came since and everything that was mailed ends, the password
/// works no more, and both addresses are told. An address that the account had still earlier can be given back afterwards; one that came later cannot.
pub async fn undo_email_change(ctx: &Ctx<'_>, input: UndoEmailChangeInput) -> Result<(), Error> {
    let done = undo(ctx, input).await;
    if done.is_ok() {
        ctx.auth.after_change().await;
    }
    recorded(ctx, ACTION, None, done).await
}

async fn undo(ctx: &Ctx<'_>, input: UndoEmailChangeInput) -> Result<(), Error> {
    let purpose = Purpose::UndoEmailChange;
    let found = present(ctx, Presented::new(input.ticket, None)?, purpose).await?;
    let transaction = ctx.auth.database.begin().await?;
    let connection = &*transaction;
    let used = take(ctx, connection, found, &[purpose]).await?;
    let email = Email::parse(&used.row().address)?;
    let user = used.row().user_id.ok_or(Refusal::InvalidTicket)?;
    store::tickets::forget_of(connection, user).await?;
    store::tickets::forget_undo_since(connection, user, used.row().created_at).await?;
    let holder = store::users::holder(connection, user).await?;
    let holder = holder.ok_or(Refusal::InvalidTicket)?;
    let locale = holder.locale(&ctx.auth.policy);
    store::users::set_email(connection, user, &email).await?;
    new_password::erase(ctx, connection, user).await?;
    store::refresh_tokens::revoke(connection, Which::EverythingOf(user), ctx.now()).await?;
    // After the address: with that the last of the passkeys is not the last way in.
    if factor_change::take_away(connection, user, Some(used.row().created_at)).await? {
        message::notify(ctx, connection, user, Template::FactorsChanged).await?;
    }
    if let Some(former) = holder.email().filter(|former| *former != email) {
        message::announce_undo(ctx, connection, (&former, &email), locale.as_str()).await?;
    }
    Event::success(ACTION, user, None).append(ctx, connection).await?;
    Ok(transaction.commit().await?)
}
