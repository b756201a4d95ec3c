//! The `portico` program.

use std::process::ExitCode;

use portico_server::{command, configuration};

#[tokio::main]
async fn main() -> ExitCode {
    let matches = configuration::command().get_matches();
    command::run(&matches).await
}
