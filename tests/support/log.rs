//! Everything the service logs during a test run, and the check that no secret is in it.

use std::io;
use std::sync::{Mutex, Once};

use portico_server::log_line::JsonLine;
use serde_json::Value;
use tracing_subscriber::EnvFilter;

static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());

#[derive(Clone, Copy)]
struct Capture;

impl io::Write for Capture {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Catches what is logged from now on, at the most talkative level that an operator can choose.
pub(crate) fn capture() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing_subscriber::fmt()
            .event_format(JsonLine)
            .with_env_filter(EnvFilter::new(
                "trace,h2=off,hyper=info,hyper_util=info,mio=off,tokio=off",
            ))
            .with_writer(|| Capture)
            .init();
    });
}

/// How much has been logged so far.
pub(crate) fn position() -> usize {
    LINES.lock().unwrap().len()
}

/// What was logged since a position.
pub(crate) fn since(position: usize) -> String {
    String::from_utf8_lossy(&LINES.lock().unwrap()[position..]).into_owned()
}

/// Shorter secrets would be found in innocent text.
const SHORTEST: usize = 8;

/// What a test knows that must never be logged.
#[derive(Debug, Default)]
pub(crate) struct Secrets(Mutex<Vec<String>>);

impl Secrets {
    pub(crate) fn add(&self, secret: &str) {
        if secret.len() >= SHORTEST {
            self.0.lock().unwrap().push(secret.to_owned());
        }
    }

    /// Notes the passwords and tokens in the variables of a request or in an answer.
    pub(crate) fn add_from(&self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.add_from(item)),
            Value::Object(members) => {
                for (name, member) in members {
                    match member.as_str() {
                        Some(text) if is_secret(name) => self.add(text),
                        _ => self.add_from(member),
                    }
                }
            }
            _ => {}
        }
    }

    /// Notes the passwords written into a document.
    pub(crate) fn add_from_document(&self, query: &str) {
        for name in ["assword: \"", "ticket: \"", "codeVerifier: \""] {
            for part in query.split(name).skip(1) {
                self.add(part.split('"').next().unwrap());
            }
        }
    }

    /// What has to be in no table either, as it is.
    pub(crate) fn kept_by_nobody(&self) -> Vec<String> {
        let noted = self.0.lock().unwrap();
        let telling = noted.iter().map(|secret| telling(secret).to_owned());
        // A token without a signature is none.
        telling.filter(|secret| secret.len() >= SHORTEST).collect()
    }

    /// Fails if the log since `position` holds one of the secrets.
    pub(crate) fn check_absent_since(&self, position: usize) {
        let log = since(position);
        for secret in self.0.lock().unwrap().iter() {
            if let Some(line) = log.lines().find(|line| line.contains(telling(secret))) {
                panic!("a secret was logged: {secret}\n{line}");
            }
        }
    }
}

/// The signature of an access token is the part that makes it work.
fn telling(secret: &str) -> &str {
    match secret.starts_with("ey") {
        true => secret.rsplit('.').next().unwrap(),
        false => secret,
    }
}

fn is_secret(name: &str) -> bool {
    [
        "password",
        "newpassword",
        "currentpassword",
        "accesstoken",
        "refreshtoken",
        "token",
        "secret",
        "ticket",
        "codeverifier",
    ]
    .iter()
    .any(|word| name.to_lowercase() == *word)
}
