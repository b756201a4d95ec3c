//! `portico user`: what an administrator does with accounts, on the machine of the service.

mod arguments;
mod create;
mod password;
mod read;

use clap::ArgMatches;
use portico_auth::flow::Administration;
use serde_json::{Value, json};

use super::console::Console;
use super::{CommandError, output};
use crate::Settings;

pub(crate) use arguments::arguments;
pub(super) use arguments::{flag, json_flag, number, text};
pub(super) use read::{find, list};

/// What is asked of users, wherever it is asked.
const USER: &str = "id email emailVerified username displayName phoneNumber locale defaultRole \
    roles(order_by: { role: asc }) { role } active disabled isLocked lockedUntil attemptNumber lastAttempt \
    isAnonymous metadata createdAt updatedAt lastSeen deletedAt";

/// Does what the subcommand says.
pub(super) async fn run(settings: &Settings, matches: &ArgMatches) -> Result<(), CommandError> {
    let Some((name, arguments)) = matches.subcommand() else {
        return Ok(());
    };
    // Asked for before the database is: whoever types needs time.
    let typed = password::wanted(name, arguments)?;
    let console = Console::open(settings).await?;
    let done = act(&console, name, arguments, typed).await;
    console.close().await;
    done
}

async fn act(
    console: &Console,
    name: &str,
    arguments: &ArgMatches,
    typed: Option<String>,
) -> Result<(), CommandError> {
    let json = arguments.get_flag("json");
    match name {
        "create" => output::row(&create::create(console, arguments, typed).await?, json),
        "show" => output::row(&read::user(console, arguments).await?, json),
        "list" => output::rows(&read::users(console, arguments).await?, &read::USERS, json),
        "sessions" => {
            let user = read::user(console, arguments).await?;
            if arguments.get_flag("end") {
                administer(console, Administration::EndSessions, &user).await?;
            }
            let sessions = read::sessions(console, &user, arguments.get_flag("all")).await?;
            output::rows(&sessions, &read::SESSIONS, json)
        }
        "roles" => {
            let user = read::user(console, arguments).await?;
            if let Some(roles) = arguments.get_many::<String>("set") {
                set_roles(console, &user, roles.collect()).await?;
            }
            let user = read::user(console, arguments).await?;
            output::row(
                &json!({ "defaultRole": user.get("defaultRole"), "roles": user.get("roles") }),
                json,
            )
        }
        "factors" | "reset-factors" => {
            let user = read::user(console, arguments).await?;
            if name == "reset-factors" {
                reset_factors(console, &user).await?;
            }
            output::row(&read::factors(console, &user).await?, json)
        }
        "reset-password" => {
            let user = read::user(console, arguments).await?;
            password::reset(console, &user, arguments, typed).await?;
            output::row(&read::user(console, arguments).await?, json)
        }
        _ => {
            let administration = arguments::ADMINISTRATIONS.iter().find(|known| known.0 == name);
            let user = read::user(console, arguments).await?;
            if let Some((_, administration, _)) = administration {
                administer(console, *administration, &user).await?;
            }
            output::row(&read::user(console, arguments).await?, json)
        }
    }
}

async fn administer(
    console: &Console,
    administration: Administration,
    user: &Value,
) -> Result<(), CommandError> {
    let document = format!(
        "mutation ($id: uuid!) {{ {}(id: $id) }}",
        administration.operation()
    );
    console.ask(&document, json!({ "id": user["id"] })).await?;
    Ok(())
}

async fn reset_factors(console: &Console, user: &Value) -> Result<(), CommandError> {
    let document = "mutation ($id: uuid!) { resetFactors(id: $id) }";
    console.ask(document, json!({ "id": user["id"] })).await?;
    Ok(())
}

/// The first role is the one by default.
async fn set_roles(console: &Console, user: &Value, roles: Vec<&String>) -> Result<(), CommandError> {
    let document = "mutation ($id: uuid!, $roles: [String!]!, $default: String) { \
        setUserRoles(id: $id, roles: $roles, defaultRole: $default) }";
    let variables = json!({ "id": user["id"], "roles": roles, "default": roles.first() });
    console.ask(document, variables).await?;
    Ok(())
}
