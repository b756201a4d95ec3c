//! `exchangeCode`.

use crate::audit::recorded;
use crate::caller::Ctx;
use crate::error::Error;
use crate::flow::mailed::{confirm, open, present, take};
use crate::refusal::Refusal;
use crate::session::SignIn;
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
    recorded(ctx, ACTION, None, exchange(ctx, input).await).await
}

async fn exchange(ctx: &Ctx<'_>, input: ExchangeCodeInput) -> Result<SignIn, Error> {
    let found = present(ctx, Presented::new(input.code, None)?, Purpose::Exchange).await?;
    let transaction = ctx.auth.database.begin().await?;
    let used = take(ctx, &*transaction, found, &[Purpose::Exchange]).await?;
    let challenge = used.row().code_challenge.as_deref().unwrap_or_default();
    if !proves(&input.code_verifier, challenge) {
        transaction.commit().await?;
        return Err(Refusal::WrongVerifier.into());
    }
    let proved = confirm(ctx, &*transaction, used).await?;
    let sign_in = open(ctx, &*transaction, ACTION, proved).await?;
    transaction.commit().await?;
    Ok(sign_in)
}
