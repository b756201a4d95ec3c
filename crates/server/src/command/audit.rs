//! `portico audit tail`: who did what, as it is written down.

use std::collections::HashMap;
use std::io;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use clap::{ArgMatches, Command};
use portico_auth::Clock;
use serde_json::{Value, json};
use tokio::signal::unix::{Signal, SignalKind, signal};
use uuid::Uuid;

use super::console::Console;
use super::output::{cell, plain, take};
use super::user::{find, flag, json_flag, list, number, text};
use super::{CommandError, print};
use crate::{Settings, SystemClock};

/// How often it is looked for news.
const PAUSE: Duration = Duration::from_millis(500);

/// An event may be seen this long after one that is younger: its transaction took longer.
const OVERLAP: TimeDelta = TimeDelta::seconds(10);

/// The most events of one look.
const AT_ONCE: u32 = 1_000;

/// What the command may be told.
pub(crate) fn arguments() -> Command {
    let tail = Command::new("tail")
        .about("Prints the latest events, the oldest of them first")
        .arg(number("lines", "20", "How many"))
        .arg(flag(
            "follow",
            "Goes on with what happens from now on, until interrupted",
        ))
        .arg(text(
            "user",
            "WHO",
            "Those that concern an account: an id, an email or a username",
        ))
        .arg(text(
            "action",
            "NAME",
            "Those of an operation, as in signInEmailPassword",
        ))
        .arg(json_flag().help("Prints a JSON object a line"));
    Command::new("audit")
        .about("Shows who did what")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(tail)
}

/// Prints events until there is nothing more to print.
pub(super) async fn run(settings: &Settings, matches: &ArgMatches) -> Result<(), CommandError> {
    let Some((_, arguments)) = matches.subcommand() else {
        return Ok(());
    };
    let console = Console::open(settings).await?;
    let done = tail(&console, arguments).await;
    console.close().await;
    match done {
        // Whoever read has seen enough.
        Err(CommandError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

async fn tail(console: &Console, arguments: &ArgMatches) -> Result<(), CommandError> {
    let json = arguments.get_flag("json");
    let lines = arguments.get_one::<u32>("lines").copied().unwrap_or_default();
    let filter = filter(console, arguments).await?;
    let mut stop = Stop::listen()?;
    let mut latest = look(console, &filter, LATEST, (lines.max(AT_ONCE), 0)).await?;
    latest.reverse();
    let shown = latest.len().saturating_sub(lines as usize);
    show(latest.get(shown..).unwrap_or_default(), json)?;
    if !arguments.get_flag("follow") {
        return Ok(());
    }
    let mut follower = Follower::after(&latest);
    while !stop.within(PAUSE).await {
        let filter = json!({ "_and": [filter, { "createdAt": { "_gte": follower.since() } }] });
        let mut offset = 0;
        loop {
            let found = look(console, &filter, OLDEST, (AT_ONCE, offset)).await?;
            let more = found.len() == AT_ONCE as usize;
            show(&follower.news(found), json)?;
            if !more {
                break;
            }
            offset += AT_ONCE;
        }
        follower.forget();
    }
    Ok(())
}

/// What was shown already, as far as it could be found again.
struct Follower {
    seen: HashMap<String, DateTime<Utc>>,
    /// Everything from here on was looked at.
    floor: DateTime<Utc>,
    newest: DateTime<Utc>,
}

impl Follower {
    /// After these, the oldest first.
    fn after(latest: &[Value]) -> Self {
        let full = latest.len() >= AT_ONCE as usize;
        let mut follower = Self {
            seen: HashMap::new(),
            floor: match latest.first() {
                Some(oldest) if full => time(oldest),
                _ => DateTime::UNIX_EPOCH,
            },
            newest: latest.last().map_or_else(|| SystemClock.now(), time),
        };
        follower.news(latest.to_vec());
        follower
    }

    /// From when on there may be news.
    fn since(&self) -> DateTime<Utc> {
        self.floor.max(self.newest - OVERLAP)
    }

    /// Those not seen before.
    fn news(&mut self, events: Vec<Value>) -> Vec<Value> {
        let mut news = Vec::new();
        for event in events {
            let at = time(&event);
            self.newest = self.newest.max(at);
            if self.seen.insert(cell(&event, "id"), at).is_none() {
                news.push(event);
            }
        }
        news
    }

    /// Forgets what will not be found again.
    fn forget(&mut self) {
        let since = self.since();
        self.seen.retain(|_, at| *at >= since);
    }
}

fn time(event: &Value) -> DateTime<Utc> {
    cell(event, "createdAt").parse().unwrap_or_default()
}

const LATEST: &str = "[{ createdAt: desc }, { id: desc }]";
const OLDEST: &str = "[{ createdAt: asc }, { id: asc }]";

async fn look(
    console: &Console,
    filter: &Value,
    order: &str,
    (limit, offset): (u32, u32),
) -> Result<Vec<Value>, CommandError> {
    let document = format!(
        "query ($where: auditEvents_bool_exp!, $limit: Int!, $offset: Int!) {{ auditEvents(where: $where, \
         limit: $limit, offset: $offset, order_by: {order}) {{ id createdAt action outcome code userId actorId \
         actorRole sessionId requestId ip userAgent details }} }}"
    );
    let variables = json!({ "where": filter, "limit": limit, "offset": offset });
    let mut found = console.ask(&document, variables).await?;
    Ok(list(take(&mut found, "auditEvents")))
}

async fn filter(console: &Console, arguments: &ArgMatches) -> Result<Value, CommandError> {
    let mut conditions = Vec::new();
    if let Some(who) = arguments.get_one::<String>("user") {
        // What is written down outlives the account.
        let id = match who.parse::<Uuid>() {
            Ok(id) => json!(id),
            Err(_) => take(&mut find(console, who).await?, "id"),
        };
        conditions.push(json!({ "userId": { "_eq": id } }));
    }
    if let Some(action) = arguments.get_one::<String>("action") {
        conditions.push(json!({ "action": { "_eq": action } }));
    }
    Ok(json!({ "_and": conditions }))
}

fn show(events: &[Value], json: bool) -> Result<(), CommandError> {
    let mut text = String::new();
    for event in events {
        match json {
            true => text.push_str(&event.to_string()),
            false => text.push_str(&plain(&line(event))),
        }
        text.push('\n');
    }
    match text.is_empty() {
        true => Ok(()),
        false => print(&text),
    }
}

/// An event as a person reads it: when, what, how it went, who, to whom, from where, what else.
fn line(event: &Value) -> String {
    let or = |name: &str, missing: &str| match cell(event, name) {
        text if text.is_empty() => missing.to_owned(),
        text => text,
    };
    let outcome = match cell(event, "code") {
        code if code.is_empty() => cell(event, "outcome"),
        code => format!("{} ({code})", cell(event, "outcome")),
    };
    let actor = format!("{} {}", or("actorRole", "-"), or("actorId", "-"));
    let details = match cell(event, "details") {
        details if details == "{}" => String::new(),
        details => details,
    };
    let parts = [
        cell(event, "createdAt"),
        cell(event, "action"),
        outcome,
        format!("by {actor}"),
        format!("of {}", or("userId", "-")),
        format!("from {}", or("ip", "-")),
        details,
    ];
    parts.join("  ").trim_end().to_owned()
}

/// The signals that end a command that would go on for ever.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    fn listen() -> Result<Self, CommandError> {
        Ok(Self {
            terminate: signal(SignalKind::terminate()).map_err(CommandError::Signal)?,
            interrupt: signal(SignalKind::interrupt()).map_err(CommandError::Signal)?,
        })
    }

    /// Waits; whether one came meanwhile.
    async fn within(&mut self, pause: Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(pause) => false,
            _ = self.terminate.recv() => true,
            _ = self.interrupt.recv() => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str, second: u32) -> Value {
        json!({ "id": id, "createdAt": format!("2026-03-01T09:00:{second:02}+00:00") })
    }

    #[test]
    fn what_came_late_is_news_once() {
        let mut follower = Follower::after(&[event("a", 1), event("c", 20)]);
        assert_eq!(
            follower.since(),
            "2026-03-01T09:00:10Z".parse::<DateTime<Utc>>().unwrap()
        );
        let found = vec![event("b", 15), event("c", 20), event("d", 21)];
        assert_eq!(follower.news(found.clone()), [event("b", 15), event("d", 21)]);
        assert!(follower.news(found).is_empty());
        follower.forget();
        assert_eq!(follower.seen.len(), 3);
    }

    #[test]
    fn what_was_left_out_before_is_no_news() {
        let latest: Vec<Value> = (0..AT_ONCE)
            .map(|number| event(&number.to_string(), 30))
            .collect();
        assert_eq!(Follower::after(&latest).since(), time(&event("x", 30)));
    }
}
