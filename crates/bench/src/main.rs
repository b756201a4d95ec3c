//! Measures Portico beside what the machine and the database allow.
//!
//! It makes its own databases, starts the service as in production, and runs work and limit in turn: the
//! machine may become faster or slower meanwhile, their ratio stays.

mod ask;
mod authenticator;
mod cleanup;
mod cluster;
mod command;
mod elsewhere;
mod error;
mod factors;
mod http;
mod ids;
mod limit;
mod load;
mod mail;
mod mail_server;
mod measure;
mod options;
mod process;
mod program;
mod report;
mod seed;
mod seed_factors;
mod seed_postgres;
mod seed_sqlite;
mod service;
mod stand;
mod table;
mod template;
mod timing;
mod work;

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::elsewhere::Elsewhere;
use crate::error::{BenchError, During};
use crate::mail::MAIL;
use crate::options::Options;
use crate::stand::{Kind, Stand};
use crate::timing::QUESTIONS;
use crate::work::{ALL, START_AIM, Work};

fn main() -> ExitCode {
    match options::parse().and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("portico-bench: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Everything the bench says.
#[expect(clippy::print_stdout, reason = "the table is what the program is for")]
fn say(text: &str) {
    println!("{text}");
}

fn run(options: &Options) -> Result<(), BenchError> {
    let results = match &options.elsewhere {
        Some((url, documents)) => measure_elsewhere(&Elsewhere::read(url, documents)?, options)?,
        None => measure_here(options)?,
    };
    match &options.json {
        Some(path) => std::fs::write(path, results.to_string()).during(format!("writing {}", path.display())),
        None => Ok(()),
    }
}

fn wanted(options: &Options, name: &str) -> bool {
    options.only.is_empty() || options.only.iter().any(|only| only == name)
}

fn measure_here(options: &Options) -> Result<Value, BenchError> {
    let names: Vec<&str> = ALL
        .map(Work::name)
        .into_iter()
        .chain(QUESTIONS.iter().map(|question| question.name))
        .chain(["start", MAIL])
        .collect();
    if let Some(unknown) = options.only.iter().find(|only| !names.contains(&only.as_str())) {
        let text = format!("there is no row {unknown:?}; rows are {}", names.join(", "));
        return Err(BenchError::Input(text));
    }
    let program = program::find()?;
    let file = std::fs::metadata(&program).during("looking at the service")?;
    let size = file.len();
    // A program made before the last change is easily measured by mistake.
    let age = file.modified().ok().and_then(|time| time.elapsed().ok());
    let age = age.unwrap_or_default();
    let scale = &options.scale;
    let machine = program::machine();
    say(&format!(
        "{machine}\n{}: {} MB, built {} minutes ago\n\
         {} users; {} rounds of {:?}, work and limit in turn, medians; every commit reaches the disk",
        program.display(),
        table::megabytes(Some(size)),
        age.as_secs() / 60,
        scale.users,
        scale.rounds,
        scale.round,
    ));
    let mut found = Found::default();
    for kind in [Kind::Sqlite, Kind::Postgres] {
        measure_database(kind, &program, options, &mut found)?;
    }
    say(START_AIM);
    let Found {
        rows,
        starts,
        timings,
        mails,
    } = found;
    Ok(json!({
        "machine": machine,
        "users": scale.users,
        "binaryBytes": size,
        "rows": rows,
        "starts": starts,
        "timings": timings,
        "mails": mails,
    }))
}

/// The results for programs.
#[derive(Default)]
struct Found {
    rows: Vec<Value>,
    starts: Vec<Value>,
    timings: Vec<Value>,
    mails: Vec<Value>,
}

fn measure_database(
    kind: Kind,
    program: &Path,
    options: &Options,
    found: &mut Found,
) -> Result<(), BenchError> {
    let scale = &options.scale;
    let mut stand = Stand::prepare(kind, program, scale)?;
    if wanted(options, Work::Refresh.name()) {
        stand.open_sessions(scale.connections.iter().copied().max().unwrap_or(1))?;
    }
    let of_factors = [Work::Passkey, Work::PasskeyFlood, Work::Totp, Work::Elevation];
    if of_factors.iter().any(|work| wanted(options, work.name())) {
        stand.enrol_factors()?;
    }
    say(&format!("\n{}", table::start(kind.name(), &stand.start)));
    found.starts.push(report::start(kind.name(), &stand.start));
    say(&table::heading());
    let mut empty = Vec::new();
    for work in ALL.into_iter().filter(|work| wanted(options, work.name())) {
        if work == Work::Entry {
            stand.restart(&timing::CHEAP_HASHES)?;
        }
        for connections in &scale.connections {
            let row = measure::measure(&stand, work, *connections, scale)?;
            if work == Work::Empty {
                empty.push((*connections, row.service));
            }
            let beside = empty.iter().find(|(of, _)| of == connections);
            say(&table::line(&row, beside.and_then(|(_, service)| *service)));
            found.rows.push(report::row(&row));
        }
    }
    measure_times(&mut stand, options, found)?;
    if wanted(options, MAIL) {
        let mails = mail::measure(&mut stand, scale)?;
        say(&mails.line());
        found.mails.push(mails.report());
    }
    stand.service.stop()
}

fn measure_times(stand: &mut Stand, options: &Options, found: &mut Found) -> Result<(), BenchError> {
    let mut questions = QUESTIONS
        .iter()
        .filter(|question| wanted(options, question.name))
        .peekable();
    if questions.peek().is_some() {
        stand.restart(&timing::CHEAP_HASHES)?;
    }
    for question in questions {
        let timing = timing::measure(stand, question, &options.scale)?;
        say(&timing.line());
        found.timings.push(timing.report());
    }
    Ok(())
}

fn measure_elsewhere(elsewhere: &Elsewhere, options: &Options) -> Result<Value, BenchError> {
    say(&table::heading());
    let mut rows = Vec::new();
    for document in &elsewhere.documents {
        if !wanted(options, &document.name) {
            continue;
        }
        for connections in &options.scale.connections {
            let row = elsewhere.measure(document, *connections, &options.scale)?;
            say(&table::line(&row, None));
            rows.push(report::row(&row));
        }
    }
    Ok(json!({ "machine": program::machine(), "rows": rows }))
}
