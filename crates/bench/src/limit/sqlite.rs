//! A prepared statement in a loop, on as many threads as can be of use.

use std::path::PathBuf;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use rusqlite::{Connection, Row, params};
use rustix::time::{ClockId, clock_gettime};

use crate::ask::MANY;
use crate::error::BenchError;
use crate::ids::{self, USERS_OF_AN_ORG};
use crate::stand::Stand;
use crate::work::Work;

const PROFILE: &str = "SELECT u.id, u.created_at, u.display_name, u.avatar_url, u.locale, u.email, \
    u.email_verified, u.default_role, u.metadata, \
    (SELECT json_group_array(json_object('id', hex(r.id), 'role', r.role)) FROM user_roles r \
    WHERE r.user_id = u.id) FROM users u WHERE u.id = ?1";
const LIST: &str = "SELECT u.id, u.created_at, u.display_name, u.email, u.email_verified, u.locale, \
    (SELECT json_group_array(json_object('role', r.role)) FROM user_roles r WHERE r.user_id = u.id) \
    FROM users u ORDER BY u.created_at DESC LIMIT 100";
const COUNT: &str = "SELECT count(*) FROM users WHERE locale = 'de'";
const LEVELS: &str = "SELECT u.id, u.display_name, (SELECT json_group_array(json_object('role', m.role, 'org', \
    (SELECT json_object('id', hex(o.id), 'name', o.name) FROM orgs o WHERE o.id = m.org_id))) \
    FROM members m WHERE m.user_id = u.id) \
    FROM users u WHERE u.deleted_at IS NULL ORDER BY u.created_at DESC LIMIT 20";
const FILTER: &str = "SELECT id, created_at, display_name, email, locale FROM users \
    WHERE created_at < ?1 AND email_verified AND deleted_at IS NULL ORDER BY created_at DESC LIMIT 20";
const NESTED: &str = "SELECT count(*) FROM members m WHERE m.org_id = ?1 AND EXISTS \
    (SELECT 1 FROM users u WHERE u.id = m.user_id AND u.locale = 'de' AND u.deleted_at IS NULL)";
const UPSERT: &str = "INSERT INTO contacts (user_id, first_name) VALUES (?1, 'User ' || ?2) \
    ON CONFLICT (user_id) DO UPDATE SET first_name = excluded.first_name RETURNING user_id, first_name, name";
const INSERT: &str = "INSERT INTO users (id, display_name, locale, email) \
    VALUES (?1, 'User ' || ?2, 'en', 'new-' || hex(?1) || '@example.org') RETURNING id, display_name";
const GRANT: &str = "INSERT INTO user_roles (id, user_id, role) VALUES (?1, ?2, 'user')";
const AUDIT: &str = "INSERT INTO audit_events (id, user_id, details, created_at, action, outcome, actor_id, \
    actor_role, session_id, request_id, ip) VALUES (?1, ?2, json_object('table', 'users', 'key', hex(?2)), \
    strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'), 'insertUsers', 'success', ?3, 'admin', ?4, hex(?1), '127.0.0.1')";
const UPDATE: &str = "UPDATE users SET display_name = 'User ' || ?2 WHERE id = ?1 RETURNING id, display_name";
const REFRESH: &str = "UPDATE refresh_tokens AS t SET generation = generation + 1, \
    refresh_token_hash = hex(randomblob(32)), previous_token_hash = refresh_token_hash, \
    sealed_successor = randomblob(120), rotated_at = ?2, last_used_at = ?2, expires_at = ?3, ip = '127.0.0.1' \
    WHERE t.id = ?1 AND t.revoked_at IS NULL AND t.expires_at > ?2 AND t.session_expires_at > ?2 \
    AND EXISTS (SELECT 1 FROM users u WHERE u.id = t.user_id AND NOT u.disabled AND u.deleted_at IS NULL) \
    RETURNING user_id";
const SESSIONS: &str = "SELECT id, type, name, created_at, last_used_at, expires_at, ip, user_agent, \
    authentication_methods FROM refresh_tokens WHERE user_id = ?1 ORDER BY created_at DESC LIMIT 20";
const ACCOUNT: &str = "SELECT u.id, u.default_role, u.email_verified, \
    (SELECT json_group_array(r.role) FROM user_roles r WHERE r.user_id = u.id) FROM users u WHERE u.id = ?1";

const NOW: &str = "2020-01-01T00:00:00+00:00";
const LATER: &str = "2999-01-01T00:00:00+00:00";

/// A statement to repeat.
pub(crate) struct Statement {
    file: PathBuf,
    work: Work,
    threads: usize,
    users: u32,
    sessions: usize,
}

impl Statement {
    /// The statement of a kind of work.
    pub(crate) fn new(stand: &Stand, work: Work, connections: usize) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            file: stand.file.clone(),
            work,
            // There is one writer at a time.
            threads: if work.writes() { 1 } else { connections.min(cores) },
            users: stand.users,
            sessions: connections,
        }
    }

    /// Statements a second of all threads together.
    pub(crate) fn rate(&self, length: Duration) -> Result<f64, BenchError> {
        let barrier = Barrier::new(self.threads);
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.threads)
                .map(|_| {
                    scope.spawn(|| {
                        let opened = self.open();
                        // Everyone comes here, also who failed: the others wait for it.
                        barrier.wait();
                        self.repeat(&opened?, length)
                    })
                })
                .collect();
            let rates = threads
                .into_iter()
                .map(|thread| thread.join().map_err(|_| BenchError::Thread)?);
            rates.sum()
        })
    }

    /// As the service opens its own.
    fn open(&self) -> Result<Connection, BenchError> {
        let connection = Connection::open(&self.file)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.execute_batch(
            "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; \
             PRAGMA cache_size=-16384; PRAGMA mmap_size=268435456;",
        )?;
        Ok(connection)
    }

    fn repeat(&self, connection: &Connection, length: Duration) -> Result<f64, BenchError> {
        let (mut random, begin, mut count) = (fastrand::Rng::new(), Instant::now(), 0_u32);
        while begin.elapsed() < length {
            self.once(connection, &mut random)?;
            count += 1;
        }
        Ok(f64::from(count) / begin.elapsed().as_secs_f64())
    }

    fn once(&self, connection: &Connection, random: &mut fastrand::Rng) -> Result<(), BenchError> {
        let number = random.u32(1..=self.users);
        match self.work {
            Work::List => read(connection, LIST, params![]),
            Work::Count => read(connection, COUNT, params![]),
            Work::Levels => read(connection, LEVELS, params![]),
            Work::Filter => read(connection, FILTER, params![ids::moment(random)]),
            Work::Nested => {
                let org = random.u32(1..=(self.users / USERS_OF_AN_ORG).max(1));
                read(connection, NESTED, params![ids::org(org)])
            }
            Work::Upsert => read(connection, UPSERT, params![ids::user(number), number]),
            Work::Insert => insert(connection, 1, random),
            Work::Inserts => insert(connection, MANY, random),
            Work::Update => read(connection, UPDATE, params![ids::user(number), number]),
            Work::Sessions => read(connection, SESSIONS, params![ids::user(number)]),
            Work::Refresh => {
                let session = ids::digest(&format!("s{}", random.usize(..self.sessions.max(1))));
                let user: [u8; 16] = connection
                    .prepare_cached(REFRESH)?
                    .query_row(params![session, NOW, LATER], |row| row.get(0))?;
                read(connection, ACCOUNT, params![user])
            }
            _ => read(connection, PROFILE, params![ids::user(number)]),
        }
    }
}

/// So many new users, each with a role and an entry of the audit, in one transaction.
fn insert(connection: &Connection, count: usize, random: &mut fastrand::Rng) -> Result<(), BenchError> {
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    for _ in 0..count {
        let (user, number) = (new_id(random), random.u32(..));
        read(connection, INSERT, params![user, number])?;
        connection.prepare_cached(AUDIT)?.execute(params![
            new_id(random),
            user,
            ids::digest("b0"),
            ids::digest("s0")
        ])?;
        connection
            .prepare_cached(GRANT)?
            .execute(params![new_id(random), user])?;
    }
    connection.prepare_cached("COMMIT")?.execute([])?;
    Ok(())
}

/// An id that is later than those before, as the service makes them.
fn new_id(random: &mut fastrand::Rng) -> [u8; 16] {
    let now = clock_gettime(ClockId::Realtime);
    let milliseconds = u128::from((now.tv_sec * 1_000 + now.tv_nsec / 1_000_000).unsigned_abs());
    ((milliseconds << 80) | (random.u128(..) >> 48)).to_be_bytes()
}

/// Runs a statement and looks at every value it returns; none returned is a mistake of the bench.
fn read(connection: &Connection, sql: &str, values: impl rusqlite::Params) -> Result<(), BenchError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    let mut found = false;
    while let Some(row) = rows.next()? {
        found = true;
        look(row)?;
    }
    if found {
        return Ok(());
    }
    Err(rusqlite::Error::QueryReturnedNoRows.into())
}

fn look(row: &Row<'_>) -> Result<(), rusqlite::Error> {
    for column in 0..row.as_ref().column_count() {
        std::hint::black_box(row.get_ref(column)?);
    }
    Ok(())
}
