//! Filling SQLite.

use std::path::Path;

use rusqlite::{Connection, Transaction, params};

use crate::error::BenchError;
use crate::ids::{self, USERS_OF_AN_ORG};
use crate::seed::{
    CHEAP, FIRST, LOCALES, SPACING, STATES, USUAL, address, numbered_address, password_hash, state_address,
};

const USER: &str = "INSERT INTO users (id, created_at, updated_at, display_name, avatar_url, locale, email, \
    password_hash, metadata, email_verified, disabled, is_locked) \
    VALUES (?1, strftime('%Y-%m-%dT%H:%M:%S+00:00', ?2, 'unixepoch'), \
    strftime('%Y-%m-%dT%H:%M:%S+00:00', ?2, 'unixepoch'), ?3, ?4, ?5, ?6, ?7, '{\"theme\":\"dark\"}', \
    ?8 <> 'unverified', ?8 = 'disabled', ?8 = 'locked')";
const ROLE: &str = "INSERT INTO user_roles (user_id, role) VALUES (?1, ?2)";
const ORG: &str = "INSERT INTO orgs (id, name) VALUES (?1, ?2)";
const MEMBER: &str = "INSERT INTO members (id, org_id, user_id, name) VALUES (?1, ?2, ?3, ?4)";
const CONTACT: &str = "INSERT INTO contacts (user_id, first_name, last_name) VALUES (?1, 'User', ?2)";
const SESSION: &str = "INSERT INTO refresh_tokens (id, user_id, expires_at, session_expires_at, refresh_token_hash, \
    ip, user_agent, authentication_methods, last_used_at) \
    VALUES (?1, ?2, strftime('%Y-%m-%dT%H:%M:%S+00:00', 'now', '+30 days'), \
    strftime('%Y-%m-%dT%H:%M:%S+00:00', 'now', '+90 days'), ?3, '127.0.0.1', 'bench', '[\"pwd\"]', \
    strftime('%Y-%m-%dT%H:%M:%S+00:00', 'now'))";

/// Makes what is made on PostgreSQL, in one transaction.
pub(crate) fn seed(file: &Path, users: u32, callers: usize) -> Result<(), BenchError> {
    let mut connection = Connection::open(file)?;
    // A million users fit, so that no page is written twice; nobody minds if all of it is lost.
    connection.execute_batch(
        "PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -2000000;",
    )?;
    let transaction = connection.transaction()?;
    number_users(&transaction, users)?;
    make_callers(&transaction, callers)?;
    fill_orgs(&transaction, users)?;
    // They are for nodes that do not run yet.
    transaction.execute("DELETE FROM change_notices", [])?;
    transaction.commit()?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

fn number_users(transaction: &Transaction<'_>, users: u32) -> Result<(), BenchError> {
    let mut user = transaction.prepare(USER)?;
    let mut role = transaction.prepare(ROLE)?;
    let mut session = transaction.prepare(SESSION)?;
    let hash = password_hash(CHEAP)?;
    for (number, locale) in (1..=users).zip(LOCALES.iter().cycle().skip(1)) {
        let id = ids::user(number);
        user.execute(params![
            id,
            FIRST + number * SPACING,
            format!("User {number}"),
            format!("https://example.org/picture/{number}.png"),
            locale,
            numbered_address(number as usize),
            hash,
            "active",
        ])?;
        role.execute(params![id, "user"])?;
        role.execute(params![id, "me"])?;
        let name = format!("t{number}");
        session.execute(params![ids::digest(&name), id, name])?;
    }
    Ok(())
}

fn make_callers(transaction: &Transaction<'_>, callers: usize) -> Result<(), BenchError> {
    let mut user = transaction.prepare(USER)?;
    let mut role = transaction.prepare(ROLE)?;
    let mut session = transaction.prepare(SESSION)?;
    let (hash, cheap) = (password_hash(USUAL)?, password_hash(CHEAP)?);
    for (number, at) in (0..callers).zip((0..FIRST).rev()) {
        let id = ids::digest(&format!("b{number}"));
        let name = format!("Caller {number}");
        user.execute(params![id, at, name, "", "en", address(number), hash, "active"])?;
        role.execute(params![id, "user"])?;
        role.execute(params![id, "me"])?;
        if number == 0 {
            role.execute(params![id, "admin"])?;
        }
        let name = format!("s{number}");
        session.execute(params![ids::digest(&name), id, name])?;
        for state in STATES {
            let (name, email) = (format!("{state} {number}"), state_address(state, number));
            let id = ids::digest(&format!("{state}{number}"));
            user.execute(params![id, at, name, "", "en", email, cheap, state])?;
        }
    }
    Ok(())
}

fn fill_orgs(transaction: &Transaction<'_>, users: u32) -> Result<(), BenchError> {
    let mut org = transaction.prepare(ORG)?;
    let mut member = transaction.prepare(MEMBER)?;
    let mut contact = transaction.prepare(CONTACT)?;
    for number in 1..=users / USERS_OF_AN_ORG {
        org.execute(params![ids::org(number), format!("Org {number}")])?;
    }
    for number in 1..=users {
        let id = ids::user(number);
        let of = ids::org((number - 1) / USERS_OF_AN_ORG + 1);
        let name = format!("User {number}");
        member.execute(params![ids::digest(&format!("m{number}")), of, id, name])?;
        contact.execute(params![id, number.to_string()])?;
    }
    Ok(())
}
