//! The commands of the program.

pub(crate) mod audit;
mod console;
mod doctor;
mod output;
mod password;
mod serve;
mod service;
pub(crate) mod user;

use std::io::{self, Write};
use std::process::ExitCode;

use portico_auth::{InternalError, OpenError, Refusal};
use portico_entity::catalogue::catalogue;
use portico_gateway::{IntrospectionError, RoleSchema};
use portico_query::permission::Permissions;

use crate::database::Pool;
use crate::start::{StartError, metadata};
use crate::{Settings, configuration, data_folder};

/// What the program was asked to do.
pub async fn run(matches: &clap::ArgMatches) -> ExitCode {
    if let Some(("configuration", _)) = matches.subcommand() {
        return finish(print(&configuration::readme_table()));
    }
    let settings = match Settings::of_process(matches) {
        Ok(settings) => settings,
        Err(error) => return fail(&error),
    };
    let _last_lines = match crate::telemetry::start(&settings) {
        Ok(guard) => guard,
        Err(error) => return fail(&error),
    };
    for name in configuration::unknown_variables() {
        tracing::warn!(name, "a variable that means nothing");
    }
    match matches.subcommand() {
        Some(("migrate", _)) => finish(migrate(&settings).await),
        Some(("schema", arguments)) => {
            let role = arguments
                .get_one::<String>("role")
                .map_or("admin", String::as_str);
            finish(schema(&settings, role, arguments.get_flag("json")).await)
        }
        Some(("doctor", _)) => doctor::run(&settings).await,
        Some(("user", arguments)) => tell(user::run(&settings, arguments).await, arguments),
        Some(("audit", arguments)) => tell(audit::run(&settings, arguments).await, arguments),
        _ => finish(serve::run(settings).await),
    }
}

/// Why a command ended without doing what it is for.
#[derive(Debug, thiserror::Error)]
enum CommandError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("there is no role {role:?}; there are: {known}")]
    UnknownRole { role: String, known: String },
    #[error("the schema cannot be built: {0}")]
    Schema(String),
    #[error(transparent)]
    Introspection(#[from] IntrospectionError),
    #[error("cannot write the answer: {0}")]
    Output(#[from] io::Error),
    #[error("cannot wait for signals: {0}")]
    Signal(io::Error),
    #[error("cannot read what is typed: {0}")]
    Input(#[source] io::Error),
    #[error("an answer cannot be read: {0}")]
    Answer(#[from] serde_json::Error),
    #[error("{message} ({code})")]
    Refused { code: String, message: String },
    #[error(transparent)]
    Flow(#[from] InternalError),
}

impl CommandError {
    /// The code that a program reads.
    fn code(&self) -> &str {
        let unavailable = match self {
            Self::Refused { code, .. } => return code,
            Self::Start(StartError::Database(_) | StartError::Auth(OpenError::Database(_))) => true,
            Self::Flow(error) => error.is_unavailable(),
            _ => false,
        };
        match unavailable {
            true => "unavailable",
            false => "internal-server-error",
        }
    }

    /// What goes with the code.
    fn message(&self) -> String {
        match self {
            Self::Refused { message, .. } => message.clone(),
            other => other.to_string(),
        }
    }

    /// Bad input: the field and the rule it breaks.
    fn invalid(field: &str, rule: &str) -> Self {
        Self::Refused {
            code: "invalid-request".to_owned(),
            message: format!("{field} {rule}"),
        }
    }
}

impl From<Refusal> for CommandError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused {
            code: refusal.code().as_str().to_owned(),
            message: refusal.message(),
        }
    }
}

impl From<portico_auth::Error> for CommandError {
    fn from(error: portico_auth::Error) -> Self {
        match error {
            portico_auth::Error::Refused(refusal) => refusal.into(),
            portico_auth::Error::Internal(error) => error.into(),
        }
    }
}

fn finish(result: Result<(), CommandError>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// The same for whoever may want JSON: then an error is an object, too.
fn tell(result: Result<(), CommandError>, matches: &clap::ArgMatches) -> ExitCode {
    let wanted = matches
        .subcommand()
        .map(|(_, arguments)| arguments.get_flag("json"));
    match result {
        Err(error) if wanted == Some(true) => {
            let error = serde_json::json!({ "error": { "code": error.code(), "message": error.message() } });
            // If even this cannot be written, the exit code still says it.
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
        result => finish(result),
    }
}

fn fail(error: &dyn std::error::Error) -> ExitCode {
    // If even this cannot be written, the exit code still says it.
    let _ = writeln!(io::stderr(), "portico: {error}");
    ExitCode::FAILURE
}

fn print(text: &str) -> Result<(), CommandError> {
    let mut output = io::stdout().lock();
    output.write_all(text.as_bytes())?;
    Ok(output.flush()?)
}

async fn migrate(settings: &Settings) -> Result<(), CommandError> {
    data_folder::make(settings).map_err(StartError::from)?;
    let pool = Pool::open(settings).await.map_err(StartError::from)?;
    pool.migrate(settings).await.map_err(StartError::from)?;
    pool.close().await;
    print("The database is up to date.\n")
}

async fn schema(settings: &Settings, name: &str, json: bool) -> Result<(), CommandError> {
    let permissions = Permissions::with(catalogue(), &metadata(settings)?).map_err(StartError::from)?;
    if !permissions.knows(name) {
        let known = permissions.names().collect::<Vec<_>>().join(", ");
        return Err(CommandError::UnknownRole {
            role: name.to_owned(),
            known,
        });
    }
    let signed_in = permissions.role(&settings.default_role);
    let schema = RoleSchema::build(permissions.role(name), &signed_in, 0);
    let schema = schema.map_err(|error| CommandError::Schema(error.to_string()))?;
    if json {
        return print(&format!("{:#}\n", schema.introspection().await?));
    }
    print(&format!("{}\n", schema.sdl().trim_end()))
}
