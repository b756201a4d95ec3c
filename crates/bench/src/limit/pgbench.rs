//! A prepared statement run by pgbench, with as many clients as the load has connections.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::command::output;
use crate::error::{BenchError, During};
use crate::stand::Stand;
use crate::work::Work;

const PROFILE: &str = include_str!("../../yardsticks/profile.sql");
const LIST: &str = include_str!("../../yardsticks/list.sql");
const COUNT: &str = include_str!("../../yardsticks/count.sql");
const LEVELS: &str = include_str!("../../yardsticks/levels.sql");
const FILTER: &str = include_str!("../../yardsticks/filter.sql");
const NESTED: &str = include_str!("../../yardsticks/nested.sql");
const UPSERT: &str = include_str!("../../yardsticks/upsert.sql");
const INSERT: &str = include_str!("../../yardsticks/insert.sql");
const INSERTS: &str = include_str!("../../yardsticks/inserts.sql");
const UPDATE: &str = include_str!("../../yardsticks/update.sql");
const SESSIONS: &str = include_str!("../../yardsticks/sessions.sql");
const REFRESH: &str = include_str!("../../yardsticks/refresh.sql");

/// How many users the files know of.
const USERS: &str = "100000";

/// A file for pgbench.
pub(crate) struct Script {
    file: PathBuf,
    program: PathBuf,
    arguments: Vec<String>,
    connections: usize,
}

impl Script {
    /// Writes the file for a kind of work.
    pub(crate) fn new(stand: &Stand, work: Work, connections: usize) -> Result<Self, BenchError> {
        let text = match work {
            Work::List => LIST,
            Work::Count => COUNT,
            Work::Levels => LEVELS,
            Work::Filter => FILTER,
            Work::Nested => NESTED,
            Work::Update => UPDATE,
            Work::Upsert => UPSERT,
            Work::Insert => INSERT,
            Work::Inserts => INSERTS,
            Work::Refresh => REFRESH,
            Work::Sessions => SESSIONS,
            _ => PROFILE,
        };
        let missing = || BenchError::Input("there is no PostgreSQL to run pgbench against".to_owned());
        let command = stand.cluster.as_ref().ok_or_else(missing)?.pgbench();
        let file = stand.scratch.folder().join(format!("{}.sql", work.name()));
        std::fs::write(&file, text.replace(USERS, &stand.users.to_string())).during("writing a statement")?;
        let arguments = command
            .get_args()
            .map(|argument| argument.to_string_lossy().into_owned());
        Ok(Self {
            file,
            program: command.get_program().into(),
            arguments: arguments.collect(),
            connections,
        })
    }

    /// Transactions a second.
    pub(crate) fn rate(&self, length: Duration) -> Result<f64, BenchError> {
        // It takes whole seconds only.
        let seconds = length.as_secs_f64().round().max(1.0);
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .args(["-n", "-M", "prepared", "-j", "1"])
            .args(["-c", &self.connections.to_string(), "-T", &seconds.to_string()])
            .arg("-f")
            .arg(&self.file)
            .arg("portico")
            .current_dir("/");
        let text = output(&mut command)?;
        let rate = text
            .lines()
            .find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        rate.ok_or(BenchError::Program {
            program: "pgbench".to_owned(),
            output: text,
        })
    }
}
