//! Codes of a user, accepted or not within the transaction of whatever they are sent for.

use uuid::Uuid;

use crate::account::Account;
use crate::caller::Ctx;
use crate::connection::Connection;
use crate::error::Error;
use crate::factor::Held;
use crate::mail::Template;
use crate::message;
use crate::method::Method;
use crate::refusal::Refusal;
use crate::store;
use crate::store::totp::Holder;
use crate::totp::{Secret, is_plain};
use crate::{recovery_code, totp};

/// A code, as a user sends it.
pub enum FactorCode {
    /// Of the authenticator application.
    Totp(String),
    /// Kept for when the other factor is lost.
    Recovery(String),
}

/// Proof that a code was accepted and is good for nothing more; only [`code`] makes one.
pub(crate) struct Accepted {
    account: Account,
    held: Held,
    method: Method,
}

impl Accepted {
    /// Whose code it was, whom nobody changes until the transaction ends, and what it proves.
    pub(crate) fn into_parts(self) -> (Account, Method) {
        (self.account, self.method)
    }

    /// Whose code it was.
    pub(crate) fn user(&self) -> Uuid {
        self.account.id
    }

    /// What its user had until then.
    pub(crate) fn held(&self) -> Held {
        self.held
    }
}

/// Accepts a code of the user. Of many that race with one code, one is accepted.
pub(crate) async fn code<C: Connection>(
    ctx: &Ctx<'_>,
    connection: &C,
    user: Uuid,
    code: &FactorCode,
) -> Result<Accepted, Error> {
    let holder = holder(connection, user).await?;
    of_holder(ctx, connection, holder, code).await
}

/// Whose code it would be. Nobody changes the user, or what proves it, until the transaction ends.
pub(crate) async fn holder<C: Connection>(connection: &C, user: Uuid) -> Result<Option<Holder>, Error> {
    Ok(store::totp::holder(connection, user).await?)
}

/// The same for the [`holder`] that the transaction has read.
pub(crate) async fn of_holder<C: Connection>(
    ctx: &Ctx<'_>,
    connection: &C,
    holder: Option<Holder>,
    code: &FactorCode,
) -> Result<Accepted, Error> {
    match code {
        FactorCode::Totp(code) => accept_totp(ctx, connection, holder, code).await,
        FactorCode::Recovery(code) => spend_recovery_code(ctx, connection, holder, code).await,
    }
}

async fn accept_totp<C: Connection>(
    ctx: &Ctx<'_>,
    connection: &C,
    holder: Option<Holder>,
    code: &str,
) -> Result<Accepted, Error> {
    let auth = ctx.auth;
    let holder = holder.ok_or(Refusal::NoTotp)?;
    let user = holder.account.id;
    let stored = holder.secret().ok_or(Refusal::NoTotp)?;
    let secret = Secret::open(&auth.keys.sealer, user, stored)?.ok_or(Refusal::NoTotp)?;
    let step = secret.check(code, ctx.now(), auth.policy.totp_earlier_steps);
    let step: totp::Step = step.ok_or(Refusal::WrongTotp)?;
    let latest = totp::latest_step(ctx.now());
    if !store::totp::accept(connection, user, step.number(), latest).await? {
        return Err(Refusal::WrongTotp.into());
    }
    if is_plain(stored) {
        let sealed = secret.seal(&auth.keys.sealer, auth.entropy.as_ref(), user)?;
        store::totp::activate(connection, user, &sealed).await?;
    }
    Ok(Accepted {
        account: holder.account,
        held: holder.held,
        method: Method::Totp,
    })
}

async fn spend_recovery_code<C: Connection>(
    ctx: &Ctx<'_>,
    connection: &C,
    holder: Option<Holder>,
    code: &str,
) -> Result<Accepted, Error> {
    let holder = holder.ok_or(Refusal::WrongRecoveryCode)?;
    let user = holder.account.id;
    let hash = recovery_code::hash(&ctx.auth.keys.code_hash, user, code);
    if !store::recovery_codes::spend(connection, user, hash).await? {
        return Err(Refusal::WrongRecoveryCode.into());
    }
    message::notify(ctx, connection, user, Template::RecoveryCodeUsed).await?;
    Ok(Accepted {
        account: holder.account,
        held: holder.held,
        method: Method::RecoveryCode,
    })
}
