//! Programs that are run to their end.

use std::process::{Command, Stdio};

use crate::error::{BenchError, During};

/// Runs a program and returns what it printed; one that fails tells why.
pub(crate) fn output(command: &mut Command) -> Result<String, BenchError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .during(format!("starting {program}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(BenchError::Program {
        program,
        output: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
