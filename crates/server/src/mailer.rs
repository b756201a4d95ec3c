//! Hands messages of the outbox over to the mail server, several at a time.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use portico_auth::{Auth, Mail};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::adapter::Smtp;

/// How often it is asked whether messages wait.
const LOOK: Duration = Duration::from_millis(250);
/// How often it is noted which messages were handed over. The first after a pause is noted at once; a node that is
/// killed leaves those of so short a time to be handed over again. Each commit takes its cached pages from every reader
/// of SQLite.
const NOTE: Duration = Duration::from_millis(100);
/// Messages claimed at once for each connection: few enough to be sent within the time of a claim.
const PER_CONNECTION: usize = 16;

/// Sends until told to stop; what is under way then ends, and what was only claimed is given back.
pub(crate) async fn run(auth: Arc<Auth>, smtp: Smtp, connections: usize, mut stop: watch::Receiver<bool>) {
    let (mut look, mut note) = (every(LOOK), every(NOTE));
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
            _ = look.tick() => mailer.more = true,
            Some(ended) = mailer.sending.join_next() => mailer.sent.extend(ended.ok().flatten()),
            _ = note.tick(), if !mailer.sent.is_empty() => {
                if !mailer.note().await {
                    note.reset_after(LOOK);
                }
            }
        }
        mailer.send().await;
    }
    mailer.end().await;
}

fn every(time: Duration) -> Interval {
    let mut interval = interval(time);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
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
                self.claim().await;
            }
            let Some(mail) = self.claimed.pop_front() else {
                break;
            };
            let (auth, smtp) = (Arc::clone(&self.auth), Arc::clone(&self.smtp));
            self.sending.spawn(hand_over(auth, smtp, mail));
        }
    }

    async fn claim(&mut self) {
        let most = self.connections * PER_CONNECTION;
        match self
            .auth
            .claim_mail(u32::try_from(most).unwrap_or(u32::MAX))
            .await
        {
            Ok(mails) => self.claimed = mails.into(),
            Err(error) => tracing::warn!(%error, "waiting messages could not be read"),
        }
        self.more = self.claimed.len() == most;
    }

    /// Notes what was handed over, and tells whether that is done.
    async fn note(&mut self) -> bool {
        if self.sent.is_empty() {
            return true;
        }
        match self.auth.mails_were_sent(&self.sent).await {
            Ok(()) => self.sent.clear(),
            Err(error) => tracing::error!(%error, "it could not be noted which messages were handed over"),
        }
        self.sent.is_empty()
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
}

/// Gives the message back if the mail server has it.
async fn hand_over(auth: Arc<Auth>, smtp: Arc<Smtp>, mail: Mail) -> Option<Mail> {
    // Another node may have it by now.
    if !auth.holds_mail(&mail) {
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
