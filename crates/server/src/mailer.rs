//! Hands messages of the outbox over to the mail server, several at a time.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use portico_auth::{Auth, Error, Mail};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::adapter::Smtp;

/// How often it is asked whether messages wait.
const LOOK: Duration = Duration::from_millis(250);
/// Messages claimed at once for each connection: few enough to be sent within the time of a claim.
const PER_CONNECTION: usize = 8;

/// Sends until told to stop; what is under way then ends, and what was only claimed is given back.
pub(crate) async fn run(auth: Arc<Auth>, smtp: Smtp, connections: usize, mut stop: watch::Receiver<bool>) {
    let smtp = Arc::new(smtp);
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut claimed, mut sending) = (VecDeque::new(), JoinSet::new());
    loop {
        tokio::select! {
            // An end of the sender is an end of the service, too.
            _ = stop.changed() => break,
            _ = look.tick(), if sending.is_empty() => {}
            _ = sending.join_next(), if !sending.is_empty() => {}
        }
        while sending.len() < connections {
            if claimed.is_empty() {
                claimed = claim(&auth, connections * PER_CONNECTION).await;
            }
            let Some(mail) = claimed.pop_front() else { break };
            sending.spawn(hand_over(Arc::clone(&auth), Arc::clone(&smtp), mail));
        }
    }
    for mail in claimed {
        note(auth.release_mail(&mail).await);
    }
    sending.join_all().await;
}

async fn claim(auth: &Auth, most: usize) -> VecDeque<Mail> {
    match auth.claim_mail(u32::try_from(most).unwrap_or(u32::MAX)).await {
        Ok(mails) => mails.into(),
        Err(error) => {
            tracing::warn!(%error, "waiting messages could not be read");
            VecDeque::new()
        }
    }
}

async fn hand_over(auth: Arc<Auth>, smtp: Arc<Smtp>, mail: Mail) {
    // Another node may have it by now.
    if !auth.holds_mail(&mail) {
        return;
    }
    match smtp.send(&mail).await {
        Ok(()) => {
            tracing::debug!(id = %mail.id, "a message was handed over");
            note(auth.mail_was_sent(&mail).await);
        }
        Err(failure) => {
            tracing::warn!(id = %mail.id, %failure, again = !failure.permanent, "a message was not handed over");
            note(auth.mail_failed(&mail, &failure).await);
        }
    }
}

/// What could not be noted is tried again once the claim is over.
fn note(noted: Result<(), Error>) {
    if let Err(error) = noted {
        tracing::error!(%error, "it could not be noted what became of a message");
    }
}
