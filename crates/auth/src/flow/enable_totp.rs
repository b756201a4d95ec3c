//! `enableTotp`.

use uuid::Uuid;

use crate::audit::{Event, recorded};
use crate::caller::{Authenticated, Ctx};
use crate::connection::Connection;
use crate::error::{Error, InternalError};
use crate::factor_change;
use crate::limit::FactorGuess;
use crate::method::{Method, Methods};
use crate::refusal::Refusal;
use crate::seal::SealError;
use crate::store;
use crate::ticket::Purpose;
use crate::token::Plain;
use crate::totp::{Secret, Step};

const ACTION: &str = "enableTotp";

/// The first code of a new secret.
pub struct EnableTotpInput {
    /// The code.
    pub code: String,
}

/// Asks for codes of the new secret from now on, in the place of an older one, once its first code was right; and
/// makes recovery codes, in the place of older ones. The session counts as one that proved the factor.
pub async fn enable_totp(ctx: &Ctx<'_>, input: EnableTotpInput) -> Result<Vec<Plain>, Error> {
    let session = ctx.session.ok_or(Refusal::NotSignedIn)?;
    let done = enable(ctx, session, &input.code).await;
    if done.is_ok() {
        ctx.auth.after_change().await;
    }
    recorded(ctx, ACTION, Some(session.user_id), done).await
}

async fn enable(ctx: &Ctx<'_>, session: &Authenticated, code: &str) -> Result<Vec<Plain>, Error> {
    ctx.auth.limit_sign_in(ctx.caller).await?;
    let user = session.user_id;
    let guess = FactorGuess::begin(ctx, user).await?;
    let transaction = ctx.auth.database.begin().await?;
    let (secret, step) = take_waiting(ctx, &*transaction, user, code).await?;
    let before = factor_change::begin(ctx, &*transaction, session).await?;
    store::totp::activate(&*transaction, user, &secret).await?;
    store::totp::begin(&*transaction, user, step.number(), ctx.now()).await?;
    let codes = factor_change::new_recovery_codes(ctx, &*transaction, user).await?;
    let proved = Methods::new(&[Method::Totp]);
    let methods = before.and_anew(&proved, &ctx.auth.policy.second_factors);
    store::refresh_tokens::set_methods(&*transaction, session.session_id, &methods).await?;
    factor_change::follow(ctx, &*transaction, user, Some(session.session_id)).await?;
    guess.succeeded(&*transaction).await?;
    let event = Event::success(ACTION, user, Some(session.session_id));
    event.append(ctx, &*transaction).await?;
    transaction.commit().await?;
    Ok(codes)
}

/// Takes the secret that waits for its first code, in the form of the database, where this is one.
async fn take_waiting<C: Connection>(
    ctx: &Ctx<'_>,
    connection: &C,
    user: Uuid,
    code: &str,
) -> Result<(String, Step), Error> {
    let (auth, now) = (ctx.auth, ctx.now());
    let waiting = store::tickets::take_of(connection, Purpose::EnrolTotp, user, now).await?;
    let waiting = waiting.ok_or(Refusal::NoTotpSecret)?;
    let stored = waiting
        .row()
        .sealed_options
        .clone()
        .ok_or(Refusal::NoTotpSecret)?;
    let stored = String::from_utf8(stored).map_err(|_| InternalError::Seal(SealError::Open))?;
    let secret = Secret::open(&auth.keys.sealer, user, &stored)?.ok_or(Refusal::NoTotpSecret)?;
    let step = secret
        .check(code, now, auth.policy.totp_earlier_steps)
        .ok_or(Refusal::WrongTotp)?;
    Ok((stored, step))
}
