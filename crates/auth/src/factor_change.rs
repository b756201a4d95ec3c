//! What follows where the factors of a user change.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use crate::caller::{Authenticated, Ctx};
use crate::connection::Connection;
use crate::error::Error;
use crate::mail::Template;
use crate::method::Methods;
use crate::refusal::Refusal;
use crate::store::refresh_tokens::Which;
use crate::token::Plain;
use crate::{message, recovery_code, store};

/// Begins a change of the factors of whoever is signed in: keeps others from changing them, and asks once more whether
/// the session goes on, which may have been ended while the request ran. Returns what proved the user in it.
pub(crate) async fn begin<C: Connection>(
    ctx: &Ctx<'_>,
    connection: &C,
    session: &Authenticated,
) -> Result<Methods, Error> {
    store::factors::keep(connection, session.user_id).await?;
    let (id, user) = (session.session_id, session.user_id);
    let methods = store::refresh_tokens::hold(connection, id, user, ctx.now()).await?;
    Ok(methods.ok_or(Refusal::NotSignedIn)?)
}

/// Ends the other sessions of the user, and tells the user.
///
/// The caller adds the event, commits, and then calls [`crate::Auth::after_change`].
pub(crate) async fn follow<C: ConnectionTrait>(
    ctx: &Ctx<'_>,
    connection: &C,
    user: Uuid,
    surviving: Option<Uuid>,
) -> Result<(), Error> {
    if ctx.auth.policy.factor_change_ends_sessions {
        let which = match surviving {
            Some(session) => Which::OthersOf(user, session),
            None => Which::AllOf(user),
        };
        store::refresh_tokens::revoke(connection, which, ctx.now()).await?;
    }
    message::notify(ctx, connection, user, Template::FactorsChanged).await
}

/// Makes recovery codes in the place of all others.
pub(crate) async fn new_recovery_codes<C: ConnectionTrait>(
    ctx: &Ctx<'_>,
    connection: &C,
    user: Uuid,
) -> Result<Vec<Plain>, Error> {
    let codes = recovery_code::create(ctx.auth.entropy.as_ref())?;
    let key = &ctx.auth.keys.code_hash;
    let hashes = codes
        .iter()
        .map(|code| recovery_code::hash(key, user, code))
        .collect();
    store::recovery_codes::replace(connection, user, hashes, ctx.now()).await?;
    Ok(codes.into_iter().map(Plain::new).collect())
}

/// Takes away what came since then, or everything; tells whether there was anything. The database keeps the last
/// way in.
pub(crate) async fn take_away<C: ConnectionTrait>(
    connection: &C,
    user: Uuid,
    since: Option<DateTime<Utc>>,
) -> Result<bool, Error> {
    store::factors::keep(connection, user).await?;
    let stays = match since {
        Some(since) => !store::totp::came_since(connection, user, since).await?,
        None => false,
    };
    let totp = !stays && store::totp::forget(connection, user).await?;
    let keys = store::user_security_keys::remove_all(connection, user, since).await;
    let keys = keys.map_err(classify)?;
    let codes = store::recovery_codes::forget(connection, user, since).await?;
    forget_recovery_codes_of_nothing(connection, user).await?;
    Ok(totp || keys > 0 || codes > 0)
}

/// Both databases say it in the same words.
pub(crate) fn classify(error: DbErr) -> Error {
    match error.to_string().contains("the last way to sign in") {
        true => Refusal::LastWayIn.into(),
        false => error.into(),
    }
}

/// Recovery codes stand in for another factor: without one they are good for nothing.
pub(crate) async fn forget_recovery_codes_of_nothing<C: ConnectionTrait>(
    connection: &C,
    user: Uuid,
) -> Result<(), Error> {
    let held = store::factors::held(connection, user).await?;
    if !held.is_any() {
        store::recovery_codes::forget(connection, user, None).await?;
    }
    Ok(())
}
