//! Passwords that are typed, and `portico user reset-password`

use clap::ArgMatches;
use portico_auth::flow::{MailPasswordResetInput, SetPasswordInput, mail_password_reset, set_password};
use portico_auth::value::{LinkOptions, Password};
use serde_json::Value;

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
    let ctx = console.ctx();
    let id = user["id"].as_str().unwrap_or_default().parse();
    let id = id.map_err(|_| CommandError::invalid("id", "must be a uuid"))?;
    match typed {
        Some(typed) => {
            let password = Password::parse(&typed)?;
            Ok(set_password(&ctx, SetPasswordInput { id, password }).await?)
        }
        None => {
            let redirect_to = arguments.get_one::<String>("redirect-to");
            let link = LinkOptions::parse(redirect_to.map(String::as_str), None, ctx.auth.policy())?;
            Ok(mail_password_reset(&ctx, MailPasswordResetInput { id, link }).await?)
        }
    }
}
