//! The commands beside `serve`, by the real program, on the database of a service that runs.

mod audit;
mod doctor;
mod refused;
mod user;

use std::io::Write;
use std::process::Stdio;
use std::sync::Arc;

use serde_json::Value;

use crate::support::database::TestDatabase;
use crate::support::process;

/// What came of a command.
#[derive(Debug)]
struct Outcome {
    code: i32,
    output: String,
    error: String,
}

impl Outcome {
    #[track_caller]
    fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{self:?}");
        serde_json::from_str(&self.output).unwrap()
    }

    /// The object that tells why it failed.
    #[track_caller]
    fn refused(&self) -> Value {
        assert_eq!(self.code, 1, "{self:?}");
        assert!(self.output.is_empty(), "{self:?}");
        let line = self.error.lines().last().unwrap();
        serde_json::from_str::<Value>(line).unwrap()["error"].take()
    }
}

/// Runs the program to its end with a text as its standard input.
async fn portico(database: &Arc<TestDatabase>, arguments: &[&str], input: &str) -> Outcome {
    let mut command = process::command(database);
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let input = input.to_owned();
    let ended = tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().unwrap();
        // A program that reads nothing has ended by now.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    });
    let ended = ended.await.unwrap();
    let outcome = Outcome {
        code: ended.status.code().unwrap(),
        output: String::from_utf8(ended.stdout).unwrap(),
        error: String::from_utf8(ended.stderr).unwrap(),
    };
    assert!(!outcome.error.contains("panicked"), "{outcome:?}");
    outcome
}
