//! The log: for people or for machines, on the error stream, so that answers of commands stay clean.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

use crate::Settings;
use crate::configuration::LogFormat;
use crate::log_line::{JsonLine, TextLine};
use crate::log_writer::{LogGuard, LogWriter};

/// What is let through. The library of passkeys calls what a client did wrong an error of ours, and the one of the
/// database quotes from its address.
fn filter(wanted: &str) -> EnvFilter {
    EnvFilter::new(format!(
        "webauthn_rs_core=off,sqlx_postgres::options=off,{wanted}"
    ))
}

/// Starts logging. Called once, by the program; what it returns writes the last lines when it is dropped.
pub fn start(settings: &Settings) -> io::Result<LogGuard> {
    let (writer, guard) = LogWriter::start(io::stderr())?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter(&settings.log))
        .with_writer(writer);
    match settings.log_format {
        LogFormat::Text => {
            let ansi = io::stderr().is_terminal();
            builder.with_ansi(ansi).event_format(TextLine).init();
        }
        LogFormat::Json => builder.event_format(JsonLine).init(),
    }
    std::panic::set_hook(Box::new(|panic| {
        // What a panic says may quote data; where it happened is enough to find it.
        let place = panic.location().map_or_else(String::new, ToString::to_string);
        tracing::error!(place, "a panic");
    }));
    Ok(guard)
}
