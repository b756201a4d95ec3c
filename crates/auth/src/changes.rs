//! What ended elsewhere: notices of the database, read by every node several times a second.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::DbErr;

use crate::auth::Auth;
use crate::error::Error;
use crate::port::now;
use crate::store::change_notices::{self, Notices, Subject};
use crate::store::expired::AT_ONCE;
use crate::token_cache::TokenCounters;

/// With more of them at once everything is forgotten.
const MOST_NOTICES: usize = 10_000;
/// A database that does not answer for so long is away.
const PATIENCE: Duration = Duration::from_secs(2);
/// After a longer pause everything is forgotten: notices are not kept for ever.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Notices are deleted when every node that goes on reading has read them long since.
const KEPT: Duration = Duration::from_secs(600);

/// How far this node has read.
#[derive(Default)]
pub(crate) struct Changes {
    last: Option<Look>,
    /// Everything before this position was read then, and will be deleted.
    purge: Option<(Instant, i64)>,
}

struct Look {
    began: Instant,
    began_at: DateTime<Utc>,
    next: i64,
    /// What was told may be told again.
    seen: HashSet<i64>,
}

impl Auth {
    /// Reads what ended since the last time and forgets the tokens concerned. To be called several times a
    /// second: tokens are only remembered while this succeeds.
    pub async fn catch_up(&self) -> Result<(), Error> {
        let asked = Instant::now();
        let mut changes = self.changes.lock().await;
        if changes.last.as_ref().is_some_and(|last| last.began >= asked) {
            // Somebody else has looked while this one waited.
            return Ok(());
        }
        let (began, began_at) = (Instant::now(), now(self.clock.as_ref()));
        // Before the first look there is nothing to forget.
        let position = changes.last.as_ref().map_or(i64::MAX, |last| last.next);
        let reads = self.database.reads();
        let reading = change_notices::since(&reads, position, MOST_NOTICES + 1);
        let read = match tokio::time::timeout(PATIENCE, reading).await {
            Ok(read) => read,
            Err(_) => Err(DbErr::Custom("no answer about changes in time".to_owned())),
        };
        let read = read.inspect_err(|_| self.tokens.distrust())?;
        let look = Look {
            began,
            began_at,
            next: read.next,
            seen: read.notices.iter().map(|(id, _)| *id).collect(),
        };
        for subject in forgotten(changes.last.as_ref(), &look, &read) {
            self.tokens.forget(subject);
        }
        changes.last = Some(look);
        self.tokens.trust(began);
        Ok(())
    }

    /// To be called after a change and before it is answered: the next request on this node sees it. If the
    /// change cannot be read, no token is remembered any more.
    pub async fn after_change(&self) {
        if let Err(error) = self.catch_up().await {
            tracing::warn!(%error, "changes could not be read; sessions are looked up");
        }
    }

    /// How the memory for access tokens does.
    pub fn token_counters(&self) -> TokenCounters {
        self.tokens.counters()
    }

    /// Deletes notices that were read so long ago. By the age since this node read them, not by their time:
    /// a transaction may have written one long before it ended.
    pub(crate) async fn purge_notices(&self, age: Duration) -> Result<(), Error> {
        let due = {
            let mut changes = self.changes.lock().await;
            let next = changes.last.as_ref().map(|last| last.next);
            let due = changes.purge.filter(|(since, _)| since.elapsed() >= age);
            if due.is_some() || changes.purge.is_none() {
                changes.purge = next.map(|next| (Instant::now(), next));
            }
            due
        };
        let Some((_, position)) = due else {
            return Ok(());
        };
        loop {
            let _turn = self.database.turn().await;
            if change_notices::purge(&self.database.connection, position).await? < AT_ONCE {
                return Ok(());
            }
        }
    }

    /// Deletes notices that no node needs any more.
    pub(crate) async fn purge_old_notices(&self) -> Result<(), Error> {
        self.purge_notices(KEPT).await
    }
}

/// What a look says is to be forgotten.
fn forgotten(last: Option<&Look>, look: &Look, read: &Notices) -> Vec<Subject> {
    let Some(last) = last else {
        return vec![Subject::Everything];
    };
    // Both clocks: the one may stand still while the machine sleeps, the other may be set.
    let paused = look.began - last.began > LONGEST_PAUSE
        || (look.began_at - last.began_at).abs() > TimeDelta::from_std(LONGEST_PAUSE).unwrap_or_default();
    // Positions only grow, unless this is another database than before, as from a backup.
    if paused || look.next < last.next || read.notices.len() > MOST_NOTICES {
        return vec![Subject::Everything];
    }
    let news = read.notices.iter().filter(|(id, _)| !last.seen.contains(id));
    news.map(|(_, subject)| *subject).collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn look(next: i64, seen: &[i64]) -> Look {
        Look {
            began: Instant::now(),
            began_at: DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
            next,
            seen: seen.iter().copied().collect(),
        }
    }

    fn read(next: i64, ids: impl IntoIterator<Item = i64>) -> Notices {
        let notice = |id: i64| (id, Subject::User(Uuid::from_u128(id.unsigned_abs().into())));
        Notices {
            next,
            notices: ids.into_iter().map(notice).collect(),
        }
    }

    #[test]
    fn a_notice_told_twice_counts_once() {
        let last = look(5, &[1, 2]);
        let news = forgotten(Some(&last), &look(5, &[]), &read(5, [1, 2, 3]));
        assert_eq!(news, [Subject::User(Uuid::from_u128(3))]);
        assert!(forgotten(Some(&last), &look(6, &[]), &read(6, [])).is_empty());
    }

    #[test]
    fn where_a_notice_may_be_missed_everything_is_forgotten() {
        let everything = [Subject::Everything];
        let last = look(5, &[]);
        assert_eq!(forgotten(None, &look(5, &[]), &read(5, [])), everything);
        assert_eq!(forgotten(Some(&last), &look(4, &[]), &read(4, [])), everything);
        let many = read(6, 0..=MOST_NOTICES as i64);
        assert_eq!(forgotten(Some(&last), &look(6, &[]), &many), everything);
        for seconds in [61, -61] {
            let mut late = look(6, &[]);
            late.began_at += TimeDelta::seconds(seconds);
            assert_eq!(forgotten(Some(&last), &late, &read(6, [])), everything);
        }
        let mut late = look(6, &[]);
        late.began += LONGEST_PAUSE + Duration::from_secs(1);
        assert_eq!(forgotten(Some(&last), &late, &read(6, [])), everything);
    }
}
