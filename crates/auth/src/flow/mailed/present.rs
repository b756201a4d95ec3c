//! To present what was in a mail, and to use it up.

use uuid::Uuid;

use crate::caller::Ctx;
use crate::connection::Connection;
use crate::error::Error;
use crate::limit::Guess;
use crate::message;
use crate::refusal::Refusal;
use crate::store;
use crate::store::tickets::Used;
use crate::ticket::{self, Presented, Purpose};

/// What was presented, counted and compared, but not used up.
pub(in crate::flow) enum Found {
    /// By the secret of the link.
    Ticket(Vec<u8>),
    /// By a code that was right.
    Code(Uuid, Guess),
}

/// Counts what is presented and compares it.
pub(in crate::flow) async fn present(
    ctx: &Ctx<'_>,
    presented: Presented,
    purpose: Purpose,
) -> Result<Found, Error> {
    let auth = ctx.auth;
    auth.limit_sign_in(ctx.caller).await?;
    let (email, code) = match presented {
        Presented::Ticket(text) => return Ok(Found::Ticket(ticket::hash(&text))),
        Presented::Code { email, code } => (email, code),
    };
    let guess = auth.guess(&email).await?;
    let subject = match (purpose, ctx.session) {
        // The address is not that of the account yet.
        (Purpose::ChangeEmail | Purpose::Deanonymize, Some(session)) => session.user_id.to_string(),
        _ => {
            let found = store::users::addressee(&auth.database.reads(), &email).await?;
            message::subject(found.map(|found| found.id), &email)
        }
    };
    let open = store::tickets::guess(&auth.database.alone(), purpose, &subject, ctx.now()).await?;
    let (id, expected) = open.ok_or(Refusal::InvalidTicket)?;
    match ticket::matches(&ticket::code_hash(&auth.keys.code_hash, id, &code), &expected) {
        true => Ok(Found::Code(id, guess)),
        false => Err(Refusal::InvalidTicket.into()),
    }
}

/// Uses up what was found, in the transaction of what it is used for.
pub(in crate::flow) async fn take<C: Connection>(
    ctx: &Ctx<'_>,
    connection: &C,
    found: Found,
    purposes: &[Purpose],
) -> Result<Used, Error> {
    let used = match found {
        Found::Ticket(hash) => store::tickets::take(connection, purposes, hash, ctx.now()).await?,
        Found::Code(id, guess) => {
            guess.succeeded(connection).await?;
            store::tickets::take_by_id(connection, id).await?
        }
    };
    Ok(used.ok_or(Refusal::InvalidTicket)?)
}
