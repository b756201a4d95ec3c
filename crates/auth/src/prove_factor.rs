//! Codes of a user, accepted or not within the transaction of whatever they are sent for.

use uuid::Uuid;

use crate::caller::Ctx;
use crate::connection::Connection;
use crate::error::Error;
use crate::mail::Template;
use crate::message;
use crate::method::Method;
use crate::refusal::Refusal;
use crate::store;
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
    method: Method,
}

impl Accepted {
    /// What it proves.
    pub(crate) fn method(&self) -> Method {
        self.method
    }
}

/// Accepts a code of the user. Of many that race with one code, one is accepted.
pub(crate) async fn code<C: Connection>(
    ctx: &Ctx<'_>,
    connection: &C,
    user: Uuid,
    code: &FactorCode,
) -> Result<Accepted, Error> {
    match code {
        FactorCode::Totp(code) => accept_totp(ctx, connection, user, code).await,
        FactorCode::Recovery(code) => spend_recovery_code(ctx, connection, user, code).await,
    }
}

async fn accept_totp<C: Connection>(
    ctx: &Ctx<'_>,
    connection: &C,
    user: Uuid,
    code: &str,
) -> Result<Accepted, Error> {
    let auth = ctx.auth;
    let found = store::totp::find(connection, user).await?;
    let found = found.filter(|found| found.active_mfa_type.as_deref() == Some("totp"));
    let stored = found.and_then(|found| found.totp_secret).ok_or(Refusal::NoTotp)?;
    let secret = Secret::open(&auth.keys.sealer, user, &stored)?.ok_or(Refusal::NoTotp)?;
    let step = secret.check(code, ctx.now(), auth.policy.totp_earlier_steps);
    let step: totp::Step = step.ok_or(Refusal::WrongTotp)?;
    if !store::totp::accept(connection, user, step.number()).await? {
        return Err(Refusal::WrongTotp.into());
    }
    if is_plain(&stored) {
        let sealed = secret.seal(&auth.keys.sealer, auth.entropy.as_ref(), user)?;
        store::totp::activate(connection, user, &sealed).await?;
    }
    Ok(Accepted { method: Method::Totp })
}

async fn spend_recovery_code<C: Connection>(
    ctx: &Ctx<'_>,
    connection: &C,
    user: Uuid,
    code: &str,
) -> Result<Accepted, Error> {
    store::factors::keep(connection, user).await?;
    let hash = recovery_code::hash(&ctx.auth.keys.code_hash, user, code);
    if !store::recovery_codes::spend(connection, user, hash).await? {
        return Err(Refusal::WrongRecoveryCode.into());
    }
    message::notify(ctx, connection, user, Template::RecoveryCodeUsed).await?;
    Ok(Accepted {
        method: Method::RecoveryCode,
    })
}
