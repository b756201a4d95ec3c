//! The real program in a process of its own.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::caller::Caller;
use super::database::TestDatabase;
use super::settings;

/// The program, built by the first test that needs it.
pub(crate) fn program() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(build).clone()
}

fn build() -> PathBuf {
    // This test stands in <target>/<profile>/deps, the program two folders up.
    let folder = std::env::current_exe()
        .unwrap()
        .ancestors()
        .nth(2)
        .unwrap()
        .to_owned();
    let mut command = Command::new(env!("CARGO"));
    command.args([
        "build",
        "--quiet",
        "--package",
        "portico-server",
        "--bin",
        "portico",
    ]);
    if folder.ends_with("release") {
        command.arg("--release");
    }
    command.arg("--target-dir").arg(folder.parent().unwrap());
    assert!(
        command
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status()
            .unwrap()
            .success()
    );
    folder.join("portico")
}

/// The program with nothing of this environment but what a test sets.
pub(crate) fn command(database: &TestDatabase) -> Command {
    let mut command = Command::new(program());
    let inherited = std::env::vars().filter(|(name, _)| name.starts_with("PORTICO_"));
    inherited.for_each(|(name, _)| {
        command.env_remove(name);
    });
    command
        .current_dir(database.folder())
        .env("PORTICO_DATABASE_URL", &database.url)
        .env("PORTICO_DATA_DIR", database.folder())
        .env("PORTICO_ADMIN_SECRET", settings::ADMIN_SECRET)
        .stdin(Stdio::null());
    command
}

/// Sends a signal to processes.
pub(crate) fn signal(name: &str, ids: &[String]) {
    let sent = Command::new("kill").arg(format!("-{name}")).args(ids).status();
    assert!(sent.unwrap().success());
}

/// A service that is ended the hard way.
pub(crate) struct Process {
    child: Child,
    pub(crate) caller: Caller,
}

impl Process {
    pub(crate) async fn start(database: &Arc<TestDatabase>) -> Self {
        Self::with(database, &[]).await
    }

    /// With some variables set.
    pub(crate) async fn with(database: &Arc<TestDatabase>, variables: &[(&str, &str)]) -> Self {
        let mut process = Self::starting(database, variables);
        process.until_ready().await;
        process
    }

    /// One that may never become ready.
    pub(crate) fn starting(database: &Arc<TestDatabase>, variables: &[(&str, &str)]) -> Self {
        let port = TcpListener::bind(("127.0.0.1", 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let mut command = command(database);
        command
            .env("PORTICO_LISTEN", format!("127.0.0.1:{port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        for limit in ["SIGN_INS", "SIGN_UPS", "REFRESHES"] {
            command.env(format!("PORTICO_LIMIT_{limit}"), "1000000");
        }
        command.envs(variables.iter().copied());
        let child = command.spawn().unwrap();
        let caller = Caller {
            base: format!("http://127.0.0.1:{port}"),
            headers: Vec::new(),
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            database: Arc::clone(database),
        };
        Self { child, caller }
    }

    async fn until_ready(&mut self) {
        for _ in 0..300 {
            let request = self.caller.request(reqwest::Method::GET, "/readyz").send();
            if request.await.is_ok_and(|response| response.status() == 200) {
                return;
            }
            assert!(
                self.child.try_wait().unwrap().is_none(),
                "the service ended at start"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the service never became ready");
    }

    /// The memory it has in use, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .unwrap();
        let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
        kilobytes * 1024
    }

    /// Sends a signal by its name, as TERM.
    pub(crate) fn signal(&self, name: &str) {
        signal(name, &[self.child.id().to_string()]);
    }

    /// Whether it ends by itself, and well, within a time.
    pub(crate) async fn ends_within(&mut self, time: Duration) -> bool {
        let deadline = Instant::now() + time;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.success();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    }

    /// `kill -9`
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended before: then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
