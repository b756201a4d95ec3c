//! `portico doctor`: looks for what would keep the service from working, and says what to do about it.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use chrono::TimeDelta;
use portico_auth::{Clock, MailTemplates, MasterKey, check_policy};
use portico_entity::catalogue::catalogue;
use portico_query::permission::Permissions;
use tokio::net::TcpListener;

use super::service;
use crate::adapter::Smtp;
use crate::configuration::{ADMIN_SECRET_LENGTH, warnings};
use crate::database::{Facts, Pool};
use crate::start::{StartError, metadata};
use crate::{Settings, SystemClock, data_folder, policy};

/// Tokens of one node must not look expired, or not yet valid, on another.
const SKEW: TimeDelta = TimeDelta::seconds(2);

/// Fewer different characters than this were hardly made by chance.
const VARIETY: usize = 10;

/// What was found about one thing.
enum Finding {
    Good(String),
    Note(String),
    Bad { what: String, advice: String },
}

use Finding::{Bad, Good, Note};

fn bad(what: impl ToString, advice: &str) -> Finding {
    Bad {
        what: what.to_string(),
        advice: advice.to_owned(),
    }
}

/// Examines everything, tells it, and fails if anything is bad.
pub(super) async fn run(settings: &Settings) -> ExitCode {
    let mut findings = vec![data_folder(settings)];
    let (master_key, finding) = master_key(settings);
    findings.push(finding);
    findings.extend(read_by_the_start(settings));
    findings.extend(database(settings, master_key.as_ref()).await);
    findings.push(listener(settings).await);
    findings.push(admin_secret(settings));
    findings.extend(
        warnings(settings)
            .into_iter()
            .map(|warning| Note(warning.to_owned())),
    );
    if tell(&findings).is_ok() && !findings.iter().any(|finding| matches!(finding, Bad { .. })) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn tell(findings: &[Finding]) -> io::Result<()> {
    let mut output = io::stdout().lock();
    for finding in findings {
        match finding {
            Good(what) => writeln!(output, "good  {what}")?,
            Note(what) => writeln!(output, "note  {what}")?,
            Bad { what, advice } => writeln!(output, "BAD   {what}\n      {advice}")?,
        }
    }
    output.flush()
}

fn data_folder(settings: &Settings) -> Finding {
    let path = &settings.data_dir;
    if !path.exists() {
        return Note(format!(
            "the data folder {} does not exist yet; the first start makes it",
            path.display()
        ));
    }
    let probe = path.join(format!("doctor.{}", std::process::id()));
    let written = std::fs::write(&probe, b"").and_then(|()| std::fs::remove_file(&probe));
    match written {
        Ok(()) => Good(format!("the data folder {} is writable", path.display())),
        Err(error) => bad(
            format!("the data folder {} is not writable: {error}", path.display()),
            "let the user that runs the service own it, or set PORTICO_DATA_DIR",
        ),
    }
}

fn master_key(settings: &Settings) -> (Option<MasterKey>, Finding) {
    let path = data_folder::master_key_file(settings);
    if settings.master_key_file.is_none() && !path.exists() {
        return (
            None,
            Note(format!(
                "there is no master key yet; the first start on a new database makes {}",
                path.display()
            )),
        );
    }
    match data_folder::master_key(&path) {
        Err(error) => {
            let advice = "give the file that the database was made with; for a new database make one by: \
                          head -c 32 /dev/urandom | base64 > FILE";
            (None, bad(error, advice))
        }
        Ok(key) if data_folder::is_open_to_others(&path) => {
            let what = format!("others may read the master key {}", path.display());
            (Some(key), bad(what, &format!("chmod 600 {}", path.display())))
        }
        Ok(key) => (
            Some(key),
            Good(format!(
                "the master key {} is readable by its owner alone",
                path.display()
            )),
        ),
    }
}

/// What the start reads before it touches the database, and refuses to do without.
fn read_by_the_start(settings: &Settings) -> Vec<Finding> {
    let mail = policy::mail(settings);
    let templates = MailTemplates::read(settings.mail_templates.as_deref(), mail);
    let mut findings = vec![
        usable(
            "the settings",
            check_policy(&policy::policy(settings)),
            "change one of them",
        ),
        usable(
            "the permissions",
            permissions(settings),
            "correct what PORTICO_METADATA names, or set another folder",
        ),
        usable(
            "the texts of mails",
            templates,
            "correct what PORTICO_MAIL_TEMPLATES names, or set another folder",
        ),
    ];
    if settings.smtp_url.is_some() {
        let advice = "set PORTICO_SMTP_CA_FILE to a file with certificates in PEM, or leave it unset";
        findings.push(usable("the way to the mail server", Smtp::of(settings), advice));
    }
    findings
}

fn usable<T>(name: &str, read: Result<T, impl Display>, advice: &str) -> Finding {
    match read {
        Ok(_) => Good(format!("{name} can be used")),
        Err(error) => bad(format!("{name} cannot be used: {error}"), advice),
    }
}

fn permissions(settings: &Settings) -> Result<(), StartError> {
    let metadata = metadata(settings)?;
    Permissions::with(catalogue(), &metadata)?;
    policy::graphql(settings, metadata)?;
    Ok(())
}

async fn database(settings: &Settings, key: Option<&MasterKey>) -> Vec<Finding> {
    if let Some(path) = crate::database::sqlite_file(settings).filter(|path| !path.exists()) {
        return vec![Note(format!(
            "the database file {} does not exist yet; the first start makes it",
            path.display()
        ))];
    }
    let pool = match Pool::open(settings).await {
        Ok(pool) => pool,
        Err(error) => return vec![bad(error, "start the database, or correct PORTICO_DATABASE_URL")],
    };
    let facts = pool.facts().await;
    pool.close().await;
    match facts {
        Ok(facts) => vec![
            Good("the database answers".to_owned()),
            writable(&facts),
            migrated(&facts),
            sealed(&facts, key),
            skew(&facts),
        ],
        Err(error) => vec![bad(
            format!("the database answers, but: {error}"),
            "look at the database's own log",
        )],
    }
}

fn writable(facts: &Facts) -> Finding {
    match &facts.read_only {
        None => Good("the database is writable".to_owned()),
        Some(reason) => bad(
            format!("the database is not writable: {reason}"),
            "connect to the primary server; for a file, let the user that runs the service own it and its folder",
        ),
    }
}

fn migrated(facts: &Facts) -> Finding {
    let Facts { applied, known, .. } = facts;
    match applied.cmp(known) {
        std::cmp::Ordering::Equal => Good(format!("the database is up to date ({known} migrations)")),
        std::cmp::Ordering::Less => Note(format!(
            "{applied} of {known} migrations are applied; the next start, or portico migrate, does the rest"
        )),
        std::cmp::Ordering::Greater => bad(
            format!("the database has {applied} migrations, this release knows {known}"),
            "run the release that migrated it, or a newer one",
        ),
    }
}

fn sealed(facts: &Facts, key: Option<&MasterKey>) -> Finding {
    match (&facts.master_key_id, key) {
        (None, _) => Note("nothing in the database is sealed yet".to_owned()),
        (Some(stored), Some(key)) if key.id().is_ok_and(|id| id == *stored) => {
            Good("the master key is the database's".to_owned())
        }
        (Some(stored), key) => bad(
            match key {
                Some(_) => format!("the database is sealed under another master key ({stored})"),
                None => format!("the database is sealed under a master key that is missing ({stored})"),
            },
            "give the key it was made with in PORTICO_MASTER_KEY_FILE; without it, what is sealed is lost",
        ),
    }
}

fn skew(facts: &Facts) -> Finding {
    let skew = facts.now.map(|now| (now - SystemClock.now()).abs());
    match skew {
        None => Good("the database has the clock of this machine".to_owned()),
        Some(skew) if skew <= SKEW => Good("the clocks of this machine and the database agree".to_owned()),
        Some(skew) => bad(
            format!(
                "the clocks of this machine and the database differ by {} s",
                skew.num_seconds()
            ),
            "let both keep time by NTP",
        ),
    }
}

async fn listener(settings: &Settings) -> Finding {
    let listen = settings.listen;
    let Err(error) = TcpListener::bind(listen).await else {
        return Good(format!("{listen} is free to listen on: the service does not run"));
    };
    match service::counters(settings).await {
        Ok(counters) => Good(
            counters
                .lines()
                .filter(|line| !line.starts_with('#'))
                .fold(format!("the service runs on {listen}:"), |text, line| {
                    format!("{text}\n      {line}")
                }),
        ),
        Err(reason) => bad(
            format!("cannot listen on {listen}: {error}; what is there is not this service: {reason}"),
            "stop what listens there, or set PORTICO_LISTEN",
        ),
    }
}

fn admin_secret(settings: &Settings) -> Finding {
    let Some(secret) = &settings.admin_secret else {
        let path = data_folder::admin_secret_file(settings);
        return match (path.exists(), data_folder::is_open_to_others(&path)) {
            (false, _) => Note(format!(
                "there is no admin secret yet; the first start makes {}",
                path.display()
            )),
            (true, false) => Good(format!(
                "the admin secret {} is readable by its owner alone",
                path.display()
            )),
            (true, true) => bad(
                format!("others may read the admin secret {}", path.display()),
                &format!("chmod 600 {}", path.display()),
            ),
        };
    };
    let secret = secret.reveal();
    let different = secret.chars().collect::<BTreeSet<_>>().len();
    if secret.len() < ADMIN_SECRET_LENGTH || different < VARIETY {
        return bad(
            "the admin secret can be guessed",
            "make one by: openssl rand -base64 32",
        );
    }
    Good("the admin secret is long enough".to_owned())
}
