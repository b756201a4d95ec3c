//! Clean-up that happens however a test run ends, also when it is killed.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

/// Runs `script` once the process `owner` is gone.
///
/// The shell waits in a process group of its own, so that an interrupt typed in the terminal ends the
/// tests and not their clean-up, and it holds none of the test's pipes, so that nobody waits for it.
pub(crate) fn after(owner: u32, script: &str) {
    let wait = format!("( while kill -0 {owner} 2>/dev/null; do sleep 0.3; done; {script} ) &");
    Command::new("sh")
        .args(["-c", &wait])
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .status()
        .expect("a shell to clean up after the tests");
}
