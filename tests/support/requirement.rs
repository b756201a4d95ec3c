//! Programs that only some machines have: their absence skips a test, or fails it where they are required.

use std::io::Write;
use std::path::PathBuf;

/// A program outside this repository that some tests need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Requirement {
    Postgres,
    Chromium,
}

impl Requirement {
    /// The name used in `PORTICO_TEST_REQUIRE`.
    fn key(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Chromium => "chromium",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Chromium => "Chromium",
        }
    }

    /// Says in one line that a test is skipped, or fails it when the program is required.
    pub(crate) fn absent(self) {
        let required = std::env::var("PORTICO_TEST_REQUIRE").unwrap_or_default();
        assert!(
            !required.split(',').any(|name| name.trim() == self.key()),
            "{} is not installed, and PORTICO_TEST_REQUIRE names it",
            self.title()
        );
        let thread = std::thread::current();
        let test = thread.name().unwrap_or_default();
        // The macros that print are silenced for tests that pass.
        writeln!(
            std::io::stderr(),
            "skipped: {} is not installed ({test})",
            self.title()
        )
        .unwrap();
    }
}

/// The first of `names` found on the search path or in one of `folders`.
pub(crate) fn find_program(names: &[&str], folders: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(folders.iter().cloned())
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
        .find(|program| program.is_file())
}
