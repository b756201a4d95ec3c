//! How many mails a second one node hands over, and what that takes from everybody else.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::error::BenchError;
use crate::load;
use crate::mail_server::{MailServer, Pace};
use crate::measure::{median, sorted};
use crate::options::Scale;
use crate::process::Meter;
use crate::stand::Stand;
use crate::work::Work;

/// The name in the table and for `--only`.
pub(crate) const MAIL: &str = "mail";
/// Mails a second beside which others are measured.
const RATE: u32 = 200;
/// Connections that ask for mails, to have enough of them.
const ASKING: usize = 64;
/// Connections that ask for profiles meanwhile.
const READING: usize = 16;
/// That measurement ends after this at the latest.
const LONGEST: Duration = Duration::from_secs(2);
/// Where nothing came for so long, nothing is left.
const IDLE: Duration = Duration::from_millis(500);

/// What was found.
pub(crate) struct MailRates {
    database: &'static str,
    /// Mails a second with nothing beside them.
    alone: f64,
    /// What each of those cost the service and the database.
    cpu: [Duration; 2],
    /// Mails a second of each round beside profiles.
    mails: Vec<f64>,
    /// Profiles a second of each round beside mails.
    beside: Vec<f64>,
    /// Profiles a second of each round without.
    without: Vec<f64>,
}

/// Leaves mails in the outbox, then lets the service send them while profiles are asked for, and while not.
pub(crate) fn measure(stand: &mut Stand, scale: &Scale) -> Result<MailRates, BenchError> {
    let round = scale.round.max(Duration::from_secs(1));
    let measured = round.as_secs_f64() * scale.rounds as f64;
    let needed = (measured * f64::from(RATE)).ceil() as u64 + scale.mails;
    stand.restart(&[])?;
    let mut queued = 0;
    while queued < needed {
        let outcome = load::run(&stand.plan(Work::Code, ASKING), IDLE, &Meter::default())?;
        if let Some(answer) = outcome.failure {
            let work = Work::Code.name().to_owned();
            return Err(BenchError::Answer { work, answer });
        }
        queued += outcome.latencies.len() as u64;
    }
    let server = MailServer::start()?;
    let url = format!("smtp://{}", server.address);
    stand.restart(&[
        ("PORTICO_SMTP_URL", url.as_str()),
        ("PORTICO_SMTP_TLS", "none"),
        ("PORTICO_MAIL_FROM", "Portico <no-reply@example.org>"),
    ])?;
    let plan = stand.plan(Work::Profile, READING);
    let mut found = MailRates {
        database: stand.kind.name(),
        alone: 0.0,
        cpu: [Duration::ZERO; 2],
        mails: Vec::new(),
        beside: Vec::new(),
        without: Vec::new(),
    };
    load::run(&plan, scale.warm_up, &Meter::default())?;
    for _ in 0..scale.rounds {
        server.set(Pace::OneIn(Duration::from_secs(1) / RATE));
        let before = server.taken();
        let outcome = load::run(&plan, round, &Meter::default())?;
        let taken = (server.taken() - before) as f64;
        found.mails.push(taken / outcome.elapsed.as_secs_f64());
        found.beside.push(outcome.rate());
        server.set(Pace::Stopped);
        found
            .without
            .push(load::run(&plan, round, &Meter::default())?.rate());
    }
    server.set(Pace::Free);
    let (taken, cpu) = (server.taken(), stand.meter.read());
    found.alone = rate(&server);
    let (taken, cpu) = (server.taken() - taken, stand.meter.read().since(cpu));
    let mails = u32::try_from(taken).unwrap_or(u32::MAX).max(1);
    found.cpu = [cpu.service / mails, cpu.database / mails];
    Ok(found)
}

/// Mails a second, until none is left or the time is over.
fn rate(server: &MailServer) -> f64 {
    let (begin, before) = (Instant::now(), server.taken());
    let (mut taken, mut last) = (before, begin);
    while begin.elapsed() < LONGEST && last.elapsed() < IDLE {
        sleep(Duration::from_millis(5));
        let now = server.taken();
        if now > taken {
            (taken, last) = (now, Instant::now());
        }
    }
    (taken - before) as f64 / (last - begin).as_secs_f64().max(1e-9)
}

impl MailRates {
    /// Profiles beside mails in parts of those without, from the least to the most.
    fn ratios(&self) -> Vec<f64> {
        sorted(
            self.beside
                .iter()
                .zip(&self.without)
                .map(|(one, other)| one / other),
        )
    }

    /// For people.
    pub(crate) fn line(&self) -> String {
        let ratios = self.ratios();
        let middle = |values: &[f64]| median(values).unwrap_or_default();
        let [service, database] = self.cpu.map(|time| time.as_micros());
        format!(
            "{:<10} {MAIL:<17} {:.0} mails a second alone (aim {RATE}), each {service} us of the service and {database} \
             us of the database; beside {:.0} a second {:.0} profiles, {:.2} \
             ({:.2}-{:.2}) of {:.0} without (aim 0.9)",
            self.database,
            self.alone,
            middle(&self.mails),
            middle(&self.beside),
            middle(&ratios),
            ratios.first().copied().unwrap_or_default(),
            ratios.last().copied().unwrap_or_default(),
            middle(&self.without),
        )
    }

    /// For programs.
    pub(crate) fn report(&self) -> Value {
        json!({
            "database": self.database,
            "mailsAlone": self.alone,
            "serviceMicrosecondsOfMail": self.cpu[0].as_micros() as u64,
            "databaseMicrosecondsOfMail": self.cpu[1].as_micros() as u64,
            "mails": self.mails,
            "profilesBeside": self.beside,
            "profilesWithout": self.without,
            "ratio": median(&self.ratios()),
        })
    }
}
