//! Where values come from: the command line, then the environment, then the file, then the default.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use clap::ArgMatches;
use clap::parser::ValueSource;

use super::rule::Rule;
use super::setting::{Default, Row, variable};
use super::table::table;
use super::types::Environment;

/// Where a value was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// An option of the command.
    CommandLine,
    /// A variable.
    Environment,
    /// A line of the file with settings.
    File(PathBuf),
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The value breaks the setting's rule.
    #[error("{} {}is not allowed; allowed is: {allowed}", label(name, origin), shown.as_ref().map_or_else(String::new, |value| format!("= {value:?} ")))]
    Value {
        /// The setting.
        name: &'static str,
        /// Where it was given.
        origin: Source,
        /// The value, unless it is a secret.
        shown: Option<String>,
        /// What would be right.
        allowed: String,
    },
    /// The file names a setting that does not exist.
    #[error("{}: there is no setting {key:?}{}", path.display(), nearest(key))]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// The name.
        key: String,
    },
    /// The file is not what it should be.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Settings that contradict each other or are missing.
    #[error("{0}")]
    Together(String),
}

fn label(name: &str, source: &Source) -> String {
    match source {
        Source::CommandLine => format!("--{} (command line)", name.replace('_', "-")),
        Source::Environment => format!("{} (environment)", variable(name)),
        Source::File(path) => format!("{name} ({})", path.display()),
    }
}

fn nearest(key: &str) -> String {
    let plain = key.to_ascii_lowercase().replace('-', "_");
    let plain = plain.strip_prefix("portico_").unwrap_or(&plain);
    let known = table()
        .into_iter()
        .find(|row| row.name == plain && row.name != "config");
    known.map_or_else(String::new, |row| format!("; did you mean {:?}?", row.name))
}

/// The values found, by setting, and the problems met while parsing them.
pub(super) struct Reader {
    found: BTreeMap<&'static str, (String, Source)>,
    environment: Environment,
    pub(super) problems: Vec<Problem>,
}

impl Reader {
    /// Collects what is given on the command line and in the environment.
    pub(super) fn new(arguments: &ArgMatches, variables: &BTreeMap<String, String>) -> Self {
        let mut found = BTreeMap::new();
        for row in table() {
            let given = arguments.try_get_one::<String>(row.name).ok().flatten();
            let given = given.filter(|_| arguments.value_source(row.name) == Some(ValueSource::CommandLine));
            if let Some(value) = given {
                found.insert(row.name, (value.clone(), Source::CommandLine));
            } else if let Some(value) = variables.get(&row.variable()).filter(|value| !value.is_empty()) {
                found.insert(row.name, (value.clone(), Source::Environment));
            }
        }
        Self {
            found,
            environment: Environment::Development,
            problems: Vec::new(),
        }
    }

    /// The same where values need not be text; of ours each has to be.
    pub(super) fn of_process(arguments: &ArgMatches, variables: BTreeMap<String, OsString>) -> Self {
        let (mut texts, mut others) = (BTreeMap::new(), BTreeSet::new());
        for (name, value) in variables {
            match value.into_string() {
                Ok(text) => drop(texts.insert(name, text)),
                Err(_) => drop(others.insert(name)),
            }
        }
        let mut reader = Self::new(arguments, &texts);
        let ours = table().into_iter().filter(|row| others.contains(&row.variable()));
        reader.problems.extend(ours.map(|row| Problem::Value {
            name: row.name,
            origin: Source::Environment,
            shown: None,
            allowed: "text in UTF-8".to_owned(),
        }));
        reader
    }

    /// The value of a setting that was given so far.
    pub(super) fn given(&self, name: &str) -> Option<&str> {
        self.found.get(name).map(|(value, _)| value.as_str())
    }

    /// Adds what the file says where nothing stronger spoke.
    pub(super) fn add_file(&mut self, path: &Path, text: &str) {
        let problem = |reason: String| Problem::File {
            path: path.to_owned(),
            reason,
        };
        let entries: toml::Table = match text.parse() {
            Ok(entries) => entries,
            Err(error) => return self.problems.push(problem(describe(&error, text))),
        };
        let rows = table();
        let rows: BTreeMap<&str, &Row> = rows.iter().map(|row| (row.name, row)).collect();
        for (key, value) in entries {
            let Some(row) = rows.get(key.as_str()).filter(|row| row.name != "config") else {
                self.problems.push(Problem::UnknownKey {
                    path: path.to_owned(),
                    key,
                });
                continue;
            };
            let Some(value) = as_text(&value) else {
                let reason = format!("{key} must be a text, a number, true or false, or a list of texts");
                self.problems.push(problem(reason));
                continue;
            };
            self.found
                .entry(row.name)
                .or_insert_with(|| (value, Source::File(path.to_owned())));
        }
    }

    /// Fixes which defaults hold.
    pub(super) fn choose_defaults(&mut self) {
        if self.given("env") == Some("production") {
            self.environment = Environment::Production;
        }
    }

    /// The typed value of a setting; nothing where it is wrong.
    pub(super) fn read<T>(&mut self, name: &'static str, default: Default, rule: &Rule<T>) -> Option<T> {
        let Some((value, source)) = self.found.get(name) else {
            return (rule.parse)(default.value(self.environment));
        };
        let parsed = (rule.parse)(value);
        if parsed.is_none() {
            let shown = (!rule.secret).then(|| value.clone());
            let allowed = rule.allowed.clone();
            self.problems.push(Problem::Value {
                name,
                origin: source.clone(),
                shown,
                allowed,
            });
        }
        parsed
    }
}

/// Where and why a file is not TOML, without quoting the line: it may hold a secret.
fn describe(error: &toml::de::Error, text: &str) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    let line = before.map_or(1, |before| before.matches('\n').count() + 1);
    format!("line {line}: {}", error.message())
}

fn as_text(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(answer) => Some(answer.to_string()),
        toml::Value::Array(items) => {
            let texts: Option<Vec<&str>> = items.iter().map(toml::Value::as_str).collect();
            Some(texts?.join(","))
        }
        _ => None,
    }
}

/// Every problem of the settings, one a line.
#[derive(Debug)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(formatter, "{separator}{problem}")?;
        }
        Ok(())
    }
}
