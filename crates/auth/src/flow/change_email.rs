//! `changeEmail`: asked for by the user, confirmed by whoever reads the mail of the new address.

use sea_orm::ConnectionTrait;

use crate::account::Account;
use crate::audit::{Event, recorded};
use crate::caller::{Authenticated, Ctx};
use crate::error::Error;
use crate::evenly::evenly;
use crate::flow::mailed::Proved;
use crate::mail::Template;
use crate::message::{self, Mailing};
use crate::refusal::Refusal;
use crate::store;
use crate::store::refresh_tokens::Which;
use crate::store::tickets::Used;
use crate::ticket::Purpose;
use crate::value::{Email, LinkOptions};

const ACTION: &str = "changeEmail";
/// What is written down when the address is another.
const CHANGED: &str = "emailChanged";

/// What a user wants.
pub struct ChangeEmailInput {
    /// The address from then on.
    pub new_email: Email,
    /// What the mailed link comes to.
    pub link: LinkOptions,
}

/// Mails a link and a code to the new address; nothing changes before one of them is used. Whether somebody has the
/// address already is not told: then its owner is.
pub async fn change_email(ctx: &Ctx<'_>, input: ChangeEmailInput) -> Result<(), Error> {
    let session = ctx.session.ok_or(Refusal::NotSignedIn)?;
    recorded(
        ctx,
        ACTION,
        Some(session.user_id),
        evenly(ask(ctx, session, input)).await,
    )
    .await
}

async fn ask(ctx: &Ctx<'_>, session: &Authenticated, input: ChangeEmailInput) -> Result<(), Error> {
    let (user, email) = (session.user_id, &input.new_email);
    ctx.auth.policy.email_access.admit(email)?;
    ctx.auth.limit_mail(ctx.caller, email).await?;
    ctx.auth.limit_mail_of(user).await?;
    let transaction = ctx.auth.database.begin().await?;
    let owner = store::users::owner(&*transaction, user).await?;
    let owner = owner.ok_or(Refusal::NotSignedIn)?;
    if owner.credentials.account.anonymous {
        return Err(Refusal::AnonymousUser.into());
    }
    if owner.email().as_ref() == Some(email) {
        return Err(Refusal::InvalidInput {
            field: "newEmail",
            rule: "is the address of the account already",
        }
        .into());
    }
    let locale = owner.locale(&ctx.auth.policy);
    let mailing = Mailing {
        purpose: Purpose::ChangeEmail,
        template: Template::EmailConfirmChange,
        email,
        locale: locale.as_str(),
        user: Some(user),
        subject: user.to_string(),
        session: Some(session.session_id),
        link: &input.link,
        sealed_options: None,
    };
    let taken = store::users::locale_where_taken(&*transaction, email, Some(user), ctx.now()).await?;
    message::mail_unless_taken(ctx, &*transaction, mailing, taken).await?;
    // The user sees what was asked for, the same whether or not the address is taken.
    store::users::show_new_email(&*transaction, user, email).await?;
    Event::success(ACTION, user, Some(session.session_id))
        .append(ctx, &*transaction)
        .await?;
    Ok(transaction.commit().await?)
}

/// The owner of the new address confirmed it: it is that of the account, and confirmed. The session that asked goes
/// on, the others and everything else that was mailed end, and whoever reads the mail of the former address is told,
/// and can undo it where that address was confirmed.
pub(super) async fn complete<C: ConnectionTrait>(
    ctx: &Ctx<'_>,
    connection: &C,
    used: Used,
) -> Result<Proved, Error> {
    let email = Email::parse(&used.row().address)?;
    let user = used.row().user_id.ok_or(Refusal::InvalidTicket)?;
    // What is allowed may have changed since.
    ctx.auth.policy.email_access.admit(&email)?;
    store::tickets::forget_of(connection, user).await?;
    let holder = store::users::holder(connection, user).await?;
    let holder = holder.ok_or(Refusal::InvalidTicket)?;
    let former = holder.email();
    let locale = holder.locale(&ctx.auth.policy);
    let before = holder.into_account();
    let former_was_confirmed = before.email_verified;
    let account = Account {
        has_email: true,
        email_verified: true,
        ..before
    };
    account.admit(&ctx.auth.policy)?;
    store::users::set_email(connection, user, &email).await?;
    // Afterwards: whoever gave it up just now has committed by then.
    if store::tickets::is_kept_for_another(connection, &email, user, ctx.now()).await? {
        return Err(Refusal::EmailTaken.into());
    }
    let which = match used.row().session_id {
        Some(session) => Which::OthersOf(user, session),
        None => Which::AllOf(user),
    };
    store::refresh_tokens::revoke(connection, which, ctx.now()).await?;
    if let Some(former) = former.filter(|former| *former != email) {
        let reader = (&former, locale.as_str());
        match former_was_confirmed {
            true => message::announce_change(ctx, connection, user, reader).await?,
            // Who reads the mail there may be a stranger, to whom the account must not be given.
            false => message::notice(ctx, connection, Template::EmailReplaced, reader).await?,
        }
    }
    Event::success(CHANGED, user, used.row().session_id)
        .append(ctx, connection)
        .await?;
    Ok(Proved {
        account,
        email,
        used,
        made: false,
    })
}
