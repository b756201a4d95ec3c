//! Messages to users, left in the outbox by the transaction that causes them.

use chrono::{DateTime, TimeDelta, Utc};
use portico_entity::{outbox, tickets};
use sea_orm::ActiveValue::Set;
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::caller::Ctx;
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
    pub(crate) link: &'a LinkOptions,
    /// What somebody without an account says of themselves, sealed with the address.
    pub(crate) sealed_options: Option<Vec<u8>>,
}

/// Opens a ticket in the place of an older one for the same, and mails it: as a link, and as a code where the
/// link opens on another device.
pub(crate) async fn mail_ticket<C: ConnectionTrait>(
    ctx: &Ctx<'_>,
    connection: &C,
    mailing: Mailing<'_>,
) -> Result<(), Error> {
    let (auth, now) = (ctx.auth, ctx.now());
    let (entropy, policy) = (auth.entropy.as_ref(), &auth.policy);
    let Mailing {
        purpose,
        template,
        email,
        locale,
        user,
        link,
        sealed_options,
    } = mailing;
    let (id, ticket, code) = (ctx.new_id()?, Ticket::create(entropy)?, new_code(entropy)?);
    let expires_at = now + purpose.lifetime(policy);
    let worth = user.is_some() || sealed_options.is_some();
    let variables = Variables {
        link: format!(
            "{}/v1/verify?ticket={}&type={}&lang={locale}",
            policy.public_url.trim_end_matches('/'),
            ticket.text.reveal(),
            purpose.link_type(),
        ),
        code: code.clone(),
        email: email.as_str().to_owned(),
        ..Variables::default()
    };
    let row = tickets::ActiveModel {
        id: Set(id),
        purpose: Set(purpose.as_str().to_owned()),
        subject: Set(subject(user, email)),
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
    };
    store::tickets::put(connection, row).await?;
    store::users::show_ticket(connection, user.unwrap_or_default(), expires_at).await?;
    // A message that has expired when it is written is never sent.
    let until = if worth { expires_at } else { now };
    leave(ctx, connection, (email, locale), (template, variables), until).await
}

/// Whom a ticket is for: one for each purpose.
pub(crate) fn subject(user: Option<Uuid>, email: &Email) -> String {
    user.map_or_else(|| email.as_str().to_owned(), |user| user.to_string())
}

/// Tells the owner of an address what happened; the link leads to the application.
pub(crate) async fn notice<C: ConnectionTrait>(
    ctx: &Ctx<'_>,
    connection: &C,
    template: Template,
    (email, locale): (&Email, &str),
) -> Result<(), Error> {
    let variables = Variables {
        link: ctx.auth.policy.client_address().to_owned(),
        email: email.as_str().to_owned(),
        ..Variables::default()
    };
    leave(
        ctx,
        connection,
        (email, locale),
        (template, variables),
        ctx.now() + NOTICE,
    )
    .await
}

async fn leave<C: ConnectionTrait>(
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
