//! The command line, made from the table of settings.

use clap::{Arg, ArgAction, Command};

use super::table::table;
use crate::command::{audit, user};

/// The command with its subcommands; every setting is an option of all of them.
pub fn command() -> Command {
    let options = table().into_iter().map(|row| {
        let help = format!(
            "{} [{}] [default: {}]",
            row.help,
            row.variable(),
            row.default.describe().replace('`', "")
        );
        Arg::new(row.name)
            .long(row.option())
            .value_name("VALUE")
            .help(help)
            .help_heading("Settings")
            .global(true)
    });
    let role = Arg::new("role")
        .long("role")
        .value_name("ROLE")
        .default_value("admin");
    let json = Arg::new("json")
        .long("json")
        .action(ArgAction::SetTrue)
        .help("Prints what the schema answers to introspection instead of the schema language");
    Command::new("portico")
        .about("Users and everything that proves who they are, as one GraphQL API")
        .version(env!("CARGO_PKG_VERSION"))
        .args(options)
        .subcommand(Command::new("serve").about("Starts the service (the default)"))
        .subcommand(Command::new("migrate").about("Brings the database up to date and ends"))
        .subcommand(
            Command::new("schema")
                .about("Prints the GraphQL schema of a role")
                .arg(role.help("The role whose schema is printed"))
                .arg(json),
        )
        .subcommand(Command::new("doctor").about("Looks for what would keep the service from working"))
        .subcommand(user::arguments())
        .subcommand(audit::arguments())
        .subcommand(
            Command::new("configuration")
                .about("Prints the table of settings")
                .hide(true),
        )
}
