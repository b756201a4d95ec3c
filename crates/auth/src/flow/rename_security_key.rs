//! `renameSecurityKey`.

use uuid::Uuid;

use crate::audit::Event;
use crate::caller::Ctx;
use crate::error::Error;
use crate::refusal::Refusal;
use crate::store;
use crate::value::Nickname;

/// Which passkey is called what.
pub struct RenameSecurityKeyInput {
    /// Id of one of the caller's passkeys.
    pub id: Uuid,
    /// Its name; none to forget it.
    pub nickname: Option<Nickname>,
}

/// Gives one of the caller's own passkeys another name. Another user's is answered like one that does not exist.
pub async fn rename_security_key(ctx: &Ctx<'_>, input: RenameSecurityKeyInput) -> Result<(), Error> {
    let session = ctx.session.ok_or(Refusal::NotSignedIn)?;
    ctx.auth.limit_sign_in(ctx.caller).await?;
    let nickname = input.nickname.as_ref().map(Nickname::as_str);
    let transaction = ctx.auth.database.begin().await?;
    if !store::user_security_keys::rename(&*transaction, session.user_id, input.id, nickname).await? {
        return Err(Refusal::UnknownSecurityKey.into());
    }
    let event = Event::success("renameSecurityKey", session.user_id, Some(session.session_id));
    event.append(ctx, &*transaction).await?;
    Ok(transaction.commit().await?)
}
