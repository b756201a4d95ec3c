//! What a used ticket proves: whose address it is, and who signs in.

use sea_orm::ConnectionTrait;
use serde::de::DeserializeOwned;

use crate::account::Account;
use crate::audit::Event;
use crate::auth::Auth;
use crate::caller::Ctx;
use crate::error::{Error, InternalError};
use crate::factor_change;
use crate::flow::activate_account;
use crate::flow::change_email;
use crate::flow::deanonymize;
use crate::flow::sign_up::{self, Registration};
use crate::mail::Template;
use crate::message;
use crate::new_password;
use crate::refusal::Refusal;
use crate::seal::SealError;
use crate::session::{self, SignIn, Verified};
use crate::store;
use crate::store::refresh_tokens::Which;
use crate::store::tickets::Used;
use crate::ticket::Purpose;
use crate::value::{Email, SignUpOptions, SignUpOptionsInput};

/// Whoever a ticket is for, and what it says.
pub(in crate::flow) struct Proved {
    pub(in crate::flow) account: Account,
    pub(in crate::flow) email: Email,
    pub(in crate::flow) used: Used,
    /// Whether the account is new.
    pub(in crate::flow) made: bool,
}

/// What a link does that only has to be followed.
pub(in crate::flow) const LINKS: [Purpose; 5] = [
    Purpose::VerifyEmail,
    Purpose::SignIn,
    Purpose::ChangeEmail,
    Purpose::Deanonymize,
    Purpose::ActivateAccount,
];

/// Does what a ticket is for that only has to be followed.
pub(in crate::flow) async fn fulfil<C: ConnectionTrait>(
    ctx: &Ctx<'_>,
    connection: &C,
    used: Used,
) -> Result<Proved, Error> {
    if used.is_for(Purpose::SignIn) {
        return enter(ctx, connection, used).await;
    }
    if used.is_for(Purpose::ChangeEmail) {
        return change_email::complete(ctx, connection, used).await;
    }
    if used.is_for(Purpose::Deanonymize) {
        return deanonymize::complete(ctx, connection, used).await;
    }
    if used.is_for(Purpose::ActivateAccount) {
        return activate_account::complete(ctx, connection, used).await;
    }
    confirm(ctx, connection, used).await
}

/// The owner of an address acted: it is confirmed. The account must have it still.
pub(in crate::flow) async fn confirm<C: ConnectionTrait>(
    ctx: &Ctx<'_>,
    connection: &C,
    used: Used,
) -> Result<Proved, Error> {
    let email = Email::parse(&used.row().address)?;
    let user = used.row().user_id.ok_or(Refusal::InvalidTicket)?;
    let account = store::users::with_email(connection, user, &email).await?;
    let mut account = account.ok_or(Refusal::InvalidTicket)?;
    // What is allowed may have changed since. Whoever has confirmed the address goes on to have a password.
    if !(account.email_verified && used.is_for(Purpose::ResetPassword)) {
        ctx.auth.policy.email_access.admit(&email)?;
    }
    if !account.email_verified {
        store::users::confirm_email(connection, account.id).await?;
        account.email_verified = true;
        // What somebody set up with an address that was not theirs must not outlive the proof of whose it is. Whoever
        // completes a sign-up says that it was theirs.
        let completes = used.is_for(Purpose::VerifyEmail) || used.is_for(Purpose::ActivateAccount);
        if !completes && factor_change::take_away(connection, account.id, None).await? {
            message::notify(ctx, connection, account.id, Template::FactorsChanged).await?;
        }
        if used.is_for(Purpose::SignIn) {
            if new_password::erase(ctx, connection, account.id).await? {
                message::notify(ctx, connection, account.id, Template::PasswordRemoved).await?;
            }
            store::refresh_tokens::revoke(connection, Which::EverythingOf(account.id), ctx.now()).await?;
        }
    }
    Ok(Proved {
        account,
        email,
        used,
        made: false,
    })
}

/// The user that signs in by mail, made now if there is none.
pub(in crate::flow) async fn enter<C: ConnectionTrait>(
    ctx: &Ctx<'_>,
    connection: &C,
    used: Used,
) -> Result<Proved, Error> {
    if used.row().user_id.is_some() {
        return confirm(ctx, connection, used).await;
    }
    let email = Email::parse(&used.row().address)?;
    let said: SignUpOptionsInput = unseal(ctx.auth, &email, &used)?;
    // What is allowed may have changed since.
    ctx.auth.policy.email_access.admit(&email)?;
    if ctx.auth.policy.sign_up_disabled {
        return Err(Refusal::SignUpDisabled.into());
    }
    let options = SignUpOptions::parse(said, &ctx.auth.policy)?;
    let registration = Registration {
        email: Some(email.clone()),
        username: options.username.clone(),
        password_hash: None,
        options,
        email_verified: true,
        ticket_lifetime: None,
        anonymous: false,
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
        made: true,
    })
}

/// Opens a session for whoever proved an address, and writes it down.
pub(in crate::flow) async fn open<C: ConnectionTrait>(
    ctx: &Ctx<'_>,
    connection: &C,
    action: &'static str,
    proved: Proved,
) -> Result<SignIn, Error> {
    let user = proved.account.id;
    // An administrator has to enable it first; whoever comes again is told so.
    if proved.made && proved.account.disabled {
        Event::success(action, user, None).append(ctx, connection).await?;
        return Ok(SignIn::NeedsVerification);
    }
    let verified = Verified::by_mail(proved.account, &proved.used);
    let sign_in = session::open(ctx, connection, verified).await?;
    let event = Event::success(action, user, sign_in.session_id());
    event.append(ctx, connection).await?;
    Ok(sign_in)
}

/// What somebody said of themselves before they proved the address.
pub(in crate::flow) fn unseal<T: DeserializeOwned>(
    auth: &Auth,
    email: &Email,
    used: &Used,
) -> Result<T, Error> {
    let sealed = used.row().sealed_options.as_deref();
    let sealed = sealed.ok_or(Refusal::InvalidTicket)?;
    let said = auth.keys.sealer.open(email.as_str().as_bytes(), sealed)?;
    Ok(serde_json::from_slice(&said).map_err(|_| InternalError::Seal(SealError::Open))?)
}
