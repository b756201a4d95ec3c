//! `exchangeCode`.

use crate::audit::Event;
use crate::caller::Ctx;
use crate::error::Error;
use crate::flow::mailed::{confirm, present, take};
use crate::flow::sign_in_email::refuse;
use crate::refusal::Refusal;
use crate::session::{self, Session, SignIn, Verified};
use crate::ticket::{Presented, Purpose, proves};
use crate::value::CodeVerifier;

const ACTION: &str = "exchangeCode";

/// A code that came with a redirection, and what proves that it came to whoever asked.
pub struct ExchangeCodeInput {
    /// The code.
    pub code: String,
    /// The text that the challenge is the hash of.
    pub code_verifier: CodeVerifier,
}

/// Opens a session for the code of a redirection. A code is used up by the first who presents it, also with a
/// wrong verifier: then somebody else has it.
pub async fn exchange_code(ctx: &Ctx<'_>, input: ExchangeCodeInput) -> Result<SignIn, Error> {
    match exchange(ctx, input).await {
        Ok(session) => Ok(SignIn::Done(Box::new(session))),
        Err(Error::Refused(refusal)) => Err(refuse(ctx, ACTION, refusal).await?),
        Err(error) => Err(error),
    }
}

async fn exchange(ctx: &Ctx<'_>, input: ExchangeCodeInput) -> Result<Session, Error> {
    let found = present(ctx, Presented::new(input.code, None)?, Purpose::Exchange).await?;
    let transaction = ctx.auth.database.begin().await?;
    let used = take(ctx, &*transaction, found, &[Purpose::Exchange]).await?;
    let challenge = used.row().code_challenge.as_deref().unwrap_or_default();
    if !proves(&input.code_verifier, challenge) {
        transaction.commit().await?;
        return Err(Refusal::WrongVerifier.into());
    }
    let proved = confirm(ctx, &*transaction, used).await?;
    let user = proved.account.id;
    let verified = Verified::by_mail(proved.account, &proved.used);
    let session = session::open(ctx, &*transaction, verified).await?;
    let event = Event::success(ACTION, user, Some(session.refresh_token_id));
    event.append(ctx, &*transaction).await?;
    transaction.commit().await?;
    Ok(session)
}
