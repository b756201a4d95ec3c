//! What the program says when it cannot start.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::support::app::TestApp;
use crate::support::database::{Kind, TestDatabase};
use crate::support::process::{self, Process};
use crate::support::requirement::Requirement;

/// Runs the program to its end, which is to come soon, and gives what it said.
pub(super) fn refused(command: &mut std::process::Command) -> String {
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let id = child.id();
    let (done, wait) = std::sync::mpsc::channel::<()>();
    let guard = std::thread::spawn(move || {
        // Only if it has not ended by then.
        if wait.recv_timeout(std::time::Duration::from_secs(60)).is_err() {
            let _ = std::process::Command::new("kill")
                .args(["-9", &id.to_string()])
                .status();
        }
    });
    let output = child.wait_with_output().unwrap();
    let _ = done.send(());
    guard.join().unwrap();
    assert!(!output.status.success());
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

async fn prepared() -> (std::sync::Arc<TestDatabase>, std::process::Command) {
    let database = TestDatabase::new(Kind::Sqlite).await.unwrap();
    let mut command = process::command(&database);
    command.env("PORTICO_LISTEN", "127.0.0.1:0");
    (database, command)
}

#[tokio::test]
async fn a_wrong_value_is_named_with_what_is_allowed() {
    for (name, value) in [
        ("PORTICO_LISTEN", "nowhere"),
        ("PORTICO_ENV", "testing"),
        ("PORTICO_EMAIL_VERIFICATION", "maybe"),
        ("PORTICO_DATABASE_URL", "mysql://localhost/x"),
    ] {
        let (_database, mut command) = prepared().await;
        let said = refused(command.env(name, value));
        assert!(
            said.contains(name) || said.contains(&flag(name)),
            "{name}: {said}"
        );
        assert!(!said.contains("panicked"), "{said}");
    }
}

fn flag(name: &str) -> String {
    format!(
        "--{}",
        name.trim_start_matches("PORTICO_")
            .to_lowercase()
            .replace('_', "-")
    )
}

#[tokio::test]
async fn an_sqlite_file_that_cannot_be_written_is_named() {
    let (database, mut command) = prepared().await;
    // A folder stands where the file should be: that stops root too.
    let path = database.folder().join("taken");
    std::fs::create_dir(&path).unwrap();
    let said = refused(command.env("PORTICO_DATABASE_URL", format!("sqlite:{}", path.display())));
    assert!(said.contains("taken") && !said.contains("panicked"), "{said}");
}

#[tokio::test]
async fn a_database_that_is_down_is_named() {
    let (_database, mut command) = prepared().await;
    let said = refused(command.env(
        "PORTICO_DATABASE_URL",
        "postgres://portico:hidden-password@127.0.0.1:1/portico",
    ));
    assert!(said.to_lowercase().contains("database"), "{said}");
    assert!(
        !said.contains("hidden-password") && !said.contains("panicked"),
        "{said}"
    );
}

#[tokio::test]
async fn a_value_that_is_no_text_is_not_taken_for_none() {
    let (database, mut command) = prepared().await;
    let url = OsStr::from_bytes(b"postgres://portico:hidden-password\xe4@127.0.0.1:1/portico");
    let said = refused(command.env("PORTICO_DATABASE_URL", url));
    assert!(said.contains("PORTICO_DATABASE_URL (environment)"), "{said}");
    assert!(!said.contains("hidden-password"), "{said}");
    assert!(!database.folder().join("portico.db").exists());
}

#[tokio::test]
async fn authorities_of_the_mail_server_are_there() {
    let (database, mut command) = prepared().await;
    let path = database.folder().join("ca.pem");
    std::fs::write(&path, "none\n").unwrap();
    command.env("PORTICO_SMTP_URL", "smtp://127.0.0.1:1");
    let said = refused(command.env("PORTICO_SMTP_CA_FILE", &path));
    assert!(
        said.contains("PORTICO_SMTP_CA_FILE): it holds no certificate"),
        "{said}"
    );
}

#[tokio::test]
async fn production_wants_its_secrets_given() {
    let (_database, mut command) = prepared().await;
    let said = refused(command.env("PORTICO_ENV", "production"));
    assert!(
        said.contains("MASTER_KEY") || said.contains("master-key"),
        "{said}"
    );
    let (_database, mut command) = prepared().await;
    let said = refused(
        command
            .env("PORTICO_ENV", "production")
            .env("PORTICO_ADMIN_SECRET", "short"),
    );
    assert!(!said.contains("panicked"), "{said}");
}

#[tokio::test]
async fn development_stays_on_this_machine() {
    let (_database, mut command) = prepared().await;
    let said = refused(command.env("PORTICO_LISTEN", "0.0.0.0:0"));
    assert!(
        said.contains("loopback") || said.contains("PORTICO_LISTEN"),
        "{said}"
    );
}

#[tokio::test]
async fn what_the_service_keeps_is_for_its_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let database = TestDatabase::new(Kind::Sqlite).await.unwrap();
    let _process = Process::start(&database).await;
    for name in ["master.key", "portico.db"] {
        let mode = std::fs::metadata(database.folder().join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "{name} has mode {mode:o}");
    }
}

#[tokio::test]
async fn a_master_key_that_is_lost_is_not_replaced() {
    let (database, mut command) = prepared().await;
    drop(Process::start(&database).await);
    let key = database.folder().join("master.key");
    std::fs::rename(&key, database.folder().join("elsewhere")).unwrap();
    let said = refused(&mut command);
    assert!(said.contains("master.key is missing"), "{said}");
    let said = refused(process::command(&database).arg("doctor"));
    assert!(said.contains("master key that is missing"), "{said}");
    assert!(!key.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_beside_the_host_is_the_port_of_all_connections() {
    let Some(database) = TestDatabase::new(Kind::Postgres).await else {
        return Requirement::Postgres.absent();
    };
    let (place, name) = database.url.rsplit_once('/').unwrap();
    let (place, port) = place.rsplit_once(':').unwrap();
    let beside = format!("{place}/{name}?port={port}");
    let app = TestApp::with(&database, &[("PORTICO_DATABASE_URL", &beside)]).await;
    let jane = app.user("jane").await;
    jane.graphql("{ me { id } }").await.data();
    database.finish().await;
}

#[tokio::test]
async fn a_variable_that_one_driver_would_heed_is_named() {
    let Some(database) = TestDatabase::new(Kind::Postgres).await else {
        return Requirement::Postgres.absent();
    };
    let mut command = process::command(&database);
    command.env("PORTICO_LISTEN", "127.0.0.1:0").env("PGPORT", "1");
    let said = refused(command.env("PGPASSWORD", "hidden-password"));
    assert!(
        said.contains("PGPASSWORD is set") && !said.contains("hidden-password"),
        "{said}"
    );
    database.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_for_data_is_made_before_anybody_asks() {
    let Some(database) = TestDatabase::new(Kind::Postgres).await else {
        return Requirement::Postgres.absent();
    };
    let (place, name) = database.url.rsplit_once('/').unwrap();
    let (who, server) = place.rsplit_once('@').unwrap();
    let port = way_that_takes_no_data(server.to_owned()).await;
    let url = format!("{who}@127.0.0.1:{port}/{name}");
    let reason = "cannot connect to the database for data";
    let told = TestApp::refused(&database, &[("PORTICO_DATABASE_URL", &url)]).await;
    assert!(told.contains(reason), "{told}");
    let mut doctor = process::command(&database);
    doctor.arg("doctor").env("PORTICO_DATABASE_URL", &url);
    let told = tokio::task::block_in_place(|| refused(&mut doctor));
    assert!(told.contains(&format!("BAD   {reason}")), "{told}");
    database.finish().await;
}

/// A port that leads to a server, but for connections for data.
async fn way_that_takes_no_data(server: String) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let server = server.clone();
            tokio::spawn(async move {
                let mut begin = [0; 4096];
                let read = client.read(&mut begin).await.unwrap();
                // Only connections for data do without machine code.
                if begin.windows(7).any(|part| part == b"jit=off") {
                    return;
                }
                let mut server = TcpStream::connect(server).await.unwrap();
                server.write_all(&begin[..read]).await.unwrap();
                // Ends as the program does that is told nothing more.
                let _ = copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    port
}
