//! What is left behind nowhere, however the bench ends.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::error::{BenchError, During};

/// A folder with everything that has to be stopped and deleted in the end.
///
/// A shell waits for the end of a pipe that only this process holds, so that it also cleans up after a
/// bench that was killed; it sits in a process group of its own, so that an interrupt spares it.
pub(crate) struct Scratch {
    folder: PathBuf,
    shell: Child,
}

/// The file with the process id of the running service.
pub(crate) const SERVICE: &str = "service.pid";
/// The file with a command that stops the database server.
pub(crate) const DATABASE: &str = "stop-database.sh";

const SCRIPT: &str = "cat >/dev/null; cd /; \
    if [ -f \"$1/service.pid\" ]; then kill -9 \"$(cat \"$1/service.pid\")\"; fi; \
    if [ -f \"$1/stop-database.sh\" ]; then sh \"$1/stop-database.sh\"; fi; \
    rm -rf \"$1\"";

impl Scratch {
    /// Makes the folder.
    pub(crate) fn create() -> Result<Self, BenchError> {
        let folder = TempDir::with_prefix("portico-bench-")
            .during("making a folder")?
            .keep();
        // The database server, which runs as another user, has its own folder in it.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o711);
        std::fs::set_permissions(&folder, open).during("opening the folder")?;
        let shell = Command::new("sh")
            .args(["-c", SCRIPT, "portico-bench"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .during("starting a shell")?;
        Ok(Self { folder, shell })
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // Whether the shell ended well is of no use to anybody any more.
        let _ = self.shell.wait();
    }
}
