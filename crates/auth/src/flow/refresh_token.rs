//! `refreshToken`.

use chrono::TimeDelta;

use crate::audit::Event;
use crate::caller::Ctx;
use crate::error::Error;
use crate::policy::EmailVerification;
use crate::refusal::{RefreshFault, Refusal};
use crate::session::{self, Reopened, Session};
use crate::store;
use crate::store::refresh_tokens::{Found, Which};
use crate::store::rotation::{Rotation, rotate};
use crate::token::{AdoptedToken, RefreshToken};

/// Two tabs, or a request sent again: for so long the previous token gets the same successor.
const GRACE: TimeDelta = TimeDelta::seconds(10);

/// The token to exchange.
pub struct RefreshTokenInput {
    /// As it was handed out.
    pub refresh_token: String,
}

/// Exchanges a refresh token for a new access token and the next refresh token.
///
/// Any number of requests that race with one token get one equal successor. A token that was
/// replaced earlier ends the session: somebody else has it too.
pub async fn refresh_token(ctx: &Ctx<'_>, input: RefreshTokenInput) -> Result<Session, Error> {
    let auth = ctx.auth;
    auth.refreshes.take(ctx.caller)?;
    let presented = read(ctx, &input.refresh_token).await?;
    let (entropy, now) = (auth.entropy.as_ref(), ctx.now());
    let next = presented
        .generation()
        .checked_add(1)
        .ok_or_else(|| refused(RefreshFault::Expired))?;
    let successor = RefreshToken::create(&auth.keys.refresh_mac, entropy, presented.session(), next)?;
    let user_agent = ctx.caller.stored_user_agent();
    let rotation = Rotation {
        session: presented.session(),
        generation: presented.generation(),
        adopted: presented.is_adopted(),
        hash: presented.hash(),
        successor_hash: successor.hash(),
        sealed_successor: presented.seal_successor(entropy, &successor)?,
        now,
        expires_at: now + auth.policy.session_idle_lifetime,
        app_expires_at: now + auth.policy.app_session_idle_lifetime,
        session_expires_at: now + auth.policy.session_lifetime,
        ip: ctx.caller.address.to_canonical().to_string(),
        user_agent: user_agent.as_deref(),
        needs_verified: auth.policy.email_verification == EmailVerification::Required,
        guarded_roles: auth.policy.guarded_roles(),
        grace_since: now - auth.policy.second_factor_grace,
    };
    match rotate(&auth.database, rotation).await? {
        Some(rotated) => session::go_on(ctx, rotated, presented.session(), successor.into_plain()).await,
        None => not_current(ctx, &presented).await,
    }
}

/// Reads a token that this service made, or one of Hasura Auth: the first of its session, however far that is.
pub(super) async fn read(ctx: &Ctx<'_>, text: &str) -> Result<RefreshToken, Error> {
    let Some(adopted) = AdoptedToken::parse(text) else {
        let presented = RefreshToken::parse(&ctx.auth.keys.refresh_mac, text);
        return Ok(presented.map_err(Refusal::RefreshToken)?);
    };
    let connection = ctx.auth.database.reads();
    let session = store::refresh_tokens::adopted(&connection, adopted.hash()).await?;
    let session = session.ok_or_else(|| refused(RefreshFault::UnknownSession))?;
    Ok(adopted.of_session(session))
}

/// What to do with a genuine token that is not the current one, or whose user may not act.
async fn not_current(ctx: &Ctx<'_>, presented: &RefreshToken) -> Result<Session, Error> {
    let (connection, now) = (ctx.auth.database.reads(), ctx.now());
    let found = store::refresh_tokens::find(&connection, presented.session()).await?;
    let found = found.ok_or_else(|| refused(RefreshFault::UnknownSession))?;
    if found.revoked_at.is_some() {
        return Err(refused(RefreshFault::SessionEnded));
    }
    if found.expires_at <= now || found.session_expires_at.is_some_and(|at| at <= now) {
        return Err(refused(RefreshFault::Expired));
    }
    let account = store::users::account(&connection, found.user_id).await?;
    let account = account.ok_or_else(|| refused(RefreshFault::UnknownSession))?;
    // The door would say so below; here it also keeps a stale token of a locked user from ending anything.
    session::check(ctx, &account, &found).await?;
    match standing(&found, presented, now) {
        Standing::Previous(sealed) => {
            let reopened = Reopened::by_previous(account, presented, sealed, &found)?;
            session::go_on_beside(ctx, reopened, presented.session()).await
        }
        Standing::Stale => {
            end(ctx, &found, presented).await?;
            Err(refused(RefreshFault::Reused))
        }
        Standing::Unknown => Err(refused(RefreshFault::Mismatch)),
    }
}

/// Where a token stands in the history of its session.
enum Standing<'a> {
    /// Replaced a moment ago by the one sealed here.
    Previous(&'a [u8]),
    /// Replaced before.
    Stale,
    /// Not a token this row ever held.
    Unknown,
}

fn standing<'a>(
    found: &'a Found,
    presented: &RefreshToken,
    now: chrono::DateTime<chrono::Utc>,
) -> Standing<'a> {
    let generation = i64::from(presented.generation());
    let hash = presented.hash();
    let previous = found.previous_token_hash.as_deref() == Some(hash.as_str());
    let recent = found.rotated_at.is_some_and(|at| now - at <= GRACE);
    match &found.sealed_successor {
        Some(sealed) if found.generation == generation + 1 && previous && recent => {
            Standing::Previous(sealed)
        }
        _ if found.generation > generation => Standing::Stale,
        _ => Standing::Unknown,
    }
}

async fn end(ctx: &Ctx<'_>, found: &Found, presented: &RefreshToken) -> Result<(), Error> {
    let session = presented.session();
    let transaction = ctx.auth.database.begin().await?;
    let ended = store::refresh_tokens::revoke(&*transaction, Which::Session(session), ctx.now()).await?;
    // Of several that present it at once, one ends the session and records it.
    if ended > 0 {
        let refusal = Refusal::RefreshToken(RefreshFault::Reused);
        let event = Event::refused("refreshToken", Some(found.user_id), refusal).in_session(session);
        event.append(ctx, &*transaction).await?;
    }
    transaction.commit().await?;
    ctx.auth.after_change().await;
    Ok(())
}

fn refused(fault: RefreshFault) -> Error {
    Refusal::RefreshToken(fault).into()
}
