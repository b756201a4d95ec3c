//! `confirmTicket`.

use crate::audit::{Event, recorded};
use crate::caller::Ctx;
use crate::error::Error;
use crate::flow::mailed::{LINKS, fulfil, open, present, take};
use crate::refusal::Refusal;
use crate::session::SignIn;
use crate::store;
use crate::ticket::{Presented, Purpose, proves};
use crate::value::CodeVerifier;

const ACTION: &str = "confirmTicket";

/// What was mailed.
pub struct ConfirmTicketInput {
    /// The ticket of a link, or the code of a mail that confirms an address, with that address. The code of an
    /// address that is not that of the account yet is good for whoever asked, signed in.
    pub presented: Presented,
    /// What proves that it was asked for here.
    pub code_verifier: Option<CodeVerifier>,
}

/// Does what a mailed link is for where an application got the link itself. A session is opened for a link that
/// signs in, and for one that confirms an address where the caller proves to have asked for it.
pub async fn confirm_ticket(ctx: &Ctx<'_>, input: ConfirmTicketInput) -> Result<SignIn, Error> {
    let done = confirmed(ctx, input).await;
    if done.is_ok() {
        ctx.auth.after_change().await;
    }
    recorded(ctx, ACTION, None, done).await
}

async fn confirmed(ctx: &Ctx<'_>, input: ConfirmTicketInput) -> Result<SignIn, Error> {
    let purpose = code_purpose(ctx, &input.presented).await?;
    let found = present(ctx, input.presented, purpose).await?;
    let transaction = ctx.auth.database.begin().await?;
    let used = take(ctx, &*transaction, found, &LINKS).await?;
    let signs_in = used.is_for(Purpose::SignIn);
    let challenge = used.row().code_challenge.as_deref();
    let asked_here = match (challenge, &input.code_verifier) {
        (Some(challenge), Some(verifier)) if proves(verifier, challenge) => true,
        (Some(_), Some(_)) => return Err(Refusal::WrongVerifier.into()),
        (Some(_), None) if signs_in => return Err(Refusal::WrongVerifier.into()),
        (_, None) | (None, Some(_)) => false,
    };
    let proved = fulfil(ctx, &*transaction, used).await?;
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

/// What a code is for: what whoever is signed in asked for, if it was mailed there; else it confirms an address. What a ticket is for is known from the ticket.
async fn code_purpose(ctx: &Ctx<'_>, presented: &Presented) -> Result<Purpose, Error> {
    let (Presented::Code { email, .. }, Some(session)) = (presented, ctx.session) else {
        return Ok(Purpose::VerifyEmail);
    };
    let (connection, subject) = (&ctx.auth.database.connection, session.user_id.to_string());
    for purpose in [Purpose::ChangeEmail, Purpose::Deanonymize] {
        let place = (subject.as_str(), email);
        if store::tickets::is_open(connection, purpose, place, ctx.now()).await? {
            return Ok(purpose);
        }
    }
    Ok(Purpose::VerifyEmail)
}
