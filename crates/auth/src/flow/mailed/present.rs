//! To present what was in a mail, and to use it up.

use uuid::Uuid;

use crate::caller::Ctx;
use crate::connection::Connection;
use crate::error::Error;
use crate::evenly::refusing_evenly;
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

impl Found {
    /// What was right was no guess, though nothing came of it.
    pub(in crate::flow) async fn give_back(self, ctx: &Ctx<'_>) -> Result<(), Error> {
        let Self::Code(id, guess) = self else {
            return Ok(());
        };
        let connection = ctx.auth.database.alone();
        guess.succeeded(&connection).await?;
        Ok(store::tickets::give_back(&connection, id).await?)
    }
}

/// Counts what is presented and compares it. A wrong code takes the same time whether or not there is a right one.
pub(in crate::flow) async fn present(
    ctx: &Ctx<'_>,
    presented: Presented,
    purpose: Purpose,
) -> Result<Found, Error> {
    refusing_evenly(compare(ctx, presented, purpose)).await
}

async fn compare(ctx: &Ctx<'_>, presented: Presented, purpose: Purpose) -> Result<Found, Error> {
    let auth = ctx.auth;
    auth.limit_sign_in(ctx.caller).await?;
    let (email, code) = match presented {
        Presented::Ticket(text) => return Ok(Found::Ticket(ticket::hash(&text))),
        Presented::Code { email, code } => (email, code),
    };
    let asker = match purpose {
        // The address is not that of the account yet.
        Purpose::ChangeEmail | Purpose::Deanonymize => ctx.session.map(|session| session.user_id),
        _ => None,
    };
    let guess = auth.guess(&email, asker).await?;
    let user = match asker {
        Some(asker) => Some(asker),
        None => {
            let found = store::users::addressee(&auth.database.reads(), &email).await?;
            found.map(|found| found.id)
        }
    };
    let subject = message::subject(user, &email);
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
