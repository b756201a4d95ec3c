//! The program that is measured, and the machine it runs on.

use std::path::PathBuf;
use std::process::Command;

use crate::command::output;
use crate::error::{BenchError, During};

/// The service's program beside our own; built where it is missing.
pub(crate) fn find() -> Result<PathBuf, BenchError> {
    let own = std::env::current_exe().during("looking for the bench itself")?;
    let program = own.with_file_name("portico");
    if !program.is_file() {
        let release = own.parent().is_some_and(|folder| folder.ends_with("release"));
        let mut cargo = Command::new("cargo");
        cargo.args(["build", "-p", "portico-server"]);
        cargo.args(release.then_some("--release"));
        output(&mut cargo)?;
    }
    Ok(program)
}

/// The processor, and how busy it is with other things.
pub(crate) fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let processors = read("/proc/cpuinfo");
    let model = processors.lines().find_map(|line| {
        line.strip_prefix("model name")?
            .split_once(": ")
            .map(|(_, name)| name)
    });
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let load = read("/proc/loadavg");
    let load = load.split(' ').next().unwrap_or_default();
    format!(
        "{cores} x {}, load {load} before the first row",
        model.unwrap_or("processor")
    )
}
