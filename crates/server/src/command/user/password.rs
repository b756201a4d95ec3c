//! Passwords that are typed, and `portico user reset-password`

use clap::ArgMatches;
use portico_auth::flow::{SetPasswordInput, set_password};
use portico_auth::value::Password;
use serde_json::{Value, json};

use super::Console;
use crate::command::{CommandError, password};

/// Reads what the subcommand needs, if it needs anything.
pub(super) fn wanted(name: &str, arguments: &ArgMatches) -> Result<Option<String>, CommandError> {
    let what = match name {
        "create" if arguments.get_flag("password") => "password",
        "create" if arguments.get_flag("imported-hash") => "importedHash",
        "reset-password" if !arguments.get_flag("mail") => "password",
        _ => return Ok(None),
    };
    password::read(what).map(Some)
}

/// Sets the password that was typed, or mails a link and a code that set one.
pub(super) async fn reset(
    console: &Console,
    user: &Value,
    arguments: &ArgMatches,
    typed: Option<String>,
) -> Result<(), CommandError> {
    match typed {
        Some(typed) => {
            let id = user["id"].as_str().unwrap_or_default().parse();
            let input = SetPasswordInput {
                id: id.map_err(|_| CommandError::invalid("id", "must be a uuid"))?,
                password: Password::parse(&typed)?,
            };
            Ok(set_password(&console.ctx(), input).await?)
        }
        None => {
            let Some(email) = user["email"].as_str() else {
                return Err(CommandError::invalid("email", "is needed to send a mail"));
            };
            let document = "mutation ($email: citext!, $options: LinkOptions) { \
                sendPasswordResetEmail(email: $email, options: $options) }";
            let redirect_to = arguments.get_one::<String>("redirect-to");
            let variables = json!({ "email": email, "options": { "redirectTo": redirect_to } });
            console.ask(document, variables).await?;
            Ok(())
        }
    }
}
