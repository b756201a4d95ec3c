//! The way of a message out of the outbox.
//!
//! Any node may send any message. A node claims some for a time, in which no other takes them, sends each, and
//! notes soon what became of them. A node that dies loses its claims when their time is over. What it had not
//! handed over is sent by another then, and what it had noted is not sent again. Only where it died between the
//! mail server's answer and the note does the mail server get a second copy, with the same `Message-ID`.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Content, Mail, Template, Variables};
use crate::auth::Auth;
use crate::error::{Error, InternalError};
use crate::port::now;
use crate::seal::SealError;
use crate::store::outbox::{self, Row};

/// How long a claim lasts: longer than sending all that is claimed at once may take.
const CLAIM: TimeDelta = TimeDelta::minutes(5);
/// How long the next attempt waits; the last one repeats until the message expires.
const DELAYS: [TimeDelta; 8] = [
    TimeDelta::seconds(5),
    TimeDelta::seconds(15),
    TimeDelta::seconds(45),
    TimeDelta::minutes(2),
    TimeDelta::minutes(5),
    TimeDelta::minutes(10),
    TimeDelta::minutes(20),
    TimeDelta::minutes(30),
];
/// The longest reason that is kept.
const REASON: usize = 300;

/// Why a message was not handed over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct MailFailure {
    /// Whether trying again cannot help.
    pub permanent: bool,
    /// In words, for the operator.
    pub reason: String,
}

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutboxState {
    /// It was not sent yet.
    Waiting,
    /// A mail server has it.
    Sent,
    /// It is not tried any more.
    GivenUp,
}

/// A message as it lies in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxMessage {
    /// Its id.
    pub id: Uuid,
    /// The address.
    pub recipient: String,
    /// Which message it is.
    pub template: String,
    /// When its cause happened.
    pub created_at: DateTime<Utc>,
    /// Where it stands.
    pub state: OutboxState,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// What it says; erased once it was sent.
    pub content: Option<Content>,
}

impl Auth {
    /// Notes which messages a mail server has, whose bodies are erased, and takes as many as given of those that are
    /// due, for this node to send. One transaction, for each takes its cached pages from every reader of SQLite. Where
    /// it fails nothing was noted, and what was handed over counts as claimed only. What cannot be opened or rendered
    /// is not among those that are taken.
    pub async fn exchange_mail(&self, sent: &[Mail], most: u32) -> Result<Vec<Mail>, Error> {
        let now = now(self.clock.as_ref());
        let due = most > 0 && outbox::is_any_due(&self.database.reads(), now).await?;
        if sent.is_empty() && !due {
            return Ok(Vec::new());
        }
        let until = now + CLAIM;
        let transaction = self.database.begin_direct().await?;
        if !sent.is_empty() {
            let ids: Vec<Uuid> = sent.iter().map(|mail| mail.id).collect();
            outbox::sent(&transaction, &ids, now).await?;
        }
        let rows = match due {
            true => outbox::claim(&transaction, now, until, most).await?,
            false => Vec::new(),
        };
        transaction.commit().await?;
        let mut mails = Vec::with_capacity(rows.len());
        for row in rows {
            match self.open_message(&row) {
                Ok(content) => mails.push(Mail {
                    id: row.id,
                    recipient: row.recipient,
                    created_at: row.created_at,
                    content,
                    attempt: row.attempts,
                    claimed_until: until,
                }),
                Err(failure) => {
                    tracing::error!(id = %row.id, %failure, "a message cannot be made");
                    // The others are sent all the same.
                    if let Err(error) = self.put_off(row.id, row.attempts, &failure).await {
                        tracing::error!(id = %row.id, %error, "a message waits until its claim is over");
                    }
                }
            }
        }
        Ok(mails)
    }

    /// Whether the claim still holds for so long, within which no other node sends the same.
    pub fn holds_mail(&self, mail: &Mail, long: TimeDelta) -> bool {
        now(self.clock.as_ref()) + long < mail.claimed_until
    }

    /// The message was not handed over: it is tried again later, or never.
    pub async fn mail_failed(&self, mail: &Mail, failure: &MailFailure) -> Result<(), Error> {
        self.put_off(mail.id, mail.attempt, failure).await
    }

    /// Gives a claim back that was not used.
    pub async fn release_mail(&self, mail: &Mail) -> Result<(), Error> {
        let now = now(self.clock.as_ref());
        let _turn = self.database.turn().await;
        Ok(outbox::release(&self.database.connection, (mail.id, mail.attempt), now).await?)
    }

    /// The newest messages, as many as given, opened: for whoever develops an application on this machine.
    pub async fn outbox(&self, most: u64) -> Result<Vec<OutboxMessage>, Error> {
        let rows = outbox::newest(&self.database.connection, most).await?;
        Ok(rows.into_iter().map(|row| self.shown_message(row)).collect())
    }

    /// One message of the outbox, opened.
    pub async fn outbox_message(&self, id: Uuid) -> Result<Option<OutboxMessage>, Error> {
        let row = outbox::find(&self.database.connection, id).await?;
        Ok(row.map(|row| self.shown_message(row)))
    }

    fn shown_message(&self, row: Row) -> OutboxMessage {
        OutboxMessage {
            content: self.open_message(&row).ok(),
            state: match (row.sent_at, &row.sealed_body) {
                (Some(_), _) => OutboxState::Sent,
                (None, Some(_)) => OutboxState::Waiting,
                (None, None) => OutboxState::GivenUp,
            },
            id: row.id,
            recipient: row.recipient,
            template: row.template,
            created_at: row.created_at,
            last_error: row.last_error,
        }
    }

    async fn put_off(&self, id: Uuid, attempt: i32, failure: &MailFailure) -> Result<(), Error> {
        let now = now(self.clock.as_ref());
        let reason: String = failure
            .reason
            .chars()
            .filter(|letter| !letter.is_control())
            .take(REASON)
            .collect();
        let connection = &self.database.connection;
        let _turn = self.database.turn().await;
        match failure.permanent {
            true => outbox::give_up(connection, (id, attempt), &reason).await?,
            false => {
                let step = usize::try_from(attempt).unwrap_or_default().saturating_sub(1);
                let delay = DELAYS.get(step).or(DELAYS.last()).copied().unwrap_or(CLAIM);
                outbox::put_off(connection, (id, attempt), &reason, now + delay).await?;
            }
        }
        Ok(())
    }

    /// What a message says.
    fn open_message(&self, row: &Row) -> Result<Content, MailFailure> {
        let failure = |permanent, reason: String| MailFailure { permanent, reason };
        // A newer node may know it.
        let template = Template::parse(&row.template)
            .ok_or_else(|| failure(false, format!("there is no template {}", row.template)))?;
        let sealed = row.sealed_body.as_deref().unwrap_or_default();
        let variables = match sealed.is_empty() {
            true => Variables {
                link: self.policy.client_address().to_owned(),
                email: row.recipient.clone(),
                ..Variables::default()
            },
            false => {
                let body = self.keys.sealer.open(row.id.as_bytes(), sealed);
                let body = body.map_err(|error: SealError| failure(true, error.to_string()))?;
                serde_json::from_slice(&body)
                    .map_err(|error| failure(true, InternalError::Json(error).to_string()))?
            }
        };
        let rendered = self
            .mail
            .render(&row.locale, template, &variables, row.expires_at);
        rendered.map_err(|error| failure(false, error.to_string()))
    }
}
