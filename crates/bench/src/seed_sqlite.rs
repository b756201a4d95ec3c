//! Filling SQLite.

use std::path::Path;

use rusqlite::{Connection, params};

use crate::error::BenchError;
use crate::ids::{self, USERS_OF_AN_ORG};
use crate::seed::{FIRST, LOCALES, SPACING, address, numbered_address, password_hash};

const USER: &str = "INSERT INTO users (id, created_at, updated_at, display_name, avatar_url, locale, email, \
    email_verified, metadata, password_hash) \
    VALUES (?1, strftime('%Y-%m-%dT%H:%M:%S+00:00', ?2, 'unixepoch'), \
    strftime('%Y-%m-%dT%H:%M:%S+00:00', ?2, 'unixepoch'), ?3, ?4, ?5, ?6, 1, '{\"theme\":\"dark\"}', ?7)";
const ROLE: &str = "INSERT INTO user_roles (user_id, role) VALUES (?1, ?2)";
const ORG: &str = "INSERT INTO orgs (id, name) VALUES (?1, ?2)";
const MEMBER: &str = "INSERT INTO members (id, org_id, user_id, name) VALUES (?1, ?2, ?3, ?4)";
const CONTACT: &str = "INSERT INTO contacts (user_id, first_name, last_name) VALUES (?1, 'User', ?2)";
const SESSION: &str = "INSERT INTO refresh_tokens (id, user_id, expires_at, session_expires_at, refresh_token_hash) \
    VALUES (?1, ?2, strftime('%Y-%m-%dT%H:%M:%S+00:00', 'now', '+30 days'), \
    strftime('%Y-%m-%dT%H:%M:%S+00:00', 'now', '+90 days'), ?3)";

/// Makes what is made on PostgreSQL, in one transaction.
pub(crate) fn seed(file: &Path, users: u32, callers: usize) -> Result<(), BenchError> {
    let mut connection = Connection::open(file)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    let transaction = connection.transaction()?;
    {
        let mut user = transaction.prepare(USER)?;
        let mut role = transaction.prepare(ROLE)?;
        let mut session = transaction.prepare(SESSION)?;
        for (number, locale) in (1..=users).zip(LOCALES.iter().cycle().skip(1)) {
            let id = ids::user(number);
            user.execute(params![
                id,
                FIRST + number * SPACING,
                format!("User {number}"),
                format!("https://example.org/picture/{number}.png"),
                locale,
                numbered_address(number as usize),
                None::<&str>
            ])?;
            role.execute(params![id, "user"])?;
            role.execute(params![id, "me"])?;
        }
        let hash = password_hash()?;
        for (number, at) in (0..callers).zip((0..FIRST).rev()) {
            let id = ids::digest(&format!("b{number}"));
            let name = format!("Caller {number}");
            user.execute(params![id, at, name, "", "en", address(number), hash])?;
            role.execute(params![id, "user"])?;
            role.execute(params![id, "me"])?;
            if number == 0 {
                role.execute(params![id, "admin"])?;
            }
            let name = format!("s{number}");
            session.execute(params![ids::digest(&name), id, name])?;
        }
    }
    {
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
    }
    transaction.commit()?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}
