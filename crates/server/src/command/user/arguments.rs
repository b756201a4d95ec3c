//! What `portico user` may be told.

use clap::{Arg, ArgAction, Command};
use portico_auth::flow::Administration;

/// The subcommands that do one thing to one account.
pub(super) const ADMINISTRATIONS: [(&str, Administration, &str); 4] = [
    (
        "disable",
        Administration::DisableUser,
        "Switches an account off: its sessions end, and nobody signs in to it",
    ),
    (
        "enable",
        Administration::EnableUser,
        "Switches an account on again",
    ),
    (
        "lock",
        Administration::LockUser,
        "Locks an account until it is unlocked: its sessions end, and nobody signs in to it",
    ),
    (
        "unlock",
        Administration::UnlockUser,
        "Unlocks an account, and forgets the attempts on it that failed",
    ),
];

/// The command with its subcommands.
pub(crate) fn arguments() -> Command {
    let simple = ADMINISTRATIONS
        .into_iter()
        .map(|(name, _, about)| Command::new(name).about(about).arg(who()));
    let subcommands = [create(), list(), sessions(), roles(), reset_password()]
        .into_iter()
        .chain([
            Command::new("show").about("Shows an account").arg(who()),
            Command::new("factors")
                .about("Shows which second factors an account has")
                .arg(who()),
            Command::new("reset-factors")
                .about("Takes every second factor, passkey and recovery code away: the sessions end, the owner is told")
                .arg(who()),
        ])
        .chain(simple)
        .map(|command| command.arg(json_flag()));
    Command::new("user")
        .about("Makes, shows and changes accounts, also while the service runs")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(subcommands)
}

/// An account.
fn who() -> Arg {
    Arg::new("who")
        .value_name("WHO")
        .required(true)
        .help("An id, an email or a username")
}

/// For programs.
pub(in crate::command) fn json_flag() -> Arg {
    flag("json", "Prints JSON")
}

pub(in crate::command) fn flag(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
}

pub(in crate::command) fn text(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value).help(help)
}

fn create() -> Command {
    Command::new("create")
        .about("Makes an account, which needs an email, or a username and a password")
        .arg(text("email", "EMAIL", "The address"))
        .arg(text("username", "NAME", "A name to sign in with"))
        .arg(flag(
            "password",
            "Reads a password from the terminal or from standard input",
        ))
        .arg(
            flag(
                "imported-hash",
                "Reads the hash of a password from another service, likewise",
            )
            .conflicts_with("password"),
        )
        .arg(text("display-name", "NAME", "The name as shown"))
        .arg(text("first-name", "NAME", "The given name"))
        .arg(text("last-name", "NAME", "The family name"))
        .arg(text("gender", "WORD", "male, female, other or prefer_not_to_say"))
        .arg(text("locale", "CODE", "The language, two letters"))
        .arg(text("metadata", "JSON", "An object of the application's own"))
        .arg(
            text(
                "role",
                "ROLE",
                "A role to hold, as often as needed; the first is the one by default",
            )
            .action(ArgAction::Append),
        )
        .arg(flag("email-verified", "The address is known to be the user's"))
        .arg(flag(
            "disabled",
            "The account is switched off until it is enabled",
        ))
        .arg(flag(
            "send-password-reset-email",
            "Mails a link and a code that set the first password",
        ))
        .arg(
            flag(
                "send-verification-email",
                "Mails a link and a code that confirm the address",
            )
            .conflicts_with("send-password-reset-email"),
        )
        .arg(redirect_to())
}

fn list() -> Command {
    Command::new("list")
        .about("Lists accounts, the newest first")
        .arg(text(
            "search",
            "TEXT",
            "A part of an email, a username or a display name",
        ))
        .arg(text("role", "ROLE", "Those who hold this role"))
        .arg(flag("disabled", "Those that are switched off"))
        .arg(flag("locked", "Those that are locked"))
        .arg(flag("deleted", "Those that are deleted, and to be purged"))
        .arg(number("limit", "50", "How many"))
        .arg(number("offset", "0", "After how many others"))
}

pub(in crate::command) fn number(name: &'static str, default: &'static str, help: &'static str) -> Arg {
    text(name, "NUMBER", help)
        .default_value(default)
        .value_parser(clap::value_parser!(u32).range(0..=100_000))
}

fn sessions() -> Command {
    Command::new("sessions")
        .about("Lists the sessions of an account")
        .arg(who())
        .arg(flag("all", "Also those that are over"))
        .arg(flag("end", "Ends them first; personal access tokens stay"))
}

fn roles() -> Command {
    let set = text(
        "set",
        "ROLES",
        "Gives these roles and no others, with commas; the first is the one by default",
    );
    Command::new("roles")
        .about("Shows the roles of an account, or replaces them")
        .arg(who())
        .arg(set.value_delimiter(','))
}

fn reset_password() -> Command {
    Command::new("reset-password")
        .about("Sets a password read from the terminal or from standard input; every session ends")
        .arg(who())
        .arg(flag("mail", "Mails a link and a code that set one, instead"))
        .arg(redirect_to().requires("mail"))
}

fn redirect_to() -> Arg {
    text("redirect-to", "URL", "Where a mailed link leads in the end")
}
