//! What the button behind a mailed link does.

use portico_entity::tickets;
use sea_orm::ActiveValue::Set;
use sea_orm::ConnectionTrait;

use crate::audit::{Event, recorded};
use crate::caller::Ctx;
use crate::error::Error;
use crate::flow::mailed::{Found, LINKS, Proved, fulfil, present, take};
use crate::refusal::Refusal;
use crate::store;
use crate::store::tickets::Used;
use crate::ticket::{Presented, Purpose, Ticket};
use crate::value::RedirectUrl;

const ACTION: &str = "followLink";

/// What a link came to.
pub struct Followed {
    /// Where to go on: with a code for whoever asked for the link, where they can prove that they did.
    pub redirect_to: Option<String>,
}

/// Does what a mailed link is for. A link that signs in does so for whoever asked for it, hence not without a
/// challenge: then the code of the mail has to be entered where it was asked for.
pub async fn follow_link(ctx: &Ctx<'_>, ticket: String) -> Result<Followed, Error> {
    let done = follow(ctx, ticket).await;
    if done.is_ok() {
        ctx.auth.after_change().await;
    }
    recorded(ctx, ACTION, None, done).await
}

async fn follow(ctx: &Ctx<'_>, ticket: String) -> Result<Followed, Error> {
    // Counted like a sign-in; what it is for follows from the ticket.
    let found: Found = present(ctx, Presented::new(ticket, None)?, Purpose::SignIn).await?;
    let transaction = ctx.auth.database.begin().await?;
    let used = take(ctx, &*transaction, found, &LINKS).await?;
    // Without a challenge, or a place to take the result to, nobody would be signed in.
    let gets_session = used.row().code_challenge.is_some() && target(ctx, &used).is_some();
    if used.is_for(Purpose::SignIn) && !gets_session {
        return Err(Refusal::LinkNeedsCode.into());
    }
    let purpose = LINKS.into_iter().find(|purpose| used.is_for(*purpose));
    let purpose = purpose.ok_or(Refusal::InvalidTicket)?;
    let proved = fulfil(ctx, &*transaction, used).await?;
    Event::success(ACTION, proved.account.id, None)
        .append(ctx, &*transaction)
        .await?;
    let followed = hand_over(ctx, &*transaction, &proved, purpose).await?;
    transaction.commit().await?;
    Ok(followed)
}

/// Where a link leads in the end, if anywhere.
fn target(ctx: &Ctx<'_>, used: &Used) -> Option<RedirectUrl> {
    let policy = &ctx.auth.policy;
    // What is listed may have changed since.
    let targets = [used.row().redirect_to.as_deref(), policy.client_url.as_deref()];
    let mut targets = targets.into_iter().flatten();
    targets.find_map(|url| RedirectUrl::parse(url, policy).ok())
}

/// Where the link leads, with a code that only whoever asked can exchange for a session.
pub(super) async fn hand_over<C: ConnectionTrait>(
    ctx: &Ctx<'_>,
    connection: &C,
    proved: &Proved,
    purpose: Purpose,
) -> Result<Followed, Error> {
    let row = proved.used.row();
    let policy = &ctx.auth.policy;
    let Some(target) = target(ctx, &proved.used) else {
        return Ok(Followed { redirect_to: None });
    };
    let mut parameters = vec![("type", purpose.link_type().to_owned())];
    if let Some(challenge) = &row.code_challenge {
        let code = Ticket::create(ctx.auth.entropy.as_ref())?;
        let now = ctx.now();
        let exchange = tickets::ActiveModel {
            id: Set(ctx.new_id()?),
            purpose: Set(Purpose::Exchange.as_str().to_owned()),
            subject: Set(hex::encode(&code.hash)),
            user_id: Set(Some(proved.account.id)),
            address: Set(proved.email.as_str().to_owned()),
            ticket_hash: Set(code.hash),
            code_challenge: Set(Some(challenge.clone())),
            created_at: Set(now),
            expires_at: Set(now + Purpose::Exchange.lifetime(policy)),
            ..Default::default()
        };
        store::tickets::put(connection, exchange).await?;
        parameters.push(("code", code.text.reveal().to_owned()));
    }
    Ok(Followed {
        redirect_to: Some(target.with(&parameters)),
    })
}
