//! The commands of the program.

mod doctor;
mod serve;
mod service;

use std::io::{self, Write};
use std::process::ExitCode;

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
}

fn finish(result: Result<(), CommandError>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
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
