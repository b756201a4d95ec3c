//! What `portico doctor` says of what keeps the service from starting.

use std::sync::Arc;

use sea_orm::ConnectionTrait;

use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::process::{Process, command};

on_both_databases!(
    what_the_start_would_refuse_is_bad,
    a_database_whose_first_migration_failed_is_told_of,
);

/// Whether all is well, and what is told.
fn doctor(database: &TestDatabase, variables: &[(&str, &str)]) -> (bool, String) {
    let mut command = command(database);
    command.arg("doctor").env("PORTICO_LISTEN", "127.0.0.1:0");
    command.envs(variables.iter().copied());
    let output = tokio::task::block_in_place(|| command.output()).unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

async fn what_the_start_would_refuse_is_bad(database: Arc<TestDatabase>) {
    let (well, told) = doctor(&database, &[]);
    assert!(well, "{told}");
    let server = ("PORTICO_SMTP_URL", "smtp://127.0.0.1:1");
    for (name, what) in [
        ("PORTICO_METADATA", "the permissions"),
        ("PORTICO_MAIL_TEMPLATES", "the texts of mails"),
        ("PORTICO_SMTP_CA_FILE", "the way to the mail server"),
    ] {
        let (well, told) = doctor(&database, &[server, (name, "/nowhere")]);
        assert!(
            !well && told.contains(&format!("BAD   {what} cannot be used: ")),
            "{told}"
        );
        assert!(told.contains("/nowhere") && told.contains(name), "{told}");
    }
}

async fn a_database_whose_first_migration_failed_is_told_of(database: Arc<TestDatabase>) {
    Process::start(&database).await.kill();
    let connection = database.connect().await;
    connection
        .execute_unprepared("DROP TABLE settings")
        .await
        .unwrap();
    let (well, told) = doctor(&database, &[]);
    assert!(
        well && told.contains("nothing in the database is sealed yet"),
        "{told}"
    );
}
