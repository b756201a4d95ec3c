//! Filling either database with accounts that have second factors, and with challenges for them.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rusqlite::{Connection, params};

use crate::authenticator::SECRET_TEXT;
use crate::error::BenchError;
use crate::factors::{ACCOUNTS, APPLICATIONS};
use crate::ids;
use crate::stand::Stand;

/// Later than any request of the bench.
const EXPIRY: &str = "2100-01-01T00:00:00+00:00";

/// The secret of the challenge of an account.
pub(crate) fn ticket(letter: char, batch: usize, number: usize) -> String {
    format!("ticket-{letter}-{batch}-{number}")
}

/// The id of the passkey of an account; its length leaves nothing to be padded.
pub(crate) fn credential(number: usize) -> String {
    format!("{number:018}")
}

/// Makes the accounts with an application and those with a passkey, as Hasura Auth would have left them.
pub(crate) fn accounts(stand: &Stand, key: &[u8]) -> Result<(), BenchError> {
    match &stand.cluster {
        Some(cluster) => {
            let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
            let last = ACCOUNTS - 1;
            let user = |letter: char, more: &str| {
                format!(
                    "INSERT INTO auth.users (id, locale, email, email_verified, totp_secret, active_mfa_type) \
                     SELECT md5('{letter}' || n)::uuid, 'en', '{letter}-' || n || '@example.org', true, {more} \
                     FROM generate_series(0, {last}) n; \
                     INSERT INTO auth.user_roles (user_id, role) \
                     SELECT md5('{letter}' || n)::uuid, role FROM generate_series(0, {last}) n, \
                         unnest(ARRAY['user', 'me']) role;"
                )
            };
            let totp = APPLICATIONS.map(|letter| user(letter, &format!("'{SECRET_TEXT}', 'totp'")));
            let (totp, passkey) = (totp.concat(), user('p', "NULL, NULL"));
            cluster.run(&format!(
                "{totp} {passkey} \
                 INSERT INTO auth.user_security_keys (id, user_id, credential_id, credential_public_key) \
                 SELECT md5('k' || n)::uuid, md5('p' || n)::uuid, \
                     encode(convert_to(lpad(n::text, 18, '0'), 'UTF8'), 'base64'), '\\x{hex}' \
                 FROM generate_series(0, {last}) n"
            ))
        }
        None => accounts_in_file(&stand.file, key),
    }
}

fn accounts_in_file(file: &std::path::Path, key: &[u8]) -> Result<(), BenchError> {
    let mut connection = Connection::open(file)?;
    let transaction = connection.transaction()?;
    for number in 0..ACCOUNTS {
        let applications = APPLICATIONS.map(|letter| (letter, Some(SECRET_TEXT), Some("totp")));
        for (letter, secret, kind) in applications.into_iter().chain([('p', None, None)]) {
            let id = ids::digest(&format!("{letter}{number}"));
            transaction.execute(
                "INSERT INTO users (id, locale, email, email_verified, totp_secret, active_mfa_type) \
                 VALUES (?1, 'en', ?2, 1, ?3, ?4)",
                params![id, format!("{letter}-{number}@example.org"), secret, kind],
            )?;
            for role in ["user", "me"] {
                let sql = "INSERT INTO user_roles (user_id, role) VALUES (?1, ?2)";
                transaction.execute(sql, params![id, role])?;
            }
        }
        transaction.execute(
            "INSERT INTO user_security_keys (id, user_id, credential_id, credential_public_key) \
             VALUES (?1, ?2, ?3, ?4)",
            params![
                ids::digest(&format!("k{number}")),
                ids::digest(&format!("p{number}")),
                URL_SAFE_NO_PAD.encode(credential(number)),
                key
            ],
        )?;
    }
    Ok(transaction.commit()?)
}

/// A challenge for each account with an application.
pub(crate) fn challenges(stand: &Stand, letter: char, batch: usize) -> Result<(), BenchError> {
    let Some(cluster) = &stand.cluster else {
        return challenges_in_file(&stand.file, letter, batch);
    };
    let last = ACCOUNTS - 1;
    let ticket = format!("'ticket-{letter}-{batch}-' || n");
    cluster.run(&format!(
        "INSERT INTO auth.tickets (purpose, subject, user_id, address, ticket_hash, authentication_methods, \
             expires_at) \
         SELECT 'second-factor', {ticket}, md5('{letter}' || n)::uuid, '', \
             sha256(convert_to({ticket}, 'UTF8')), '[\"pwd\"]', '{EXPIRY}' \
         FROM generate_series(0, {last}) n"
    ))
}

fn challenges_in_file(file: &std::path::Path, letter: char, batch: usize) -> Result<(), BenchError> {
    let mut connection = Connection::open(file)?;
    let transaction = connection.transaction()?;
    for number in 0..ACCOUNTS {
        let ticket = ticket(letter, batch, number);
        transaction.execute(
            "INSERT INTO tickets (id, purpose, subject, user_id, address, ticket_hash, authentication_methods, \
                 expires_at) \
             VALUES (?1, 'second-factor', ?2, ?3, '', ?4, '[\"pwd\"]', ?5)",
            params![
                ids::digest(&ticket),
                ticket,
                ids::digest(&format!("{letter}{number}")),
                digest(&SHA256, ticket.as_bytes()).as_ref(),
                EXPIRY
            ],
        )?;
    }
    Ok(transaction.commit()?)
}
