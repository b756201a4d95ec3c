//! The service, run as in production.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::authenticator::EARLIER;
use crate::cleanup::SERVICE;
use crate::cluster::free_port;
use crate::command::output;
use crate::error::{BenchError, During};

/// The secret of the administrator.
pub(crate) const ADMIN_SECRET: &str = "only-for-the-bench-and-nothing-else";
/// A service that is not there after so long is not coming.
const PATIENCE: Duration = Duration::from_secs(20);

/// How the service is run.
pub(crate) struct Setup {
    program: PathBuf,
    scratch: PathBuf,
    folder: PathBuf,
    database_url: String,
}

/// A running service.
pub(crate) struct Service {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    child: Child,
    log: File,
    scratch: PathBuf,
}

impl Setup {
    /// Prepares a folder for the service.
    pub(crate) fn new(program: &Path, scratch: &Path, database_url: String) -> Result<Self, BenchError> {
        let folder = scratch.join("service");
        if !folder.exists() {
            fs::create_dir(&folder).during("making a folder")?;
        }
        fs::write(folder.join("master.key"), STANDARD.encode([7; 32])).during("writing a key")?;
        Ok(Self {
            program: program.to_owned(),
            scratch: scratch.to_owned(),
            folder,
            database_url,
        })
    }

    /// Runs a subcommand to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<String, BenchError> {
        output(self.command("127.0.0.1:0").args(arguments))
    }

    /// Starts the service with some more settings; tells how long it took until it answered.
    pub(crate) fn start(&self, more: &[(&str, &str)]) -> Result<(Service, Duration), BenchError> {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let path = self.folder.join("log");
        let opened = OpenOptions::new().append(true).create(true).open(&path);
        let log = opened.during("opening the log")?;
        let stderr = log.try_clone().during("opening the log")?;
        let begin = Instant::now();
        let child = self
            .command(&address.to_string())
            .envs(more.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr)
            .spawn()
            .during("starting the service")?;
        fs::write(self.scratch.join(SERVICE), child.id().to_string()).during("writing a process id")?;
        let mut service = Service {
            address,
            child,
            log,
            scratch: self.scratch.clone(),
        };
        while !answers(address) {
            let ended = service.child.try_wait().during("watching the service")?.is_some();
            if ended || begin.elapsed() > PATIENCE {
                return Err(BenchError::Start(fs::read_to_string(path).unwrap_or_default()));
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        Ok((service, begin.elapsed()))
    }

    /// The program with settings of production and limits that a bench does not meet.
    fn command(&self, listen: &str) -> Command {
        let mut command = Command::new(&self.program);
        command
            .current_dir(&self.folder)
            .env_clear()
            .env("PORTICO_ENV", "production")
            .env("PORTICO_LISTEN", listen)
            .env("PORTICO_PUBLIC_URL", "http://127.0.0.1")
            .env("PORTICO_DATA_DIR", &self.folder)
            .env("PORTICO_DATABASE_URL", &self.database_url)
            .env("PORTICO_MASTER_KEY_FILE", self.folder.join("master.key"))
            .env("PORTICO_ADMIN_SECRET", ADMIN_SECRET)
            .env("PORTICO_EMAIL_VERIFICATION", "optional")
            .env("PORTICO_ACCESS_TOKEN_LIFETIME", "1d")
            .env("PORTICO_LIMIT_SIGN_INS", "1000000")
            .env("PORTICO_LIMIT_SIGN_UPS", "1000000")
            .env("PORTICO_TOTP_EARLIER_STEPS", EARLIER.to_string())
            .env("PORTICO_LIMIT_REFRESHES", "1000000")
            .env("PORTICO_LIMIT_FAILURES", "1000000")
            .env("PORTICO_LIMIT_MAIL_REQUESTS", "1000000")
            .env("PORTICO_LIMIT_MAILS", "1000000");
        command
    }
}

/// Whether the service is there: it answers a request with 200.
fn answers(address: SocketAddr) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n")?;
        let mut status = [0; 12];
        stream.read_exact(&mut status)?;
        Ok::<_, std::io::Error>(&status == b"HTTP/1.1 200")
    };
    ask().unwrap_or(false)
}

impl Service {
    /// Its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Empties the log: it is written as in production, and not kept.
    pub(crate) fn empty_log(&self) -> Result<(), BenchError> {
        self.log.set_len(0).during("emptying the log")
    }

    /// Ends it as an operator would.
    pub(crate) fn stop(&mut self) -> Result<(), BenchError> {
        output(Command::new("kill").arg(self.child.id().to_string()))?;
        let begin = Instant::now();
        while self.child.try_wait().during("watching the service")?.is_none() {
            if begin.elapsed() > PATIENCE {
                self.child.kill().during("ending the service")?;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let file = self.scratch.join(SERVICE);
        fs::remove_file(file).during("forgetting the service")
    }
}
