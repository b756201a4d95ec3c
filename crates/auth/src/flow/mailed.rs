//! What the flows share that prove an address by mail: to ask for the mail, and to use what was in it.

use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::account::Account;
use crate::audit::Event;
use crate::auth::Auth;
use crate::caller::Ctx;
use crate::error::{Error, InternalError};
use crate::flow::sign_up::{self, Registration};
use crate::limit::Guess;
use crate::mail::Template;
use crate::message::{self, Mailing};
use crate::port::now;
use crate::refusal::{Identifier, Refusal};
use crate::seal::SealError;
use crate::store;
use crate::store::refresh_tokens::Which;
use crate::store::tickets::Used;
use crate::store::users::Addressee;
use crate::ticket::{self, Presented, Purpose};
use crate::value::{Email, LinkOptions, SignUpOptions, SignUpOptionsInput};

/// A mail that somebody asks for.
pub(super) struct Ask<'a> {
    pub(super) action: &'static str,
    pub(super) purpose: Purpose,
    pub(super) template: Template,
    pub(super) email: &'a Email,
    pub(super) link: &'a LinkOptions,
    /// What a new user says of themselves, where the mail may make one.
    pub(super) new_user: Option<&'a SignUpOptionsInput>,
    /// The language where nobody has the address.
    pub(super) locale: &'a str,
    /// Why somebody who has the address gets no mail.
    pub(super) refuses: fn(&Addressee) -> Option<Refusal>,
}

/// Mails whoever has the address. Where nobody has it, or nobody who may get this mail, the answer and the work
/// are the same.
pub(super) async fn ask(ctx: &Ctx<'_>, ask: Ask<'_>) -> Result<(), Error> {
    ctx.auth.limit_mail(ctx.caller, ask.email).await?;
    let sealed = ask
        .new_user
        .map(|options| seal(ctx.auth, ask.email, options))
        .transpose()?;
    let transaction = ctx.auth.database.begin().await?;
    let found = store::users::addressee(&*transaction, ask.email).await?;
    let refusal = match &found {
        Some(found) => (ask.refuses)(found),
        None if sealed.is_some() => None,
        None => Some(Refusal::UnknownUser(Identifier::Email)),
    };
    let user = found.as_ref().map(|found| found.id);
    let mailing = Mailing {
        purpose: ask.purpose,
        template: ask.template,
        email: ask.email,
        locale: found.as_ref().map_or(ask.locale, |found| &found.locale),
        user: user.filter(|_| refusal.is_none()),
        link: ask.link,
        sealed_options: sealed.filter(|_| refusal.is_none()),
    };
    message::mail_ticket(ctx, &*transaction, mailing).await?;
    let event = match refusal {
        Some(refusal) => Event::refused(ask.action, user, refusal),
        None => Event::asked(ask.action, user),
    };
    event.append(ctx, &*transaction).await?;
    Ok(transaction.commit().await?)
}

fn seal(auth: &Auth, email: &Email, options: &SignUpOptionsInput) -> Result<Vec<u8>, Error> {
    let options = serde_json::to_vec(options).map_err(InternalError::Json)?;
    let sealed = auth
        .keys
        .sealer
        .seal(auth.entropy.as_ref(), email.as_str().as_bytes(), &options);
    Ok(sealed?)
}

fn unseal(auth: &Auth, email: &Email, sealed: &[u8]) -> Result<SignUpOptions, Error> {
    let options = auth.keys.sealer.open(email.as_str().as_bytes(), sealed)?;
    let options: SignUpOptionsInput =
        serde_json::from_slice(&options).map_err(|_| InternalError::Seal(SealError::Open))?;
    Ok(SignUpOptions::parse(options, &auth.policy)?)
}

/// What was presented, counted and compared, but not used up.
pub(super) enum Found {
    /// By the secret of the link.
    Ticket(Vec<u8>),
    /// By a code that was right.
    Code(Uuid, Guess),
}

/// Counts what is presented and compares it.
pub(super) async fn present(ctx: &Ctx<'_>, presented: Presented, purpose: Purpose) -> Result<Found, Error> {
    let auth = ctx.auth;
    auth.limit_sign_in(ctx.caller).await?;
    let (email, code) = match presented {
        Presented::Ticket(text) => return Ok(Found::Ticket(ticket::hash(&text))),
        Presented::Code { email, code } => (email, code),
    };
    let guess = auth.guess(&email).await?;
    let connection = &auth.database.connection;
    let user = store::users::addressee(connection, &email)
        .await?
        .map(|found| found.id);
    let subject = message::subject(user, &email);
    let turn = auth.database.turn().await;
    let open = store::tickets::guess(connection, purpose, &subject, ctx.now()).await?;
    drop(turn);
    let (id, expected) = open.ok_or(Refusal::InvalidTicket)?;
    match ticket::matches(&ticket::code_hash(&auth.keys.code_hash, id, &code), &expected) {
        true => Ok(Found::Code(id, guess)),
        false => Err(Refusal::InvalidTicket.into()),
    }
}

/// Uses up what was found, in the transaction of what it is used for.
pub(super) async fn take<C: ConnectionTrait>(
    ctx: &Ctx<'_>,
    connection: &C,
    found: Found,
    purposes: &[Purpose],
) -> Result<Used, Error> {
    let used = match found {
        Found::Ticket(hash) => store::tickets::take(connection, purposes, hash, ctx.now()).await?,
        Found::Code(id, guess) => {
            guess.succeeded(connection).await?;
            store::tickets::take_by_id(connection, id).await?
        }
    };
    Ok(used.ok_or(Refusal::InvalidTicket)?)
}

/// Whoever a ticket is for, and what it says.
pub(super) struct Proved {
    pub(super) account: Account,
    pub(super) email: Email,
    pub(super) used: Used,
}

/// The owner of an address acted: it is confirmed. The account must have it still.
pub(super) async fn confirm<C: ConnectionTrait>(
    ctx: &Ctx<'_>,
    connection: &C,
    used: Used,
) -> Result<Proved, Error> {
    let email = Email::parse(&used.row().address)?;
    let user = used.row().user_id.ok_or(Refusal::InvalidTicket)?;
    let account = store::users::with_email(connection, user, &email).await?;
    let mut account = account.ok_or(Refusal::InvalidTicket)?;
    if !account.email_verified {
        store::users::confirm_email(connection, account.id).await?;
        account.email_verified = true;
        // What somebody set up with an address that was not theirs must not outlive the proof of whose it is.
        if used.row().purpose == Purpose::SignIn.as_str() {
            store::users::erase_password(connection, account.id).await?;
            store::refresh_tokens::revoke(connection, Which::AllOf(account.id), ctx.now()).await?;
        }
    }
    Ok(Proved { account, email, used })
}

/// The user that signs in by mail, made now if there is none.
pub(super) async fn enter<C: ConnectionTrait>(
    ctx: &Ctx<'_>,
    connection: &C,
    used: Used,
) -> Result<Proved, Error> {
    if used.row().user_id.is_some() {
        return confirm(ctx, connection, used).await;
    }
    let email = Email::parse(&used.row().address)?;
    let sealed = used
        .row()
        .sealed_options
        .as_deref()
        .ok_or(Refusal::InvalidTicket)?;
    if ctx.auth.policy.sign_up_disabled {
        return Err(Refusal::SignUpDisabled.into());
    }
    let options = unseal(ctx.auth, &email, sealed)?;
    let registration = Registration {
        email: Some(email.clone()),
        username: options.username.clone(),
        password_hash: None,
        options,
        email_verified: true,
        ticket_lifetime: None,
    };
    let created = sign_up::create(ctx, connection, registration).await;
    let created = created.map_err(|error| match error {
        // Somebody made the account meanwhile: the mail was not for its owner.
        Error::Refused(Refusal::EmailTaken) => Refusal::InvalidTicket.into(),
        error => error,
    })?;
    Ok(Proved {
        account: created.into_account(),
        email,
        used,
    })
}

impl Auth {
    /// Deletes tickets that are good for nothing any more.
    pub(crate) async fn purge_tickets(&self) -> Result<(), Error> {
        let now: DateTime<Utc> = now(self.clock.as_ref());
        let _turn = self.database.turn().await;
        Ok(store::tickets::purge(&self.database.connection, now).await?)
    }
}
