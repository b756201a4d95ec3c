//! `enableTotp`.

use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::audit::{Event, recorded};
use crate::caller::{Authenticated, Ctx};
use crate::error::{Error, InternalError};
use crate::factor_change;
use crate::limit::FactorGuess;
use crate::method::{Method, Methods};
use crate::refusal::Refusal;
use crate::seal::SealError;
use crate::store;
use crate::ticket::Purpose;
use crate::token::Plain;
use crate::totp::Secret;

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
    confirm(ctx, &*transaction, user, code).await?;
    let codes = factor_change::new_recovery_codes(ctx, &*transaction, user).await?;
    let proved = Methods::new(&[Method::Totp]);
    let asked = &ctx.auth.policy.second_factors;
    store::refresh_tokens::add_methods(&*transaction, session.session_id, &proved, asked).await?;
    factor_change::follow(ctx, &*transaction, user, Some(session.session_id)).await?;
    guess.succeeded(&*transaction).await?;
    let event = Event::success(ACTION, user, Some(session.session_id));
    event.append(ctx, &*transaction).await?;
    transaction.commit().await?;
    Ok(codes)
}

/// Puts the secret that waits for its first code in its place.
async fn confirm<C: ConnectionTrait>(
    ctx: &Ctx<'_>,
    connection: &C,
    user: Uuid,
    code: &str,
) -> Result<(), Error> {
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
    store::factors::keep(connection, user).await?;
    store::totp::activate(connection, user, &stored).await?;
    Ok(store::totp::begin(connection, user, step.number(), now).await?)
}
