//! To ask for a mail.

use serde::Serialize;

use crate::audit::Event;
use crate::auth::Auth;
use crate::caller::Ctx;
use crate::error::{Error, InternalError};
use crate::evenly::evenly;
use crate::mail::Template;
use crate::message::{self, Mailing};
use crate::refusal::{Identifier, Refusal};
use crate::store;
use crate::store::users::Addressee;
use crate::ticket::Purpose;
use crate::value::{Email, LinkOptions, SignUpOptionsInput};

/// A mail that somebody asks for.
pub(in crate::flow) struct Ask<'a> {
    pub(in crate::flow) action: &'static str,
    pub(in crate::flow) purpose: Purpose,
    pub(in crate::flow) template: Template,
    pub(in crate::flow) email: &'a Email,
    pub(in crate::flow) link: &'a LinkOptions,
    /// What a new user says of themselves, where the mail may make one.
    pub(in crate::flow) new_user: Option<&'a SignUpOptionsInput>,
    /// The language where nobody has the address.
    pub(in crate::flow) locale: &'a str,
    /// Why somebody who has the address gets no mail.
    pub(in crate::flow) refuses: fn(&Addressee) -> Option<Refusal>,
}

/// Mails whoever has the address. Where nobody has it, or nobody who may get this mail, the answer, the work and
/// its time are the same.
pub(in crate::flow) async fn ask(ctx: &Ctx<'_>, ask: Ask<'_>) -> Result<(), Error> {
    evenly(mail(ctx, ask)).await
}

async fn mail(ctx: &Ctx<'_>, ask: Ask<'_>) -> Result<(), Error> {
    ctx.auth.limit_mail(ctx.caller, ask.email).await?;
    let sealed = ask
        .new_user
        .map(|options| seal(ctx.auth, ask.email, options))
        .transpose()?;
    let transaction = ctx.auth.database.begin().await?;
    let found = store::users::addressee(&*transaction, ask.email).await?;
    // Asked for everybody: it takes as long. Nobody signs up with the address of somebody deleted, or with one that
    // is kept.
    let taken = store::users::locale_where_taken(&*transaction, ask.email, None, ctx.now()).await?;
    let refusal = match &found {
        Some(found) => (ask.refuses)(found),
        None if sealed.is_some() && taken.is_none() => None,
        None => Some(Refusal::UnknownUser(Identifier::Email)),
    };
    let user = found.as_ref().map(|found| found.id);
    let mailing = Mailing {
        purpose: ask.purpose,
        template: ask.template,
        email: ask.email,
        locale: found.as_ref().map_or(ask.locale, |found| &found.locale),
        user: user.filter(|_| refusal.is_none()),
        // Where a code will be looked for, be there one or not.
        subject: message::subject(user, ask.email),
        session: None,
        link: ask.link,
        sealed_options: sealed.filter(|_| refusal.is_none()),
    };
    let reader = mailing.user.unwrap_or_default();
    message::mail_ticket(ctx, &*transaction, mailing).await?;
    if ask.purpose == Purpose::ActivateAccount {
        store::users::count_resend(&*transaction, reader, ctx.now()).await?;
    }
    let event = match refusal {
        Some(refusal) => Event::refused(ask.action, user, refusal),
        None => Event::asked(ask.action, user),
    };
    event.append(ctx, &*transaction).await?;
    Ok(transaction.commit().await?)
}

/// Seals what somebody says of themselves with the address that has to be proved first.
pub(in crate::flow) fn seal<T: Serialize>(auth: &Auth, email: &Email, said: &T) -> Result<Vec<u8>, Error> {
    let said = serde_json::to_vec(said).map_err(InternalError::Json)?;
    let sealed = auth
        .keys
        .sealer
        .seal(auth.entropy.as_ref(), email.as_str().as_bytes(), &said);
    Ok(sealed?)
}
