//! `verifySignInMfaTotp` and `verifySignInMfaRecoveryCode`: a code after the first proof.

use tokio::try_join;
use uuid::Uuid;

use crate::audit::{Event, recorded};
use crate::caller::Ctx;
use crate::error::Error;
use crate::limit::FactorGuess;
use crate::prove_factor::{self, FactorCode};
use crate::second_factor::{self, Pending};
use crate::session::{self, SignIn, Verified};

/// What the challenge asked for.
pub struct VerifySignInMfaInput {
    /// The ticket of the challenge.
    pub ticket: String,
    /// The code.
    pub code: FactorCode,
}

/// Opens a session for whoever proves a second factor after the first. A wrong code leaves the challenge good for
/// a few more; guesses at one account are counted together, whatever they are sent for.
pub async fn verify_sign_in_mfa(ctx: &Ctx<'_>, input: VerifySignInMfaInput) -> Result<SignIn, Error> {
    let action = match input.code {
        FactorCode::Totp(_) => "verifySignInMfaTotp",
        FactorCode::Recovery(_) => "verifySignInMfaRecoveryCode",
    };
    let mut user = None;
    let entered = async {
        let (pending, guess) = second_factor::present_with_code(ctx, &input.ticket).await?;
        user = Some(pending.user);
        enter(ctx, action, (pending, guess), &input.code).await
    };
    let entered = entered.await;
    recorded(ctx, action, user, entered).await
}

async fn enter(
    ctx: &Ctx<'_>,
    action: &'static str,
    (pending, guess): (Pending, FactorGuess),
    code: &FactorCode,
) -> Result<SignIn, Error> {
    let user: Uuid = pending.user;
    let transaction = ctx.auth.database.begin_direct().await?;
    let (answered, accepted, standing) = try_join!(
        biased;
        pending.take(ctx, &transaction),
        prove_factor::code(ctx, &transaction, user, code),
        session::standing(ctx, &transaction, user),
    )?;
    let verified = Verified::by_code(answered, accepted)?;
    let sign_in = session::open_as(ctx, &transaction, verified, standing).await?;
    guess.succeeded(&transaction).await?;
    let event = Event::success(action, user, sign_in.session_id());
    event.append(ctx, &transaction).await?;
    transaction.commit().await?;
    Ok(sign_in)
}
