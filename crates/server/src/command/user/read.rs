//! `portico user show`, `list`, `sessions`

use clap::ArgMatches;
use portico_auth::Clock;
use portico_auth::value::Email;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Console, USER};
use crate::SystemClock;
use crate::command::CommandError;
use crate::command::output::{Column, cell, take};

/// The table of users.
pub(super) const USERS: [Column; 6] = [
    ("ID", |user| cell(user, "id")),
    ("EMAIL", |user| cell(user, "email")),
    ("USERNAME", |user| cell(user, "username")),
    ("NAME", |user| cell(user, "displayName")),
    ("ROLES", |user| cell(user, "roles")),
    ("STATE", state),
];

/// The table of sessions.
pub(super) const SESSIONS: [Column; 6] = [
    ("ID", |session| cell(session, "id")),
    ("TYPE", |session| cell(session, "type")),
    ("METHODS", |session| cell(session, "authenticationMethods")),
    ("USED", |session| cell(session, "lastUsedAt")),
    ("ADDRESS", |session| cell(session, "ip")),
    ("CLIENT", |session| cell(session, "userAgent")),
];

fn state(user: &Value) -> String {
    let states = [
        ("deleted", !user["deletedAt"].is_null()),
        ("disabled", user["disabled"] == true),
        ("locked", user["isLocked"] == true),
        (
            "unverified",
            !user["email"].is_null() && user["emailVerified"] == false,
        ),
        ("anonymous", user["isAnonymous"] == true),
        // Neither switched off nor deleted: it waits for its first sign of life.
        (
            "inactive",
            user["active"] == false && user["disabled"] == false && user["deletedAt"].is_null(),
        ),
    ];
    let states = states.iter().filter(|(_, is)| *is).map(|(name, _)| *name);
    states.collect::<Vec<_>>().join(",")
}

/// The account that the arguments name.
pub(super) async fn user(console: &Console, arguments: &ArgMatches) -> Result<Value, CommandError> {
    let who = arguments.get_one::<String>("who").map_or("", String::as_str);
    find(console, who).await
}

/// The account with this id, email or username, also a deleted one.
pub(in crate::command) async fn find(console: &Console, who: &str) -> Result<Value, CommandError> {
    // Domains are stored in the form in which they are looked up.
    let email = Email::parse(who).map_or_else(|_| who.to_owned(), |email| email.as_str().to_owned());
    let key = match (who.parse::<Uuid>(), who.contains('@')) {
        (Ok(id), _) => json!({ "id": { "_eq": id } }),
        (Err(_), true) => json!({ "email": { "_eq": email } }),
        (Err(_), false) => json!({ "username": { "_eq": who } }),
    };
    let document = format!("query ($where: users_bool_exp!) {{ users(where: $where) {{ {USER} }} }}");
    let condition = json!({ "_and": [key, { "deleted": { "_is_null": false } }] });
    let mut found = console.ask(&document, json!({ "where": condition })).await?;
    let first = list(take(&mut found, "users")).into_iter().next();
    first.map(flat).ok_or_else(|| CommandError::Refused {
        code: "user-not-found".to_owned(),
        message: format!("No such user: {who}"),
    })
}

/// The accounts that the arguments ask for.
pub(super) async fn users(console: &Console, arguments: &ArgMatches) -> Result<Vec<Value>, CommandError> {
    let mut conditions = vec![json!({ "deleted": { "_eq": arguments.get_flag("deleted") } })];
    if let Some(text) = arguments.get_one::<String>("search") {
        let pattern = json!({ "_ilike": format!("%{}%", literal(text)) });
        let columns = ["email", "username", "displayName"];
        let any: Vec<Value> = columns.iter().map(|column| json!({ *column: pattern })).collect();
        conditions.push(json!({ "_or": any }));
    }
    if let Some(role) = arguments.get_one::<String>("role") {
        conditions.push(json!({ "roles": { "role": { "_eq": role } } }));
    }
    for (flag, column) in [("disabled", "disabled"), ("locked", "isLocked")] {
        if arguments.get_flag(flag) {
            conditions.push(json!({ column: { "_eq": true } }));
        }
    }
    let document = format!(
        "query ($where: users_bool_exp!, $limit: Int!, $offset: Int!) {{ users(where: $where, limit: $limit, \
         offset: $offset, order_by: [{{ createdAt: desc }}, {{ id: desc }}]) {{ {USER} }} }}"
    );
    let variables = json!({
        "where": { "_and": conditions },
        "limit": arguments.get_one::<u32>("limit"),
        "offset": arguments.get_one::<u32>("offset"),
    });
    let mut found = console.ask(&document, variables).await?;
    Ok(list(take(&mut found, "users")).into_iter().map(flat).collect())
}

/// Which second factors a user has.
pub(super) async fn factors(console: &Console, user: &Value) -> Result<Value, CommandError> {
    let document = "query ($id: uuid!) { userFactors(id: $id) { totp securityKeys recoveryCodesLeft } }";
    let mut found = console.ask(document, json!({ "id": user["id"] })).await?;
    Ok(take(&mut found, "userFactors"))
}

/// The sessions of a user, the one used last first.
pub(super) async fn sessions(console: &Console, user: &Value, all: bool) -> Result<Vec<Value>, CommandError> {
    let mut conditions = vec![json!({ "userId": { "_eq": user["id"] } })];
    if !all {
        conditions.push(json!({ "revokedAt": { "_is_null": true } }));
        let now = SystemClock.now();
        conditions.push(json!({ "expiresAt": { "_gt": now } }));
        let ends = [
            json!({ "sessionExpiresAt": { "_is_null": true } }),
            json!({ "sessionExpiresAt": { "_gt": now } }),
        ];
        conditions.push(json!({ "_or": ends }));
    }
    let document = "query ($where: authRefreshTokens_bool_exp!) { authRefreshTokens(where: $where, \
        order_by: [{ lastUsedAt: desc_nulls_last }, { id: desc }]) { id type name authenticationMethods createdAt \
        lastUsedAt expiresAt sessionExpiresAt revokedAt ip userAgent } }";
    let mut found = console
        .ask(document, json!({ "where": { "_and": conditions } }))
        .await?;
    Ok(list(take(&mut found, "authRefreshTokens")))
}

/// A user whose roles are a list of names.
pub(super) fn flat(mut user: Value) -> Value {
    let roles = list(take(&mut user, "roles"));
    let names: Vec<Value> = roles
        .into_iter()
        .map(|mut role| take(&mut role, "role"))
        .collect();
    if let Some(roles) = user.get_mut("roles") {
        *roles = names.into();
    }
    user
}

pub(in crate::command) fn list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        _ => Vec::new(),
    }
}

/// A text that stands for itself in a pattern.
fn literal(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for character in text.chars() {
        if ['\\', '%', '_'].contains(&character) {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}
