//! `elevateWebauthn` and `verifyElevateWebauthn`.

use serde_json::Value;

use crate::audit::{Event, recorded};
use crate::caller::{Authenticated, Ctx};
use crate::error::Error;
use crate::flow::passkey::{Presented, allowed, present};
use crate::passkey::{self, Asked, Assertion, Ceremony};
use crate::refusal::Refusal;
use crate::session::{self, Elevating, Fresh, Session};

const ACTION: &str = "verifyElevateWebauthn";

/// Asks for a signature of one of the user's passkeys: `PublicKeyCredentialRequestOptionsJSON`.
pub async fn elevate_webauthn(ctx: &Ctx<'_>) -> Result<Value, Error> {
    let auth = ctx.auth;
    let party = auth.relying_party()?;
    let session = ctx.session.ok_or(Refusal::NotSignedIn)?;
    auth.limit_sign_in(ctx.caller).await?;
    let credentials = allowed(ctx, &auth.database.reads(), session.user_id).await?;
    if credentials.is_empty() {
        return Err(Refusal::UnknownSecurityKey.into());
    }
    let question = party.ask_for_signature(&credentials)?;
    let asked = Asked {
        user: Some(session.user_id),
        within: Some(session.session_id),
        state: question.state,
    };
    let connection = auth.database.alone();
    passkey::ask(ctx, &connection, Ceremony::Elevate, &question.challenge, &asked).await?;
    Ok(question.options)
}

/// What the passkey signed.
pub struct VerifyElevateWebauthnInput {
    /// The signature.
    pub credential: Assertion,
}

/// Elevates the session that asked, if its own user signed.
pub async fn verify_elevate_webauthn(
    ctx: &Ctx<'_>,
    input: VerifyElevateWebauthnInput,
) -> Result<Session, Error> {
    let session = ctx.session.ok_or(Refusal::NotSignedIn)?;
    ctx.auth.limit_sign_in(ctx.caller).await?;
    let elevated = match present(ctx, Ceremony::Elevate, input.credential).await {
        Ok(presented) => elevate(ctx, session, presented).await,
        Err(error) => Err(error),
    };
    recorded(ctx, ACTION, Some(session.user_id), elevated).await
}

async fn elevate(ctx: &Ctx<'_>, session: &Authenticated, presented: Presented) -> Result<Session, Error> {
    presented.asked.check(session.user_id, session.session_id)?;
    let checked = presented.check(ctx)?;
    let transaction = ctx.auth.database.begin_direct().await?;
    let (account, proof) = checked.enter(ctx, &transaction).await?;
    let elevating = Elevating::of(ctx, &transaction, session).await?;
    let fresh = Fresh::by_passkey(account, &proof);
    let elevated = session::elevate(ctx, &transaction, elevating, fresh).await?;
    let event = Event::success(ACTION, session.user_id, Some(session.session_id));
    event.append(ctx, &transaction).await?;
    transaction.commit().await?;
    Ok(elevated)
}
