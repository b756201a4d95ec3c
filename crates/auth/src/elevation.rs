//! When a signed-in user has to be proved anew.

use crate::caller::{Authenticated, Ctx};
use crate::error::Error;
use crate::refusal::Refusal;
use crate::store;

/// Refuses a session that is not elevated, where there is something its user could be proved anew by. Who signs in by
/// mail alone has nothing but the session.
pub(crate) async fn demand(ctx: &Ctx<'_>, session: &Authenticated) -> Result<(), Error> {
    let connection = &ctx.auth.database.connection;
    let elevated = session.elevated && !session.by_pat;
    if elevated || !store::factors::can_be_proved_anew(connection, session.user_id).await? {
        return Ok(());
    }
    Err(Refusal::NotElevated.into())
}
