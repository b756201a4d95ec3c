//! A new password in the place of the old one, with what follows from it.

use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::caller::Ctx;
use crate::error::Error;
use crate::mail::Template;
use crate::message;
use crate::refusal::Refusal;
use crate::store;
use crate::store::refresh_tokens::Which;
use crate::store::users::Owner;

/// What takes the place of the password of a user.
pub(crate) struct Replacement<'a> {
    /// The user as read before the work.
    pub(crate) owner: &'a Owner,
    /// The hash of the new password.
    pub(crate) hash: String,
    /// The session that goes on.
    pub(crate) surviving: Option<Uuid>,
}

/// Writes the new password if the old one is still what it was, keeps the old one so that it is not used again,
/// ends the other sessions, personal access tokens and everything that was mailed, and tells the owner. Of several that are under way at once, one succeeds.
///
/// The caller adds the event, commits, and then calls [`crate::Auth::after_change`].
pub(crate) async fn replace<C: ConnectionTrait>(
    ctx: &Ctx<'_>,
    connection: &C,
    replacement: Replacement<'_>,
) -> Result<(), Error> {
    let Replacement {
        owner,
        hash,
        surviving,
    } = replacement;
    let (user, now) = (owner.id(), ctx.now());
    let former = owner.credentials.password_hash.as_deref();
    // Whoever can read the mail of the owner may have asked for them. Tickets come before their user wherever both
    // are written: two that went the other way round would wait for each other.
    store::tickets::forget_of(connection, user).await?;
    if !store::users::replace_password(connection, user, former, &hash).await? {
        return Err(Refusal::PasswordChangedMeanwhile.into());
    }
    if let Some(former) = former {
        store::password_history::append(connection, (ctx.new_id()?, user), former, now).await?;
    }
    // The present password is one of those that are not to be used again.
    let kept = u64::from(ctx.auth.policy.password_history.saturating_sub(1));
    store::password_history::shorten(connection, user, kept).await?;
    let which = match surviving {
        Some(session) => Which::EverythingElseOf(user, session),
        None => Which::EverythingOf(user),
    };
    store::refresh_tokens::revoke(connection, which, now).await?;
    if let Some(email) = owner.email() {
        let locale = owner.locale(&ctx.auth.policy);
        message::notice(
            ctx,
            connection,
            Template::PasswordChanged,
            (&email, locale.as_str()),
        )
        .await?;
    }
    Ok(())
}
