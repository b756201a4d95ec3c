//! What has expired is deleted.

use chrono::{DateTime, TimeDelta, Utc};

use crate::auth::Auth;
use crate::error::Error;
use crate::port::now;
use crate::store::expired::{AT_ONCE, Expiring, delete, delete_messages};

/// For so long a user can see that a session was there; networks are known for as long.
const SESSIONS_SHOWN: TimeDelta = TimeDelta::days(30);
/// Statements for one table at most: what is left goes a minute later.
const TURNS: usize = 50;

impl Auth {
    /// Deletes what has expired, a little at a time: between two statements others may write.
    pub(crate) async fn delete_expired(&self) -> Result<(), Error> {
        let now = now(self.clock.as_ref());
        for expiring in [Expiring::Limits, Expiring::Tickets, Expiring::Challenges] {
            self.delete_rows(expiring, now).await?;
        }
        self.delete_rows(Expiring::Sessions, now - SESSIONS_SHOWN).await?;
        self.delete_messages(now).await
    }

    async fn delete_rows(&self, expiring: Expiring, before: DateTime<Utc>) -> Result<(), Error> {
        for _ in 0..TURNS {
            let _turn = self.database.turn().await;
            if delete(&self.database.connection, expiring, before).await? < AT_ONCE {
                break;
            }
        }
        Ok(())
    }

    /// Says how many messages never were sent.
    async fn delete_messages(&self, before: DateTime<Utc>) -> Result<(), Error> {
        let mut lost = 0;
        for _ in 0..TURNS {
            let _turn = self.database.turn().await;
            let (deleted, unsent) = delete_messages(&self.database.connection, before).await?;
            lost += unsent;
            if deleted < AT_ONCE {
                break;
            }
        }
        if lost > 0 {
            tracing::warn!(messages = lost, "messages expired before they could be sent");
        }
        Ok(())
    }
}
