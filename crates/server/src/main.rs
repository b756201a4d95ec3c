//! The `portico` program.

use std::io::{self, Write};
use std::process::ExitCode;

use portico_server::{command, configuration};
use tokio::runtime::Runtime;

fn main() -> ExitCode {
    let matches = configuration::command().get_matches();
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            // If even this cannot be written, the exit code still says it.
            let _ = writeln!(io::stderr(), "portico: cannot start threads: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(command::run(&matches));
    // A thread that waits for a lock would keep the program for as long.
    runtime.shutdown_background();
    code
}
