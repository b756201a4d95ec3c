//! Why a measurement cannot go on.

use std::io;

/// Why a measurement cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    /// The operating system refused.
    #[error("{what}: {source}")]
    System {
        /// What was being done.
        what: String,
        /// What the system said.
        source: io::Error,
    },
    /// A program that was run failed.
    #[error("{program} failed: {output}")]
    Program {
        /// Its name.
        program: String,
        /// What it wrote.
        output: String,
    },
    /// The service answers other than it should.
    #[error("the service answers {work} with: {answer}")]
    Answer {
        /// What was asked.
        work: String,
        /// The beginning of the answer.
        answer: String,
    },
    /// The service does not come up.
    #[error("the service does not start: {0}")]
    Start(String),
    /// An option or a file of documents cannot be used.
    #[error("{0}")]
    Input(String),
    /// The SQLite file refuses.
    #[error("SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// Not JSON, or other JSON than expected.
    #[error("JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The parameters of Argon2 are refused.
    #[error("Argon2: {0}")]
    Argon2(argon2::Error),
    /// A key cannot be made or used.
    #[error("a key cannot be made or used")]
    Key,
    /// A thread of the bench broke off.
    #[error("a thread broke off")]
    Thread,
}

/// Says what was being done when the system refused.
pub(crate) trait During<T> {
    /// Adds what was being done.
    fn during(self, what: impl Into<String>) -> Result<T, BenchError>;
}

impl<T> During<T> for io::Result<T> {
    fn during(self, what: impl Into<String>) -> Result<T, BenchError> {
        self.map_err(|source| BenchError::System {
            what: what.into(),
            source,
        })
    }
}
