//! Sessions that ended long ago.

use chrono::TimeDelta;

use crate::auth::Auth;
use crate::error::Error;
use crate::port::now;
use crate::store;

/// For so long a user can see that a session was there; networks are known for as long.
const SHOWN: TimeDelta = TimeDelta::days(30);
/// Rows deleted at once: others wait to write meanwhile, and each is a notice to every node.
const AT_ONCE: u64 = 1_000;

impl Auth {
    /// Deletes sessions and personal access tokens that nobody could use for a month.
    pub(crate) async fn purge_sessions(&self) -> Result<(), Error> {
        let before = now(self.clock.as_ref()) - SHOWN;
        let _turn = self.database.turn().await;
        store::refresh_tokens::purge(&self.database.connection, before, AT_ONCE).await?;
        Ok(())
    }
}
