//! TLS to PostgreSQL: every connection of the service is encrypted and sure of the server, or none is.

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection};

use super::start::refused;
use crate::support::caller::User;
use crate::support::database::TestDatabase;
use crate::support::process::{self, Process};
use crate::support::requirement::Requirement;

/// The authority that vouches for the server, as the file and for the server to show.
const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/http/certificates/authority.pem");
const CERTIFICATE: &str = include_str!("certificates/server.pem");
const KEY: &str = include_str!("certificates/server.key");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_connections_are_encrypted_to_the_right_server_or_none_is_made() {
    let Some((cluster, database)) = TestDatabase::with_server().await else {
        return Requirement::Postgres.absent();
    };
    let url = &database.url;
    tokio::task::block_in_place(|| cluster.take_nothing_in_the_clear(CERTIFICATE, KEY));
    for (more, reason) in [
        ("", "no encryption"),
        ("?sslmode=prefer", "no encryption"),
        // Nobody known vouches for the server.
        ("?sslmode=require", "UnknownIssuer"),
    ] {
        let mut command = process::command(&database);
        command
            .env("PORTICO_DATABASE_URL", format!("{url}{more}"))
            .env("PORTICO_LISTEN", "127.0.0.1:0");
        let told = tokio::task::block_in_place(|| refused(&mut command));
        assert!(
            told.contains("cannot connect to the database") && told.contains(reason),
            "{more}: {told}"
        );
    }

    let encrypted = format!("{url}?sslmode=require&sslrootcert={AUTHORITY}");
    let service = Process::with(&database, &[("PORTICO_DATABASE_URL", &encrypted)]).await;
    let jane = User::sign_up_as(&service.caller, "jane").await;
    jane.graphql("{ me { id } }").await.data();
    let options: PgConnectOptions = url.parse().unwrap();
    let mut beside = options.ssl_mode(PgSslMode::Require).connect().await.unwrap();
    let (encrypted, all): (i64, i64) = sqlx::query_as(
        "SELECT count(*) FILTER (WHERE s.ssl), count(*) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) \
         WHERE a.application_name = 'portico'",
    )
    .fetch_one(&mut beside)
    .await
    .unwrap();
    assert!(all > 1 && encrypted == all, "{encrypted} of {all}");
    beside.close().await.unwrap();
    database.finish().await;
}
