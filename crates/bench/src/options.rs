//! The command line, and how much is measured.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Arg, ArgAction, Command};

use crate::error::BenchError;
use crate::factors::ACCOUNTS as FACTOR_ACCOUNTS;
use crate::ids::USERS_OF_AN_ORG;

/// What was asked for on the command line.
pub(crate) struct Options {
    /// How much is measured.
    pub(crate) scale: Scale,
    /// Names of the rows to measure; all if empty.
    pub(crate) only: Vec<String>,
    /// A service running elsewhere, and the file of documents to ask it.
    pub(crate) elsewhere: Option<(String, PathBuf)>,
    /// Where the results go as JSON.
    pub(crate) json: Option<PathBuf>,
}

/// How much is measured.
#[derive(Clone)]
pub(crate) struct Scale {
    /// Users in the database.
    pub(crate) users: u32,
    /// Rounds of work and limit.
    pub(crate) rounds: usize,
    /// How long each takes.
    pub(crate) round: Duration,
    /// How long work runs unmeasured at first.
    pub(crate) warm_up: Duration,
    /// Connections at once.
    pub(crate) connections: Vec<usize>,
    /// How often a start is timed.
    pub(crate) starts: usize,
    /// How much is made ahead of a round because it is good once: proofs of a factor.
    pub(crate) proofs: usize,
    /// Mails that are left to be sent with nothing beside them.
    pub(crate) mails: u64,
    /// Pairs of answers at least whose times are compared, and before that as many whose times are not.
    pub(crate) pairs: usize,
}

impl Scale {
    fn full() -> Self {
        Self {
            users: 100_000,
            rounds: 5,
            round: Duration::from_secs(2),
            warm_up: Duration::from_secs(1),
            connections: vec![1, 16, 64],
            starts: 11,
            proofs: FACTOR_ACCOUNTS,
            mails: 2_000,
            pairs: 30,
        }
    }

    fn quick() -> Self {
        Self {
            users: 10_000,
            rounds: 2,
            round: Duration::from_millis(200),
            warm_up: Duration::from_millis(100),
            connections: vec![16],
            starts: 3,
            proofs: 40,
            mails: 200,
            pairs: 5,
        }
    }
}

fn command() -> Command {
    let value = |name: &'static str, what: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(what).help(help)
    };
    Command::new("portico-bench")
        .about("Measures Portico beside what the machine and the database allow")
        .arg(
            Arg::new("quick")
                .long("quick")
                .action(ArgAction::SetTrue)
                .help("Fewer users, 16 connections, short rounds: shows that everything works, proves no number"),
        )
        .arg(
            value("only", "NAME", "Only this row; may be repeated")
                .action(ArgAction::Append)
                .value_parser(clap::builder::NonEmptyStringValueParser::new()),
        )
        .arg(value("connections", "LIST", "Connections at once, as 1,16,64"))
        .arg(value("users", "NUMBER", "Users in the database"))
        .arg(value("rounds", "NUMBER", "Rounds of work and limit"))
        .arg(value("seconds", "NUMBER", "Seconds of a round"))
        .arg(
            value("url", "URL", "A GraphQL endpoint running elsewhere, as http://127.0.0.1:8080/v1/graphql")
                .requires("documents"),
        )
        .arg(
            value(
                "documents",
                "FILE",
                "JSON: {\"headers\": {…}, \"documents\": [{\"name\", \"query\", \"variables\", \"expect\"}]}; \
                 $$id$$ stands for the id of a random user, $$unique$$ for random hexadecimal digits, $$number$$ for a random number of six digits, \
                 expect is what an answer begins with",
            )
            .requires("url"),
        )
        .arg(value("json", "FILE", "Write the results as JSON, too"))
}

/// Reads the command line; asks for help end the program.
pub(crate) fn parse() -> Result<Options, BenchError> {
    let matches = command().get_matches();
    let text = |name: &str| matches.get_one::<String>(name);
    let mut scale = if matches.get_flag("quick") {
        Scale::quick()
    } else {
        Scale::full()
    };
    if let Some(list) = text("connections") {
        let numbers: Option<Vec<usize>> = list.split(',').map(|item| item.trim().parse().ok()).collect();
        let numbers = numbers.filter(|numbers| numbers.iter().all(|number| (1..=1_000).contains(number)));
        scale.connections =
            numbers.ok_or_else(|| BenchError::Input("--connections takes numbers, as 1,16,64".to_owned()))?;
    }
    if let Some(users) = number(text("users"), "--users")? {
        // Each organisation is full.
        scale.users = users.clamp(1_000, 1_000_000) / USERS_OF_AN_ORG * USERS_OF_AN_ORG;
    }
    if let Some(rounds) = number(text("rounds"), "--rounds")? {
        scale.rounds = rounds.max(1) as usize;
    }
    if let Some(seconds) = number(text("seconds"), "--seconds")? {
        scale.round = Duration::from_secs(u64::from(seconds.max(1)));
    }
    Ok(Options {
        scale,
        only: matches
            .get_many::<String>("only")
            .map_or_else(Vec::new, |names| names.cloned().collect()),
        elsewhere: text("url").cloned().zip(text("documents").map(PathBuf::from)),
        json: text("json").map(PathBuf::from),
    })
}

fn number(text: Option<&String>, option: &str) -> Result<Option<u32>, BenchError> {
    let parse = |text: &String| {
        text.parse()
            .map_err(|_| BenchError::Input(format!("{option} takes a whole number")))
    };
    text.map(parse).transpose()
}
