//! Messages to users, left in the outbox by the transaction that causes them.

use chrono::{DateTime, TimeDelta, Utc};
use portico_entity::{outbox, tickets};
use sea_orm::ActiveValue::Set;
use uuid::Uuid;

use crate::caller::Ctx;
use crate::connection::Connection;
use crate::error::{Error, InternalError};
use crate::mail::{Template, Variables};
use crate::store;
use crate::ticket::{Purpose, Ticket, code_hash, new_code};
use crate::value::{CodeChallenge, Email, LinkOptions, RedirectUrl};

/// A notice is worth sending for so long.
const NOTICE: TimeDelta = TimeDelta::days(1);

/// A ticket and the mail that it comes in.
pub(crate) struct Mailing<'a> {
    pub(crate) purpose: Purpose,
    pub(crate) template: Template,
    pub(crate) email: &'a Email,
    pub(crate) locale: &'a str,
    /// The user; without one and without options nothing is sent, but the work is the same.
    pub(crate) user: Option<Uuid>,
    /// Whom it is for: one for each purpose.
    pub(crate) subject: String,
    /// The session that goes on after what the ticket does.
    pub(crate) session: Option<Uuid>,
    pub(crate) link: &'a LinkOptions,
    /// What somebody without an account says of themselves, sealed with the address.
    pub(crate) sealed_options: Option<Vec<u8>>,
}

/// Opens a ticket in the place of an older one for the same, and mails it: as a link, and as a code where the
/// link opens on another device.
pub(crate) async fn mail_ticket<C: Connection>(
    ctx: &Ctx<'_>,
    connection: &C,
    mailing: Mailing<'_>,
) -> Result<(), Error> {
    let reader = (mailing.email, mailing.locale);
    let template = mailing.template;
    let worth = mailing.user.is_some() || mailing.sealed_options.is_some();
    let (variables, expires_at) = open_ticket(ctx, connection, mailing).await?;
    // A message that has expired when it is written is never sent.
    let until = if worth { expires_at } else { ctx.now() };
    leave(ctx, connection, reader, (template, variables), until).await
}

/// The same where nobody else has the address; else opens a ticket that nobody gets, and tells its owner, in this
/// language, that somebody wanted to have it: the work is the same.
pub(crate) async fn mail_unless_taken<C: Connection>(
    ctx: &Ctx<'_>,
    connection: &C,
    mailing: Mailing<'_>,
    taken: Option<String>,
) -> Result<(), Error> {
    let Some(locale) = taken else {
        return mail_ticket(ctx, connection, mailing).await;
    };
    let reader = (mailing.email, locale.as_str());
    let mailing = Mailing {
        user: None,
        sealed_options: None,
        ..mailing
    };
    open_ticket(ctx, connection, mailing).await?;
    tell_taken(ctx, connection, reader).await
}

/// Tells the owner of an address that somebody wanted to have it. Whatever asked for it was counted: nothing more is,
/// so that the work is the same as for an address that nobody has.
pub(crate) async fn tell_taken<C: Connection>(
    ctx: &Ctx<'_>,
    connection: &C,
    (email, locale): (&Email, &str),
) -> Result<(), Error> {
    let variables = Variables {
        link: ctx.auth.policy.client_address().to_owned(),
        email: email.as_str().to_owned(),
        ..Variables::default()
    };
    let message = (Template::EmailTaken, variables);
    leave(ctx, connection, (email, locale), message, ctx.now() + NOTICE).await
}

async fn open_ticket<C: Connection>(
    ctx: &Ctx<'_>,
    connection: &C,
    mailing: Mailing<'_>,
) -> Result<(Variables, DateTime<Utc>), Error> {
    let (auth, now) = (ctx.auth, ctx.now());
    let entropy = auth.entropy.as_ref();
    let Mailing {
        purpose,
        template: _,
        email,
        locale,
        user,
        subject,
        session,
        link,
        sealed_options,
    } = mailing;
    let (id, ticket, code) = (
        ctx.new_id()?,
        Ticket::create(entropy)?,
        new_code(entropy, purpose.digits(&auth.policy))?,
    );
    let expires_at = now + purpose.lifetime(&auth.policy);
    let variables = Variables {
        link: address(ctx, purpose, &ticket, locale),
        code: code.clone(),
        email: email.as_str().to_owned(),
        ..Variables::default()
    };
    let row = tickets::ActiveModel {
        id: Set(id),
        purpose: Set(purpose.as_str().to_owned()),
        subject: Set(subject),
        user_id: Set(user),
        address: Set(email.as_str().to_owned()),
        ticket_hash: Set(ticket.hash),
        code_hash: Set(Some(code_hash(&auth.keys.code_hash, id, &code))),
        attempts: Set(0),
        redirect_to: Set(link
            .redirect_to
            .as_ref()
            .map(RedirectUrl::as_str)
            .map(str::to_owned)),
        code_challenge: Set(link
            .code_challenge
            .as_ref()
            .map(CodeChallenge::as_str)
            .map(str::to_owned)),
        sealed_options: Set(sealed_options),
        authentication_methods: Set(None),
        created_at: Set(now),
        expires_at: Set(expires_at),
        session_id: Set(session),
    };
    store::tickets::put(connection, row).await?;
    store::users::show_ticket(connection, user.unwrap_or_default(), expires_at).await?;
    if purpose == Purpose::ActivateAccount {
        store::users::show_activation(connection, user.unwrap_or_default(), expires_at).await?;
    }
    Ok((variables, expires_at))
}

/// Where the link of a ticket leads.
fn address(ctx: &Ctx<'_>, purpose: Purpose, ticket: &Ticket, locale: &str) -> String {
    format!(
        "{}/v1/verify?ticket={}&type={}&lang={locale}",
        ctx.auth.policy.public_url.trim_end_matches('/'),
        ticket.text.reveal(),
        purpose.link_type(),
    )
}

/// Tells whoever has the former address of a user that it is another now, with a link that takes that back. It has
/// no code: it lasts for days.
pub(crate) async fn announce_change<C: Connection>(
    ctx: &Ctx<'_>,
    connection: &C,
    user: Uuid,
    (email, locale): (&Email, &str),
) -> Result<(), Error> {
    let (purpose, now) = (Purpose::UndoEmailChange, ctx.now());
    let ticket = Ticket::create(ctx.auth.entropy.as_ref())?;
    let subject = format!("{user} {}", email.as_str());
    // An address goes before those that came after it, however often they change places.
    let first = store::tickets::first_made(connection, purpose, &subject, now).await?;
    let expires_at = now + purpose.lifetime(&ctx.auth.policy);
    let variables = Variables {
        link: address(ctx, purpose, &ticket, locale),
        email: email.as_str().to_owned(),
        ..Variables::default()
    };
    let row = tickets::ActiveModel {
        id: Set(ctx.new_id()?),
        purpose: Set(purpose.as_str().to_owned()),
        subject: Set(subject),
        user_id: Set(Some(user)),
        address: Set(email.as_str().to_owned()),
        ticket_hash: Set(ticket.hash),
        created_at: Set(first.unwrap_or(now)),
        expires_at: Set(expires_at),
        ..Default::default()
    };
    store::tickets::put(connection, row).await?;
    let message = (Template::EmailChanged, variables);
    leave(ctx, connection, (email, locale), message, expires_at).await
}

/// Whom a ticket is for: one for each purpose.
pub(crate) fn subject(user: Option<Uuid>, email: &Email) -> String {
    user.map_or_else(|| email.as_str().to_owned(), |user| user.to_string())
}

/// Tells a user what happened to the account, where a message reaches them.
pub(crate) async fn notify<C: Connection>(
    ctx: &Ctx<'_>,
    connection: &C,
    user: Uuid,
    template: Template,
) -> Result<(), Error> {
    let owner = store::users::owner(connection, user).await?;
    let Some((owner, email)) = owner.and_then(|owner| owner.email().map(|email| (owner, email))) else {
        return Ok(());
    };
    let locale = owner.locale(&ctx.auth.policy);
    notice(ctx, connection, template, (&email, locale.as_str())).await
}

/// Tells the owner of an address what happened; the link leads to the application.
pub(crate) async fn notice<C: Connection>(
    ctx: &Ctx<'_>,
    connection: &C,
    template: Template,
    (email, locale): (&Email, &str),
) -> Result<(), Error> {
    let variables = Variables {
        email: email.as_str().to_owned(),
        ..Variables::default()
    };
    tell(ctx, connection, (email, locale), (template, variables)).await
}

/// Tells the owner of an account that somebody signed in from a network that was not seen lately.
pub(crate) async fn announce_device<C: Connection>(
    ctx: &Ctx<'_>,
    connection: &C,
    (email, locale): (&Email, &str),
) -> Result<(), Error> {
    let variables = Variables {
        email: email.as_str().to_owned(),
        // Not what the client calls itself: whoever got in could write the mail with it.
        ip_address: ctx.caller.address.to_canonical().to_string(),
        ..Variables::default()
    };
    let message = (Template::SigninNewDevice, variables);
    tell(ctx, connection, (email, locale), message).await
}

/// Tells both addresses of an account that it has the one again, and not the other any more.
pub(crate) async fn announce_undo<C: Connection>(
    ctx: &Ctx<'_>,
    connection: &C,
    (former, again): (&Email, &Email),
    locale: &str,
) -> Result<(), Error> {
    for reader in [former, again] {
        let variables = Variables {
            email: former.as_str().to_owned(),
            new_email: again.as_str().to_owned(),
            ..Variables::default()
        };
        let message = (Template::EmailRestored, variables);
        tell(ctx, connection, (reader, locale), message).await?;
    }
    Ok(())
}

/// Leaves a message whose link leads to the application, unless the address got enough of its kind within the hour:
/// what it tells of goes on, and is in the audit.
async fn tell<C: Connection>(
    ctx: &Ctx<'_>,
    connection: &C,
    reader: (&Email, &str),
    (template, variables): (Template, Variables),
) -> Result<(), Error> {
    if !ctx.auth.may_tell(connection, reader.0, template).await? {
        return Ok(());
    }
    let variables = Variables {
        link: ctx.auth.policy.client_address().to_owned(),
        ..variables
    };
    leave(ctx, connection, reader, (template, variables), ctx.now() + NOTICE).await
}

async fn leave<C: Connection>(
    ctx: &Ctx<'_>,
    connection: &C,
    (email, locale): (&Email, &str),
    (template, variables): (Template, Variables),
    expires_at: DateTime<Utc>,
) -> Result<(), Error> {
    let (id, now) = (ctx.new_id()?, ctx.now());
    let body = serde_json::to_vec(&variables).map_err(InternalError::Json)?;
    let sealed = ctx
        .auth
        .keys
        .sealer
        .seal(ctx.auth.entropy.as_ref(), id.as_bytes(), &body)?;
    let row = outbox::ActiveModel {
        id: Set(id),
        kind: Set("email".to_owned()),
        recipient: Set(email.as_str().to_owned()),
        template: Set(template.name().to_owned()),
        locale: Set(locale.to_owned()),
        sealed_body: Set(Some(sealed)),
        key_id: Set(ctx.auth.keys.key_id.clone()),
        created_at: Set(now),
        expires_at: Set(expires_at),
        next_attempt_at: Set(now),
        ..Default::default()
    };
    Ok(store::outbox::insert(connection, row).await?)
}
