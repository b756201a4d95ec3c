//! A PostgreSQL server of our own.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cleanup::DATABASE;
use crate::command::output;
use crate::error::{BenchError, During};

/// Name of the database.
const NAME: &str = "portico";

/// A running server with its data in the bench's folder.
pub(crate) struct Cluster {
    programs: PathBuf,
    data: PathBuf,
    port: u16,
}

impl Cluster {
    /// Makes and starts one. What is committed is on the disk, as in production.
    pub(crate) fn start(scratch: &Path) -> Result<Self, BenchError> {
        let folder = scratch.join("postgres");
        fs::create_dir(&folder).during("making a folder")?;
        if is_root() {
            output(Command::new("chown").arg("postgres").arg(&folder))?;
        }
        let cluster = Self {
            programs: programs()?,
            data: folder.join("data"),
            port: free_port()?,
        };
        let initdb = [
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
        ];
        output(
            cluster
                .as_owner("initdb")
                .args(initdb)
                .args(["--no-sync", "--pgdata"])
                .arg(&cluster.data),
        )?;
        let settings = format!(
            "listen_addresses = '127.0.0.1'\nport = {}\nunix_socket_directories = '{}'\n\
             max_connections = 300\nshared_buffers = 256MB\n",
            cluster.port,
            folder.display()
        );
        let file = cluster.data.join("postgresql.auto.conf");
        fs::write(&file, settings).during("writing the server's settings")?;
        let stop = cluster.as_owner("pg_ctl");
        let words = std::iter::once(stop.get_program()).chain(stop.get_args());
        let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
        let script = format!(
            "{} stop -s -m immediate -D {}",
            words.join(" "),
            cluster.data.display()
        );
        fs::write(scratch.join(DATABASE), script).during("writing how to stop the server")?;
        // The server inherits the output and would keep a pipe open for ever.
        let started = cluster
            .as_owner("pg_ctl")
            .args(["start", "-s", "-w", "-l"])
            .arg(folder.join("log"))
            .arg("-D")
            .arg(&cluster.data)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .during("starting pg_ctl")?;
        if !started.success() {
            return Err(BenchError::Program {
                program: "pg_ctl".to_owned(),
                output: fs::read_to_string(folder.join("log")).unwrap_or_default(),
            });
        }
        output(&mut cluster.client("createdb", "postgres"))?;
        Ok(cluster)
    }

    /// The address for the service.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{NAME}", self.port)
    }

    /// The first process of the server.
    pub(crate) fn process(&self) -> Result<u32, BenchError> {
        let file = self.data.join("postmaster.pid");
        let text = fs::read_to_string(file).during("reading the server's process id")?;
        let number = text.lines().next().and_then(|line| line.trim().parse().ok());
        number.ok_or_else(|| BenchError::Start("the database server tells no process id".to_owned()))
    }

    /// Runs SQL.
    pub(crate) fn run(&self, sql: &str) -> Result<(), BenchError> {
        let mut psql = self.client("psql", NAME);
        output(psql.args(["-q", "-X", "-v", "ON_ERROR_STOP=1", "-c", sql]))?;
        Ok(())
    }

    /// What pgbench is run as.
    pub(crate) fn pgbench(&self) -> Command {
        self.client("pgbench", NAME)
    }

    /// A client program, connecting as the service does.
    fn client(&self, program: &str, database: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command
            .args(["-h", "127.0.0.1", "-U", "postgres", "-p", &self.port.to_string()])
            .env("PGDATABASE", database)
            .current_dir("/");
        if program == "createdb" {
            command.arg(NAME);
        }
        command
    }

    /// PostgreSQL refuses to run as root.
    fn as_owner(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir("/");
        command
    }
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> Result<u16, BenchError> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).during("looking for a free port")?;
    Ok(listener.local_addr().during("looking for a free port")?.port())
}

/// The folder with the server's programs: of the newest version installed, or of the search path.
fn programs() -> Result<PathBuf, BenchError> {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let number = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions
        .filter_map(|version| Some((number(&version.path())?, version.path().join("bin"))))
        .max();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = newest.map(|(_, folder)| folder).into_iter();
    folders
        .chain(std::env::split_paths(&path))
        .find(|folder| folder.join("pg_ctl").is_file() && folder.join("pgbench").is_file())
        .ok_or_else(|| BenchError::Input("PostgreSQL with pgbench is not installed here".to_owned()))
}

/// The owner of our own entry under /proc is the user we run as.
fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|entry| entry.uid() == 0)
}
