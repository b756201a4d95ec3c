//! What statements cost as users and sessions grow: on SQLite each of them finds its rows by an index. On PostgreSQL
//! the tests of the whole service count the rows that are read.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::support::{Client, PASSWORD, World, code, session};
use crate::passkey::Ceremony;
use crate::store::user_security_keys;
use crate::totp::Secret;
use crate::value::{Email, LinkOptions, SignUpOptionsInput};
use crate::{Auth, Clock, FactorCode, Policy, SignIn, flow, store};

/// Tables that stay small, and what a statement made itself.
const SMALL: [&str; 9] = [
    "roles",
    "settings",
    "signing_keys",
    "sqlite_sequence",
    "due",
    "json_each",
    "latest",
    "one",
    "seen",
];

#[tokio::test]
async fn no_statement_reads_a_table_from_end_to_end() {
    let mut world = World::new().await;
    if world.database.connection.get_database_backend() != DbBackend::Sqlite {
        return;
    }
    let ran: Arc<Mutex<Vec<Statement>>> = Arc::default();
    let running = Arc::clone(&ran);
    world.watch(move |statement| running.lock().unwrap().push(statement.clone()));
    let auth = world.node(Policy::default()).await;
    sign_up_and_in(&auth, &world).await;
    ask_for_mails(&auth).await;
    prove_a_second_factor(&auth, &world).await;
    use_a_passkey(&auth, &world).await;
    look_after_everything(&auth, &world).await;

    let ran = std::mem::take(&mut *ran.lock().unwrap());
    assert_eq!(left(&world).await, [""; 0]);
    let mut explained = BTreeSet::new();
    let mut scans = Vec::new();
    for mut statement in ran {
        if !explained.insert(statement.sql.clone()) {
            continue;
        }
        let sql = statement.sql;
        statement.sql = format!("EXPLAIN QUERY PLAN {sql}");
        let rows = world.database.connection.query_all_raw(statement).await.unwrap();
        for row in rows {
            let detail: String = row.try_get("", "detail").unwrap();
            let scanned = detail.strip_prefix("SCAN ").unwrap_or_default();
            let table = scanned.split(' ').next().unwrap_or_default();
            // "SCAN CONSTANT ROW", "SCAN 2-ROW VALUES CLAUSE"
            let is_table = table.starts_with(|letter: char| letter.is_ascii_lowercase());
            if is_table && !SMALL.contains(&table) {
                scans.push(format!("{detail}: {sql}"));
            }
        }
    }
    assert!(explained.len() > 40, "{explained:#?}");
    assert!(scans.is_empty(), "{scans:#?}");
}

async fn sign_up_and_in(auth: &Auth, world: &World) {
    let client = Client::of(auth);
    let first = session(client.sign_up("ada@example.org").await);
    session(client.sign_up_username("grace").await);
    session(client.sign_in_username("grace", PASSWORD).await);
    session(
        Client::at(auth, "198.51.100.7")
            .sign_in("ada@example.org", PASSWORD)
            .await,
    );
    for email in ["ada@example.org", "nobody@example.org"] {
        assert_eq!(
            code(client.sign_in(email, "not this one").await),
            "invalid-email-password"
        );
    }
    let next = client.refresh(first.refresh_token().reveal()).await.ok().unwrap();
    auth.authenticate(next.access_token.reveal()).await.unwrap();
    // A token from before: its session is looked up.
    world.advance(TimeDelta::minutes(1));
    let again = client.refresh(first.refresh_token().reveal()).await;
    assert_eq!(code(again), "invalid-refresh-token");
}

async fn ask_for_mails(auth: &Auth) {
    let client = Client::of(auth);
    for email in ["ada@example.org", "nobody@example.org"] {
        let email = Email::parse(email).unwrap();
        let input = flow::SignInEmailInput {
            email: email.clone(),
            form: flow::SignInEmailForm::Code,
            options: SignUpOptionsInput::default(),
        };
        flow::sign_in_email(&client.ctx(None), input).await.unwrap();
        let input = flow::SendPasswordResetEmailInput {
            email,
            link: LinkOptions::default(),
        };
        flow::send_password_reset_email(&client.ctx(None), input)
            .await
            .unwrap();
    }
}

async fn prove_a_second_factor(auth: &Auth, world: &World) {
    let (client, email, stored) = (Client::of(auth), "katherine@example.org", "JBSWY3DPEHPK3PXP");
    let user = session(client.sign_up(email).await).authenticated().user_id;
    world
        .execute(&format!(
            "UPDATE users SET active_mfa_type = 'totp', totp_secret = '{stored}' WHERE email = '{email}'"
        ))
        .await;
    let Ok(SignIn::NeedsFactor(challenge)) = client.sign_in(email, PASSWORD).await else {
        panic!("a second factor was expected to be asked for");
    };
    let secret = Secret::open(&auth.keys.sealer, user, stored)
        .ok()
        .unwrap()
        .unwrap();
    let prove = async |code| {
        let input = flow::VerifySignInMfaInput {
            ticket: challenge.ticket.reveal().to_owned(),
            code,
        };
        flow::verify_sign_in_mfa(&client.ctx(None), input).await
    };
    let recovery = FactorCode::Recovery("not one".to_owned());
    assert_eq!(code(prove(recovery).await), "invalid-recovery-code");
    let right = FactorCode::Totp(secret.code_at(world.clock.now()));
    session(prove(right).await);
}

async fn use_a_passkey(auth: &Auth, world: &World) {
    world
        .execute(
            "INSERT INTO user_security_keys (id, user_id, credential_id, credential_public_key) \
             SELECT randomblob(16), id, 'one', x'00' FROM users WHERE email = 'ada@example.org'",
        )
        .await;
    let client = Client::of(auth);
    for email in [None, Email::parse("ada@example.org").ok()] {
        let input = flow::SignInWebauthnInput { email };
        flow::sign_in_webauthn(&client.ctx(None), input).await.unwrap();
    }
    let now = world.clock.now();
    let taken = store::challenges::take(&auth.database.alone(), Ceremony::SignIn, vec![0], now).await;
    assert_eq!(taken.unwrap(), None);
    let key = user_security_keys::by_credential(&auth.database.reads(), "one").await;
    let key = key.unwrap().unwrap();
    let used = || user_security_keys::Use {
        counter: 1,
        backed_up: false,
        passkey: None,
        at: now,
    };
    let alone = auth.database.alone();
    assert!(user_security_keys::mark_used(&alone, &key, used()).await.unwrap());
    // Of two that were checked against one counter, one is a copy.
    assert!(!user_security_keys::mark_used(&alone, &key, used()).await.unwrap());
}

async fn look_after_everything(auth: &Auth, world: &World) {
    let mails = auth.exchange_mail(&[], 10).await.unwrap();
    auth.exchange_mail(&mails, 10).await.unwrap();
    assert!(!mails.is_empty());
    auth.catch_up().await.unwrap();
    auth.show_failures().await.unwrap();
    auth.flush_last_seen().await.unwrap();
    auth.maintain().await.unwrap();
    world.advance(TimeDelta::days(100));
    auth.maintain().await.unwrap();
}

/// The tables in which something that has expired is left.
async fn left(world: &World) -> Vec<&'static str> {
    let mut left = Vec::new();
    for table in ["limits", "tickets", "challenges", "refresh_tokens", "outbox"] {
        let sql = format!("SELECT 1 AS found FROM {table} LIMIT 1");
        let connection = &world.database.connection;
        let statement = Statement::from_string(DbBackend::Sqlite, sql);
        if connection.query_one_raw(statement).await.unwrap().is_some() {
            left.push(table);
        }
    }
    left
}
