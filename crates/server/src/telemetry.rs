//! The log: for people or for machines, on the error stream, so that answers of commands stay clean.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

use crate::Settings;
use crate::configuration::LogFormat;

/// Starts logging. Called once, by the program.
pub fn start(settings: &Settings) {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(&settings.log))
        .with_writer(io::stderr);
    match settings.log_format {
        LogFormat::Text => builder.with_ansi(io::stderr().is_terminal()).init(),
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(false).init(),
    }
    std::panic::set_hook(Box::new(|panic| {
        // What a panic says may quote data; where it happened is enough to find it.
        let place = panic.location().map_or_else(String::new, ToString::to_string);
        tracing::error!(place, "a panic");
    }));
}
