//! Configuration: one table of settings, read from the command line, the environment and `portico.toml`.

mod check;
mod command;
mod render;
mod rule;
mod setting;
mod source;
mod table;
#[cfg(test)]
mod tests;
mod types;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use clap::ArgMatches;
use portico_auth::PasswordCost;

pub use check::ADMIN_SECRET_LENGTH;
pub(crate) use check::warnings;
pub use command::command;
pub use render::readme_table;
pub use source::{Problem, Problems, Source};
pub use table::Settings;
pub use types::{DatabaseUrl, Environment, LogFormat, Secret, SmtpTls, SmtpUrl};

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// The command line is not one of ours, or asks for help.
    #[error(transparent)]
    CommandLine(#[from] clap::Error),
    /// Settings that cannot be used.
    #[error("{0}")]
    Settings(Problems),
}

impl Settings {
    /// Reads the settings from a whole command line, environment variables and the text of a `portico.toml`.
    pub fn load<Argument: Into<OsString> + Clone>(
        arguments: impl IntoIterator<Item = Argument>,
        environment: impl IntoIterator<Item = (String, String)>,
        file: Option<&str>,
    ) -> Result<Self, ConfigurationError> {
        let matches = command().try_get_matches_from(arguments)?;
        let mut reader = source::Reader::new(innermost(&matches), &environment.into_iter().collect());
        if let Some(text) = file {
            reader.add_file(Path::new("portico.toml"), text);
        }
        finish(reader)
    }

    /// Reads the settings of this process; the file is the one that the other two name, or `portico.toml`.
    pub fn of_process(matches: &ArgMatches) -> Result<Self, ConfigurationError> {
        // A name that is not text cannot be one of ours.
        let pairs = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        let variables: BTreeMap<String, OsString> = pairs.collect();
        let mut reader = source::Reader::of_process(innermost(matches), variables);
        let named = reader.given("config").map(str::to_owned);
        let path = Path::new(named.as_deref().unwrap_or("portico.toml")).to_owned();
        match std::fs::read_to_string(&path) {
            Ok(text) => reader.add_file(&path, &text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && named.is_none() => {}
            Err(error) => reader.problems.push(Problem::File {
                path,
                reason: format!("cannot be read: {error}"),
            }),
        }
        finish(reader)
    }

    /// The address under which the world reaches the service, for links and tokens.
    pub fn public_address(&self) -> String {
        self.public_url
            .clone()
            .unwrap_or_else(|| format!("http://{}", self.listen))
    }

    /// How the way to the mail server is protected.
    pub fn smtp_tls(&self) -> SmtpTls {
        let secure = self.smtp_url.as_ref().is_some_and(|url| url.secure);
        self.smtp_tls.unwrap_or(match secure {
            true => SmtpTls::Implicit,
            false => SmtpTls::StartTls,
        })
    }

    /// What it costs to hash a password.
    pub fn password_cost(&self) -> PasswordCost {
        PasswordCost {
            memory: self.password_memory,
            passes: self.password_passes,
        }
    }

    /// Whether what is mailed can be read on this machine: in development, unless others reach the service.
    pub fn shows_outbox(&self) -> bool {
        !self.is_production() && !self.expose_development
    }

    /// Whether this is production.
    pub fn is_production(&self) -> bool {
        self.env == Environment::Production
    }
}

/// Names that a caller of Portico set in the environment but that mean nothing.
pub(crate) fn unknown_variables() -> Vec<String> {
    let known: Vec<String> = table::table().iter().map(setting::Row::variable).collect();
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    names
        .filter(|name| {
            name.starts_with("PORTICO_") && !name.starts_with("PORTICO_TEST_") && !known.contains(name)
        })
        .collect()
}

/// Options may stand before or after the subcommand; the innermost matches know both.
fn innermost(matches: &ArgMatches) -> &ArgMatches {
    matches
        .subcommand()
        .map_or(matches, |(_, inner)| innermost(inner))
}

fn finish(mut reader: source::Reader) -> Result<Settings, ConfigurationError> {
    reader.choose_defaults();
    let settings = table::parse(&mut reader);
    let mut problems = reader.problems;
    if let Some(settings) = settings {
        problems.extend(check::check(&settings));
        if problems.is_empty() {
            return Ok(settings);
        }
    }
    Err(ConfigurationError::Settings(Problems(problems)))
}
