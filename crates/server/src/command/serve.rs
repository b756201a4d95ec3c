//! `portico serve`: the service until a signal ends it.

use std::fmt::Write;
use std::io::{self, IsTerminal};
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{CommandError, print};
use crate::configuration::{DatabaseUrl, warnings};
use crate::{Settings, SystemClock, SystemEntropy, data_folder, start};

/// Serves until told to stop.
pub(super) async fn run(settings: Settings) -> Result<(), CommandError> {
    for warning in warnings(&settings) {
        tracing::warn!("{warning}");
    }
    // Heard from the first moment: a signal during the start is not lost.
    let mut signals = Signals::listen().map_err(CommandError::Signal)?;
    let starting = start(settings.clone(), Arc::new(SystemClock), Arc::new(SystemEntropy));
    let running = tokio::select! {
        started = starting => started?,
        () = signals.next() => {
            tracing::info!("stopped before it had started");
            return Ok(());
        }
    };
    print(&welcome(&settings, &running.address.to_string()))?;
    signals.next().await;
    tokio::select! {
        () = running.shutdown() => tracing::info!("stopped"),
        () = signals.next() => tracing::warn!("told a second time: what was under way is left as it is"),
    }
    Ok(())
}

/// What tells the service to stop.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => tracing::info!("told to stop"),
            _ = self.interrupt.recv() => tracing::info!("interrupted"),
        }
    }
}

/// What a person at a terminal wants to know; the admin secret goes nowhere else.
fn welcome(settings: &Settings, address: &str) -> String {
    let mut text = format!(
        "Portico {} listens on http://{address}\n",
        env!("CARGO_PKG_VERSION")
    );
    // Writing to a text cannot fail.
    let _ = writeln!(text, "  GraphQL    http://{address}/v1/graphql");
    if settings.graphiql {
        let _ = writeln!(text, "  GraphiQL   http://{address}/graphiql");
    }
    if settings.shows_outbox() {
        let _ = writeln!(text, "  mail       http://{address}/dev/outbox");
    }
    let data = match &settings.database_url {
        DatabaseUrl::Sqlite(None) => settings.data_dir.join("portico.db").display().to_string(),
        DatabaseUrl::Sqlite(Some(path)) => path.display().to_string(),
        DatabaseUrl::Postgres(_) => "PostgreSQL".to_owned(),
    };
    let _ = writeln!(text, "  data       {data}");
    if settings.admin_secret.is_none() {
        let path = data_folder::admin_secret_file(settings);
        let shown = match data_folder::read_admin_secret(&path) {
            Ok(secret) if io::stdout().is_terminal() => secret,
            _ => format!("in {}", path.display()),
        };
        let _ = writeln!(text, "  x-hasura-admin-secret   {shown}");
    }
    text
}
