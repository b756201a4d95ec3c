//! A password that is taken away.

use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::caller::Ctx;
use crate::error::Error;
use crate::store;

/// Nobody signs in with the password of this user any more, and it is kept so that it is not used again; tells
/// whether there was one. The row of the user has to be locked.
pub(crate) async fn erase<C: ConnectionTrait>(
    ctx: &Ctx<'_>,
    connection: &C,
    user: Uuid,
) -> Result<bool, Error> {
    let Some(former) = store::users::password_hash(connection, user).await? else {
        return Ok(false);
    };
    store::users::erase_password(connection, user).await?;
    store::password_history::append(connection, (ctx.new_id()?, user), &former, ctx.now()).await?;
    let kept = u64::from(ctx.auth.policy.password_history);
    store::password_history::shorten(connection, user, kept).await?;
    Ok(true)
}
