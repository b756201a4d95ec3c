//! Hands messages of the outbox over to the mail server, several at a time.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use portico_auth::{Auth, Error, Mail};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::adapter::Smtp;

/// How often it is asked whether messages wait, and noted which were handed over: a node that is killed leaves those
/// of so short a time to be handed over again.
const LOOK: Duration = Duration::from_millis(250);
/// Within this time it is noted that a message was handed over.
const NOTED: Duration = Duration::from_secs(5);
/// Messages claimed at once for each connection: few enough to be sent within the time of a claim.
const PER_CONNECTION: usize = 16;

/// The database tells of messages within this time, else it does not answer.
const ANSWER: Duration = Duration::from_secs(30);

/// Why it is not known what to send, or the database not known what was sent.
#[derive(Debug, thiserror::Error)]
enum ExchangeError {
    #[error(transparent)]
    Auth(#[from] Error),
    #[error("the database did not answer within {} s", ANSWER.as_secs())]
    Late,
}

/// Sends until told to stop; what is under way then ends, and what was only claimed is given back.
pub(crate) async fn run(auth: Arc<Auth>, smtp: Smtp, connections: usize, mut stop: watch::Receiver<bool>) {
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut mailer = Mailer {
        auth,
        smtp: Arc::new(smtp),
        connections,
        claimed: VecDeque::new(),
        more: false,
        sending: JoinSet::new(),
        sent: Vec::new(),
    };
    loop {
        tokio::select! {
            // An end of the sender is an end of the service, too.
            _ = stop.changed() => break,
            _ = look.tick() => mailer.exchange().await,
            Some(ended) = mailer.sending.join_next() => mailer.sent.extend(ended.ok().flatten()),
        }
        mailer.send().await;
    }
    mailer.end().await;
}

/// Messages on their way through this node.
struct Mailer {
    auth: Arc<Auth>,
    smtp: Arc<Smtp>,
    connections: usize,
    /// To be sent next.
    claimed: VecDeque<Mail>,
    /// Whether others may wait.
    more: bool,
    /// Each ends with its message, if the mail server has it.
    sending: JoinSet<Option<Mail>>,
    /// What the mail server has, and the database does not know of.
    sent: Vec<Mail>,
}

impl Mailer {
    /// Begins with as many messages as there are connections.
    async fn send(&mut self) {
        while self.sending.len() < self.connections {
            if self.claimed.is_empty() && self.more {
                self.exchange().await;
            }
            let Some(mail) = self.claimed.pop_front() else {
                break;
            };
            let (auth, smtp) = (Arc::clone(&self.auth), Arc::clone(&self.smtp));
            self.sending.spawn(hand_over(auth, smtp, mail));
        }
    }

    /// Notes what was handed over, and claims what there is room for.
    async fn exchange(&mut self) {
        let room = (self.connections * PER_CONNECTION).saturating_sub(self.claimed.len());
        self.more = match self.take(room).await {
            Ok(taken) => taken == room,
            Err(error) => {
                tracing::warn!(%error, "waiting messages could not be claimed, or those handed over noted");
                false
            }
        };
    }

    async fn take(&mut self, most: usize) -> Result<usize, ExchangeError> {
        let most = u32::try_from(most).unwrap_or(u32::MAX);
        let exchanged = timeout(ANSWER, self.auth.exchange_mail(&self.sent, most)).await;
        let mails = exchanged.map_err(|_| ExchangeError::Late)??;
        self.sent.clear();
        let taken = mails.len();
        self.claimed.extend(mails);
        Ok(taken)
    }

    async fn end(mut self) {
        self.note().await;
        for mail in &self.claimed {
            if let Err(error) = self.auth.release_mail(mail).await {
                tracing::warn!(%error, "a message waits until its claim is over");
            }
        }
        while let Some(ended) = self.sending.join_next().await {
            self.sent.extend(ended.ok().flatten());
        }
        self.note().await;
    }

    async fn note(&mut self) {
        if let Err(error) = self.take(0).await {
            tracing::error!(%error, "it could not be noted which messages were handed over");
        }
    }
}

/// Gives the message back if the mail server has it.
async fn hand_over(auth: Arc<Auth>, smtp: Arc<Smtp>, mail: Mail) -> Option<Mail> {
    // Another node takes it where it is not noted in time that this one handed it over.
    let long = TimeDelta::from_std(smtp.timeout() + NOTED).ok()?;
    if !auth.holds_mail(&mail, long) {
        return None;
    }
    let Err(failure) = smtp.send(&mail).await else {
        tracing::debug!(id = %mail.id, "a message was handed over");
        return Some(mail);
    };
    tracing::warn!(id = %mail.id, %failure, again = !failure.permanent, "a message was not handed over");
    if let Err(error) = auth.mail_failed(&mail, &failure).await {
        tracing::error!(%error, "a message waits until its claim is over");
    }
    None
}
