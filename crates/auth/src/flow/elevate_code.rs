//! `elevateTotp` and `elevateRecoveryCode`: the session of a user who is proved anew by a code.

use tokio::try_join;

use crate::audit::{Event, recorded};
use crate::caller::{Authenticated, Ctx};
use crate::devices::Devices;
use crate::error::Error;
use crate::limit::FactorGuesses;
use crate::prove_factor::{self, FactorCode};
use crate::refusal::Refusal;
use crate::session::{self, Elevating, Fresh, Session};

/// What proves the user anew.
pub struct ElevateCodeInput {
    /// The code.
    pub code: FactorCode,
}

/// Elevates the session for a while, as [`super::elevate_password`] does.
pub async fn elevate_code(ctx: &Ctx<'_>, input: ElevateCodeInput) -> Result<Session, Error> {
    let session = ctx.session.ok_or(Refusal::NotSignedIn)?;
    let action = match input.code {
        FactorCode::Totp(_) => "elevateTotp",
        FactorCode::Recovery(_) => "elevateRecoveryCode",
    };
    recorded(
        ctx,
        action,
        Some(session.user_id),
        elevate(ctx, session, action, &input.code).await,
    )
    .await
}

async fn elevate(
    ctx: &Ctx<'_>,
    session: &Authenticated,
    action: &'static str,
    code: &FactorCode,
) -> Result<Session, Error> {
    let user = session.user_id;
    let (counting, transaction) = ctx.auth.limit_sign_in_and_begin(ctx.caller).await?;
    let read = async {
        try_join!(
            biased;
            prove_factor::holder(&transaction, user),
            Elevating::of(ctx, &transaction, session),
            Devices::of(ctx, &transaction, user),
            FactorGuesses::of(ctx, &transaction, user),
        )
    };
    let (holder, elevating, devices, guesses) = counting.then(read).await?;
    let guess = guesses.begin(ctx, &devices)?;
    let accepted = prove_factor::of_holder(ctx, &transaction, holder, code).await;
    if let Err(Error::Refused(refusal)) = accepted {
        guess.failed(ctx, &transaction).await?;
        transaction.commit().await?;
        return Err(refusal.into());
    }
    let elevated = async {
        let fresh = Fresh::by_code(accepted?);
        let elevated = session::elevate(ctx, &transaction, elevating, fresh).await?;
        guess.succeeded(&transaction).await?;
        let event = Event::success(action, user, Some(session.session_id));
        event.append(ctx, &transaction).await?;
        Ok(elevated)
    };
    let elevated = elevated.await;
    let elevated = transaction.end_with(elevated).await;
    if let Err(Error::Refused(_)) = &elevated {
        // The code stays good.
        guess.failed(ctx, &ctx.auth.database.alone()).await?;
    }
    elevated
}
