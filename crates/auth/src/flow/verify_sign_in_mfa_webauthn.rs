//! `verifySignInMfaWebauthn`.

use tokio::try_join;

use crate::audit::{Event, recorded};
use crate::caller::Ctx;
use crate::error::Error;
use crate::flow::passkey::{Presented, present};
use crate::passkey::{Assertion, Ceremony};
use crate::second_factor::{self, Pending};
use crate::session::{self, SignIn, Standing, Verified};

const ACTION: &str = "verifySignInMfaWebauthn";

/// The second proof of a sign-in.
pub struct VerifySignInMfaWebauthnInput {
    /// What came with the options.
    pub ticket: String,
    /// The signature.
    pub credential: Assertion,
}

/// Opens the session that awaits a second proof, for what a passkey of the same user signed.
pub async fn verify_sign_in_mfa_webauthn(
    ctx: &Ctx<'_>,
    input: VerifySignInMfaWebauthnInput,
) -> Result<SignIn, Error> {
    let mut user = None;
    let entered = async {
        let pending = second_factor::present(ctx, &input.ticket).await?;
        user = Some(pending.user);
        let presented = present(ctx, Ceremony::SecondFactor, input.credential).await?;
        enter(ctx, pending, presented).await
    };
    let entered = entered.await;
    recorded(ctx, ACTION, user, entered).await
}

async fn enter(ctx: &Ctx<'_>, pending: Pending, presented: Presented) -> Result<SignIn, Error> {
    presented.asked.check(pending.user, pending.within())?;
    let checked = presented.check(ctx)?;
    let transaction = ctx.auth.database.begin_direct().await?;
    let user = pending.user;
    let (answered, (account, proof), standing) = try_join!(
        biased;
        pending.take(ctx, &transaction),
        checked.enter(ctx, &transaction),
        Standing::of(ctx, &transaction, user),
    )?;
    let verified = Verified::by_second_passkey(answered, account, &proof)?;
    let signed_in = session::open_as(ctx, &transaction, verified, standing).await?;
    let event = Event::success(ACTION, user, signed_in.session_id());
    event.append(ctx, &transaction).await?;
    transaction.commit().await?;
    Ok(signed_in)
}
