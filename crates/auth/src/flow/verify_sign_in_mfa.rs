//! `verifySignInMfaTotp` and `verifySignInMfaRecoveryCode`: a code after the first proof.

use tokio::try_join;

use crate::audit::{Event, recorded};
use crate::caller::Ctx;
use crate::connection::Transaction;
use crate::devices::Devices;
use crate::error::Error;
use crate::limit::FactorGuesses;
use crate::prove_factor::{self, FactorCode};
use crate::second_factor::{self, Kept};
use crate::session::{self, SignIn, Standing, Verified};

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
        let (counting, transaction) = ctx.auth.limit_sign_in_and_begin(ctx.caller).await?;
        let kept = second_factor::keep(ctx, &transaction, &input.ticket);
        let challenge = counting.then(kept).await?;
        user = Some(challenge.user());
        enter(ctx, action, (transaction, challenge), &input.code).await
    };
    let entered = entered.await;
    recorded(ctx, action, user, entered).await
}

async fn enter(
    ctx: &Ctx<'_>,
    action: &'static str,
    (transaction, challenge): (Transaction, Kept),
    code: &FactorCode,
) -> Result<SignIn, Error> {
    let user = challenge.user();
    // Whoever comes too early after others that failed has not tried: else others who guess used up the challenge of
    // its user.
    let (holder, devices, guesses) = try_join!(
        biased;
        prove_factor::holder(&transaction, user),
        Devices::of(ctx, &transaction, user),
        FactorGuesses::of(ctx, &transaction, user),
    )?;
    let guess = guesses.begin(ctx, &devices)?;
    let accepted = prove_factor::of_holder(ctx, &transaction, holder, code).await;
    if let Err(Error::Refused(refusal)) = accepted {
        challenge.failed(&transaction).await?;
        guess.failed(ctx, &transaction).await?;
        transaction.commit().await?;
        return Err(refusal.into());
    }
    let opened = async {
        let accepted = accepted?;
        let standing = Standing::new(ctx, &accepted, &devices);
        let verified = Verified::by_code(challenge.take(&transaction).await?, accepted)?;
        let sign_in = session::open_as(ctx, &transaction, verified, standing).await?;
        guess.succeeded(&transaction).await?;
        let event = Event::success(action, user, sign_in.session_id());
        event.append(ctx, &transaction).await?;
        Ok(sign_in)
    };
    let opened = opened.await;
    let opened = transaction.end_with(opened).await;
    if let Err(Error::Refused(_)) = &opened {
        // The code stays good.
        let alone = ctx.auth.database.alone();
        challenge.failed(&alone).await?;
        guess.failed(ctx, &alone).await?;
    }
    opened
}
