//! `portico user create`

use clap::ArgMatches;
use serde_json::{Map, Value, json};

use super::{Console, USER, read};
use crate::command::CommandError;
use crate::command::output::take;

/// Options of `createUser` that are texts, as the command line has them.
const TEXTS: [(&str, &str); 6] = [
    ("display-name", "displayName"),
    ("first-name", "firstName"),
    ("last-name", "lastName"),
    ("gender", "gender"),
    ("locale", "locale"),
    ("redirect-to", "redirectTo"),
];

/// Options that are switches.
const FLAGS: [(&str, &str); 4] = [
    ("email-verified", "emailVerified"),
    ("disabled", "disabled"),
    ("send-password-reset-email", "sendPasswordResetEmail"),
    ("send-verification-email", "sendVerificationEmail"),
];

/// Makes a user and returns it.
pub(super) async fn create(
    console: &Console,
    arguments: &ArgMatches,
    typed: Option<String>,
) -> Result<Value, CommandError> {
    let is_hash = arguments.get_flag("imported-hash");
    let variables = json!({
        "email": arguments.get_one::<String>("email"),
        "username": arguments.get_one::<String>("username"),
        "password": typed.as_ref().filter(|_| !is_hash),
        "importedHash": typed.as_ref().filter(|_| is_hash),
        "options": options(arguments)?,
    });
    let document = format!(
        "mutation ($email: citext, $username: String, $password: String, $importedHash: String, \
         $options: CreateUserOptions) {{ createUser(email: $email, username: $username, password: $password, \
         importedHash: $importedHash, options: $options) {{ {USER} }} }}"
    );
    let mut made = console.ask(&document, variables).await?;
    Ok(read::flat(take(&mut made, "createUser")))
}

fn options(arguments: &ArgMatches) -> Result<Map<String, Value>, CommandError> {
    let mut options = Map::new();
    for (argument, option) in TEXTS {
        if let Some(text) = arguments.get_one::<String>(argument) {
            options.insert(option.to_owned(), json!(text));
        }
    }
    for (argument, option) in FLAGS {
        options.insert(option.to_owned(), json!(arguments.get_flag(argument)));
    }
    if let Some(roles) = arguments.get_many::<String>("role") {
        let roles: Vec<&String> = roles.collect();
        options.insert("defaultRole".to_owned(), json!(roles.first()));
        options.insert("roles".to_owned(), json!(roles));
    }
    if let Some(text) = arguments.get_one::<String>("metadata") {
        let metadata = serde_json::from_str(text);
        let metadata: Value =
            metadata.map_err(|_| CommandError::invalid("metadata", "must be a JSON object"))?;
        options.insert("metadata".to_owned(), metadata);
    }
    Ok(options)
}
