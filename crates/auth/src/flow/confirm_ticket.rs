//! `confirmTicket`.

use crate::audit::Event;
use crate::caller::Ctx;
use crate::error::Error;
use crate::flow::mailed::{confirm, enter, open, present, refuse, take};
use crate::refusal::Refusal;
use crate::session::SignIn;
use crate::ticket::{Presented, Purpose, proves};
use crate::value::CodeVerifier;

const ACTION: &str = "confirmTicket";

/// What was mailed.
pub struct ConfirmTicketInput {
    /// The ticket of a link, or the code of a mail that confirms an address, with that address.
    pub presented: Presented,
    /// What proves that it was asked for here.
    pub code_verifier: Option<CodeVerifier>,
}

/// Does what a mailed link is for where an application got the link itself. A session is opened for a link that
/// signs in, and for one that confirms an address where the caller proves to have asked for it.
pub async fn confirm_ticket(ctx: &Ctx<'_>, input: ConfirmTicketInput) -> Result<SignIn, Error> {
    match confirmed(ctx, input).await {
        Ok(sign_in) => {
            ctx.auth.after_change().await;
            Ok(sign_in)
        }
        Err(Error::Refused(refusal)) => Err(refuse(ctx, ACTION, refusal).await?),
        Err(error) => Err(error),
    }
}

async fn confirmed(ctx: &Ctx<'_>, input: ConfirmTicketInput) -> Result<SignIn, Error> {
    let found = present(ctx, input.presented, Purpose::VerifyEmail).await?;
    let transaction = ctx.auth.database.begin().await?;
    let used = take(
        ctx,
        &*transaction,
        found,
        &[Purpose::VerifyEmail, Purpose::SignIn],
    )
    .await?;
    let signs_in = used.row().purpose == Purpose::SignIn.as_str();
    let challenge = used.row().code_challenge.as_deref();
    let asked_here = match (challenge, &input.code_verifier) {
        (Some(challenge), Some(verifier)) if proves(verifier, challenge) => true,
        (Some(_), Some(_)) => return Err(Refusal::WrongVerifier.into()),
        (Some(_), None) if signs_in => return Err(Refusal::WrongVerifier.into()),
        (_, None) | (None, Some(_)) => false,
    };
    let proved = match signs_in {
        true => enter(ctx, &*transaction, used).await?,
        false => confirm(ctx, &*transaction, used).await?,
    };
    let sign_in = match signs_in || asked_here {
        true => open(ctx, &*transaction, ACTION, proved).await?,
        false => {
            let event = Event::success(ACTION, proved.account.id, None);
            event.append(ctx, &*transaction).await?;
            SignIn::Confirmed
        }
    };
    transaction.commit().await?;
    Ok(sign_in)
}
