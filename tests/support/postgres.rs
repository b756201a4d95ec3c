//! Throw-away PostgreSQL clusters: one shared by a whole test run, and private ones for tests that stop theirs.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::sync::OnceCell;

use super::process;
use super::requirement::find_program;
use super::watchdog;

/// The migrated database that every test database is copied from.
const TEMPLATE: &str = "portico_template";

/// A running PostgreSQL server with its data in a temporary folder.
#[derive(Debug)]
pub(crate) struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
}

/// The cluster shared by all tests of this run, or nothing where PostgreSQL is not installed.
pub(crate) async fn shared() -> Option<&'static Cluster> {
    static SHARED: OnceCell<Option<Cluster>> = OnceCell::const_new();
    SHARED.get_or_init(start_shared).await.as_ref()
}

async fn start_shared() -> Option<Cluster> {
    let programs = programs()?;
    let folder = std::env::temp_dir().join(format!("portico-tests-{}", run_name()));
    fs::create_dir_all(&folder).unwrap();
    let lock = File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    let port_file = folder.join("port");
    if let Ok(port) = fs::read_to_string(&port_file) {
        return Some(Cluster {
            programs,
            folder,
            port: port.parse().unwrap(),
        });
    }
    let cluster = Cluster::create(programs, folder, run_owner());
    cluster.make_template().await;
    fs::write(port_file, cluster.port.to_string()).unwrap();
    Some(cluster)
}

/// nextest gives each test a process of its own: what they share is the run, and the runner that started them.
fn run_name() -> String {
    std::env::var("NEXTEST_RUN_ID").unwrap_or_else(|_| std::process::id().to_string())
}

fn run_owner() -> u32 {
    if std::env::var_os("NEXTEST_RUN_ID").is_some() {
        std::os::unix::process::parent_id()
    } else {
        std::process::id()
    }
}

/// The folder with `initdb`, `pg_ctl` and the server.
fn programs() -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|versions| {
            versions
                .flatten()
                .map(|version| version.path().join("bin"))
                .collect()
        })
        .unwrap_or_default();
    folders.sort();
    folders.reverse();
    let initdb = fs::canonicalize(find_program(&["initdb"], &folders)?).unwrap();
    let folder = initdb.parent().unwrap().to_owned();
    folder.join("pg_ctl").is_file().then_some(folder)
}

impl Cluster {
    /// A cluster of its own, for a test that stops and starts the server.
    pub(crate) fn private() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let programs = programs()?;
        let name = format!(
            "portico-tests-{}-private-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        Some(Self::create(programs, folder, std::process::id()))
    }

    fn create(programs: PathBuf, folder: PathBuf, owner: u32) -> Self {
        let port = TcpListener::bind(("127.0.0.1", 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let cluster = Self {
            programs,
            folder,
            port,
        };
        if is_root() {
            must(Command::new("chown").arg("postgres").arg(&cluster.folder));
        }
        let stop = format!(
            "{} stop -s -m immediate -D {}",
            cluster.shell("pg_ctl"),
            cluster.data().display()
        );
        watchdog::after(owner, &format!("{stop}; rm -rf {}", cluster.folder.display()));
        must(
            cluster
                .command("initdb")
                .args([
                    "--username=postgres",
                    "--auth=trust",
                    "--encoding=UTF8",
                    "--locale=C.UTF-8",
                    "--no-sync",
                    "--pgdata",
                ])
                .arg(cluster.data()),
        );
        fs::OpenOptions::new()
            .append(true)
            .open(cluster.data().join("postgresql.conf"))
            .and_then(|mut file| std::io::Write::write_all(&mut file, cluster.configuration().as_bytes()))
            .unwrap();
        cluster.start();
        cluster
    }

    /// Nothing has to outlive the machine, but what was committed outlives the server.
    fn configuration(&self) -> String {
        format!(
            "listen_addresses = '127.0.0.1'\nport = {}\nunix_socket_directories = '{}'\n\
             fsync = off\nfull_page_writes = off\n\
             max_connections = 400\nshared_buffers = 64MB\n",
            self.port,
            self.folder.display()
        )
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// What the server has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap()
    }

    fn log_file(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// Starts the server and returns once it takes connections.
    pub(crate) fn start(&self) {
        must(
            self.command("pg_ctl")
                .args(["start", "-s", "-w", "-D"])
                .arg(self.data())
                .arg("-l")
                .arg(self.log_file()),
        );
    }

    /// Starts the server anew, with a certificate and its key; who does not encrypt is refused.
    pub(crate) fn take_nothing_in_the_clear(&self, certificate: &str, key: &str) {
        self.stop();
        let data = self.data();
        for (name, text) in [("server.crt", certificate), ("server.key", key)] {
            let path = data.join(name);
            fs::write(&path, text).unwrap();
            must(Command::new("chmod").arg("600").arg(&path));
            if is_root() {
                must(Command::new("chown").arg("postgres").arg(&path));
            }
        }
        fs::write(data.join("pg_hba.conf"), "hostssl all all 127.0.0.1/32 trust\n").unwrap();
        fs::write(data.join("postgresql.auto.conf"), "ssl = on\n").unwrap();
        self.start();
    }

    /// Stops the server at once, as if the machine had gone away.
    pub(crate) fn stop(&self) {
        must(
            self.command("pg_ctl")
                .args(["stop", "-s", "-w", "-m", "immediate", "-D"])
                .arg(self.data()),
        );
    }

    /// Halts every process of the server: connections stay open, and nothing answers.
    pub(crate) fn freeze(&self) {
        // The first, so that it makes no others meanwhile.
        process::signal("STOP", &[self.first_process()]);
        process::signal("STOP", &self.processes());
    }

    /// The same for what serves connections; new ones are taken and served.
    pub(crate) fn freeze_connections(&self) {
        let first = self.first_process();
        let others = self.processes().into_iter().filter(|id| *id != first);
        process::signal("STOP", &others.collect::<Vec<_>>());
    }

    /// Lets the server go on.
    pub(crate) fn thaw(&self) {
        process::signal("CONT", &self.processes());
    }

    fn first_process(&self) -> String {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).unwrap();
        file.lines().next().unwrap().to_owned()
    }

    fn processes(&self) -> Vec<String> {
        let first = self.first_process();
        let found = Command::new("pgrep").args(["-P", &first]).output().unwrap();
        let children = String::from_utf8(found.stdout).unwrap();
        std::iter::once(first.as_str())
            .chain(children.lines())
            .map(str::to_owned)
            .collect()
    }

    /// PostgreSQL refuses to run as root.
    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        if !is_root() {
            return Command::new(program);
        }
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    }

    fn shell(&self, program: &str) -> String {
        let program = self.programs.join(program);
        let user = if is_root() { "runuser -u postgres -- " } else { "" };
        format!("{user}{}", program.display())
    }

    /// The address of one of this cluster's databases.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    async fn make_template(&self) {
        self.run(&format!("CREATE DATABASE {TEMPLATE}")).await;
        let options = self
            .url(TEMPLATE)
            .parse::<sqlx::postgres::PgConnectOptions>()
            .unwrap();
        let pool = sqlx::postgres::PgPoolOptions::new()
            .max_connections(2)
            .connect_with(options.options([("search_path", "auth,public")]))
            .await
            .unwrap();
        portico_migrations::migrate_postgres(&pool).await.unwrap();
        pool.close().await;
    }

    /// A migrated database of its own for one test.
    pub(crate) async fn migrated_database(&self) -> String {
        let name = database_name();
        self.run(&format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE}"))
            .await;
        self.url(&name)
    }

    /// An empty database of its own for one test.
    pub(crate) async fn empty_database(&self) -> String {
        let name = database_name();
        self.run(&format!("CREATE DATABASE {name}")).await;
        self.url(&name)
    }

    async fn run(&self, statement: &str) {
        let mut connection = PgConnection::connect(&self.url("postgres")).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(statement))
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    }
}

fn database_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!(
        "test_{}_{}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    )
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    // The owner of our own entry under /proc is the user we run as.
    fs::metadata(Path::new("/proc/self")).is_ok_and(|entry| entry.uid() == 0)
}

fn must(command: &mut Command) {
    let output = command
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output();
    let output = output.unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
