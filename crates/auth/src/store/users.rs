//! Table `users`.

mod address;
mod identity;
mod new;
mod state;

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use portico_entity::users::{Column, Entity};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, Value};
use uuid::Uuid;

use crate::account::Account;
use crate::connection::Connection;
use crate::policy::Policy;
use crate::row::{FromRow, Row};
use crate::store::statement;
use crate::value::{Email, Locale, Username};

pub(crate) use address::{
    Addressee, activate, addressee, confirm_email, count_resend, erase_password, holder, locale_where_taken,
    reader, set_email, show_activation, show_new_email, show_ticket, with_email,
};
pub(crate) use identity::{ANONYMOUS_NAME, Identity, identify};
pub(crate) use new::{InsertError, NewUser, classify, insert};
pub(crate) use state::{State, forget_failures, set_state, show_failures};

/// The roles granted to a user `u`, as a JSON list.
pub(crate) fn granted_roles(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => {
            "COALESCE((SELECT json_agg(r.role) FROM user_roles r WHERE r.user_id = u.id), '[]')"
        }
        // This aggregate is never null.
        _ => "(SELECT json_group_array(r.role) FROM user_roles r WHERE r.user_id = u.id)",
    }
}

/// What the door asks of a user `u`; read by [`Account`].
pub(crate) fn account_columns(backend: DbBackend) -> String {
    let roles = granted_roles(backend);
    format!(
        "u.id AS user_id, u.default_role, u.is_anonymous, u.disabled, u.deleted_at IS NOT NULL AS is_deleted, \
         u.activated_at IS NOT NULL AS is_activated, u.is_locked, \
         u.email IS NOT NULL AS has_email, u.email_verified, {roles} AS roles"
    )
}

/// What [`Credentials`] have beside the account.
const PROOF_COLUMNS: &str = "u.password_hash, u.locked_until, u.attempt_number, u.last_attempt";

/// A user and what a password is compared with.
pub(crate) struct Credentials {
    pub(crate) account: Account,
    pub(crate) password_hash: Option<String>,
    locked_until: Option<DateTime<Utc>>,
    last_attempt: Option<DateTime<Utc>>,
    attempt_number: i32,
}

impl Credentials {
    /// Whether the row tells of failed attempts.
    pub(crate) fn shows_failures(&self) -> bool {
        self.attempt_number != 0 || self.locked_until.is_some()
    }

    /// Until when the row says that attempts have to wait. A delay of at most `longest` after an attempt that is yet to
    /// come began before the clock was set back; what an administrator wrote is none.
    pub(crate) fn locked_until(&self, now: DateTime<Utc>, longest: TimeDelta) -> Option<DateTime<Utc>> {
        let until = self.locked_until.filter(|until| *until > now)?;
        let over = self
            .last_attempt
            .is_some_and(|last| last > now && until <= last + longest);
        (!over).then_some(until)
    }
}

impl FromRow for Credentials {
    fn from_row(row: &Row) -> Result<Self, DbErr> {
        Ok(Self {
            account: Account::from_row(row)?,
            password_hash: row.get("password_hash")?,
            locked_until: row.get("locked_until")?,
            last_attempt: row.get("last_attempt")?,
            attempt_number: row.get("attempt_number")?,
        })
    }
}

/// The user with this email; a deleted one is not met.
pub(crate) async fn by_email<C: Connection>(
    connection: &C,
    email: &Email,
) -> Result<Option<Credentials>, DbErr> {
    // Without the cast PostgreSQL compares as text, with regard to case.
    credentials(connection, "u.email = CAST($1 AS citext)", email.as_str().into()).await
}

/// The user with this name; a deleted one is not met.
pub(crate) async fn by_username<C: Connection>(
    connection: &C,
    username: &Username,
) -> Result<Option<Credentials>, DbErr> {
    credentials(
        connection,
        "u.username = CAST($1 AS citext)",
        username.as_str().into(),
    )
    .await
}

/// A user with all that decides about a new password and says whom to tell of it.
pub(crate) struct Owner {
    pub(crate) credentials: Credentials,
    email: Option<String>,
    display_name: String,
    locale: String,
    /// Names of the user: the address and whatever the user is called.
    names: Vec<String>,
}

impl Owner {
    /// The user.
    pub(crate) fn id(&self) -> Uuid {
        self.credentials.account.id
    }

    /// What passwords of this user must not be made of.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// What the user signs in with, or else is called; never empty.
    pub(crate) fn name(&self) -> &str {
        let names = self.names.iter().map(String::as_str);
        names
            .filter(|name| !name.is_empty())
            .chain(["user"])
            .next()
            .unwrap_or_default()
    }

    /// What the user is called, or else signs in with; never empty.
    pub(crate) fn display_name(&self) -> &str {
        match self.display_name.is_empty() {
            true => self.name(),
            false => &self.display_name,
        }
    }

    /// Where messages go; nowhere where the address is none that could be written to.
    pub(crate) fn email(&self) -> Option<Email> {
        Email::parse(self.email.as_deref()?).ok()
    }

    /// The language of messages.
    pub(crate) fn locale(&self, policy: &Policy) -> Locale {
        Locale::parse(&self.locale, policy).unwrap_or_else(|_| Locale::default_of(policy))
    }
}

impl FromRow for Owner {
    fn from_row(row: &Row) -> Result<Self, DbErr> {
        let mut names = Vec::new();
        for column in ["email", "username", "display_name", "first_name", "last_name"] {
            names.extend(row.get::<Option<String>>(column)?);
        }
        Ok(Self {
            credentials: Credentials::from_row(row)?,
            email: row.get("email")?,
            display_name: row.get("display_name")?,
            locale: row.get("locale")?,
            names,
        })
    }
}

/// The user with this id, unless deleted.
pub(crate) async fn owner<C: Connection>(connection: &C, id: Uuid) -> Result<Option<Owner>, DbErr> {
    let columns = account_columns(connection.backend());
    let sql = format!(
        "SELECT {columns}, {PROOF_COLUMNS}, CAST(u.email AS text) AS email, CAST(u.username AS text) AS username, \
         u.display_name, u.locale, c.first_name, c.last_name \
         FROM users u LEFT JOIN contacts c ON c.user_id = u.id WHERE u.id = $1 AND u.deleted_at IS NULL"
    );
    connection
        .one::<Owner>(statement(connection, sql, [id.into()]))
        .await
}

/// Writes another password if the old one is still this; tells whether it was.
pub(crate) async fn replace_password<C: ConnectionTrait>(
    connection: &C,
    id: Uuid,
    former: Option<&str>,
    hash: &str,
) -> Result<bool, DbErr> {
    let unchanged = match former {
        Some(former) => Column::PasswordHash.eq(former),
        None => Column::PasswordHash.is_null(),
    };
    let done = Entity::update_many()
        .col_expr(Column::PasswordHash, Expr::value(hash))
        .filter(Column::Id.eq(id))
        .filter(unchanged)
        .filter(Column::DeletedAt.is_null())
        .exec(connection)
        .await?;
    Ok(done.rows_affected == 1)
}

async fn credentials<C: Connection>(
    connection: &C,
    condition: &str,
    value: Value,
) -> Result<Option<Credentials>, DbErr> {
    let columns = account_columns(connection.backend());
    let sql =
        format!("SELECT {columns}, {PROOF_COLUMNS} FROM users u WHERE {condition} AND u.deleted_at IS NULL");
    connection
        .one::<Credentials>(statement(connection, sql, [value]))
        .await
}

/// The hash of a user's password as it is now.
pub(crate) async fn password_hash<C: Connection>(connection: &C, id: Uuid) -> Result<Option<String>, DbErr> {
    let sql = "SELECT password_hash FROM users WHERE id = $1";
    let row = connection.row(statement(connection, sql, [id.into()])).await?;
    row.map_or(Ok(None), |row| row.get("password_hash"))
}

/// The user with this id, also a deleted one.
pub(crate) async fn account<C: Connection>(connection: &C, id: Uuid) -> Result<Option<Account>, DbErr> {
    let columns = account_columns(connection.backend());
    let sql = format!("SELECT {columns} FROM users u WHERE u.id = $1");
    connection
        .one::<Account>(statement(connection, sql, [id.into()]))
        .await
}

/// The default role of a user, also of a deleted one; nobody changes it until the transaction ends.
pub(crate) async fn lock_default_role<C: Connection>(
    connection: &C,
    id: Uuid,
) -> Result<Option<String>, DbErr> {
    // On SQLite the write transaction keeps others from writing.
    let lock = match connection.backend() {
        DbBackend::Postgres => " FOR NO KEY UPDATE",
        _ => "",
    };
    let sql = format!("SELECT default_role FROM users WHERE id = $1{lock}");
    let found = connection.row(statement(connection, sql, [id.into()])).await?;
    found.map(|row| row.get("default_role")).transpose()
}

/// The user with this id, unless deleted; nobody changes it until the transaction ends, or this transaction does.
pub(crate) async fn held<C: Connection>(
    connection: &C,
    id: Uuid,
    lock: Lock,
) -> Result<Option<Account>, DbErr> {
    let backend = connection.backend();
    let columns = account_columns(backend);
    let lock = lock.sql(backend);
    let sql = format!("SELECT {columns} FROM users u WHERE u.id = $1 AND u.deleted_at IS NULL{lock}");
    connection
        .one::<Account>(statement(connection, sql, [id.into()]))
        .await
}

/// How a row is kept until the transaction ends. To ask for more than one holds is how two wait for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lock {
    /// Nobody changes it.
    Read,
    /// It will be changed here.
    Write,
}

impl Lock {
    /// What a statement that reads a user `u` ends with.
    pub(crate) fn sql(self, backend: DbBackend) -> &'static str {
        match (backend, self) {
            (DbBackend::Postgres, Self::Read) => " FOR SHARE OF u",
            (DbBackend::Postgres, Self::Write) => " FOR NO KEY UPDATE OF u",
            // On SQLite the write transaction keeps others from writing.
            _ => "",
        }
    }
}

/// The user with this id if this is still the password.
pub(crate) async fn with_password<C: Connection>(
    connection: &C,
    id: Uuid,
    password_hash: &str,
    lock: Lock,
) -> Result<Option<Account>, DbErr> {
    let backend = connection.backend();
    let columns = account_columns(backend);
    let lock = lock.sql(backend);
    let sql = format!("SELECT {columns} FROM users u WHERE u.id = $1 AND u.password_hash = $2{lock}");
    connection
        .one::<Account>(statement(connection, sql, [id.into(), password_hash.into()]))
        .await
}

/// Writes another hash of the same password, if this is still the stored one, and returns its user. Of several
/// that try, one does.
pub(crate) async fn renew_hash<C: Connection>(
    connection: &C,
    id: Uuid,
    stored: &str,
    renewed: &str,
) -> Result<Option<Account>, DbErr> {
    let account = with_password(connection, id, stored, Lock::Write).await?;
    if account.is_some() {
        let sql = "UPDATE users SET password_hash = $1 WHERE id = $2";
        connection
            .send(statement(connection, sql, [renewed.into(), id.into()]))
            .await?;
    }
    Ok(account)
}

/// Whether somebody, also someone deleted, has this name.
pub(crate) async fn username_is_taken<C: Connection>(
    connection: &C,
    username: &Username,
) -> Result<bool, DbErr> {
    let sql = "SELECT 1 AS taken FROM users u WHERE u.username = CAST($1 AS citext)";
    let found = connection
        .row(statement(connection, sql, [username.as_str().into()]))
        .await?;
    Ok(found.is_some())
}

/// Writes when users were last active, unless the row is newer already.
pub(crate) async fn mark_seen<C: Connection>(
    connection: &C,
    entries: &[(Uuid, DateTime<Utc>)],
    written_before: DateTime<Utc>,
) -> Result<(), DbErr> {
    // One value for all of them, so that each is found by its id and the statement stays the same.
    let (those, time, id) = match connection.backend() {
        DbBackend::Postgres => (
            "json_each_text(CAST($1 AS text)::json)",
            "CAST(seen.value AS timestamptz)",
            "CAST(seen.key AS uuid)",
        ),
        _ => ("json_each($1)", "seen.value", "unhex(seen.key)"),
    };
    let sql = format!(
        "UPDATE users SET last_seen = {time} FROM {those} AS seen \
         WHERE users.id = {id} AND (users.last_seen IS NULL OR users.last_seen <= $2)"
    );
    // Every node goes through them in the order of their ids: none waits for another that waits for it.
    let entries: BTreeMap<_, _> = entries
        .iter()
        .map(|(id, at)| (id.simple().to_string(), kept_time(*at)))
        .collect();
    let entries = serde_json::to_string(&entries).map_err(|error| DbErr::Json(error.to_string()))?;
    connection
        .send(statement(
            connection,
            sql,
            [entries.into(), written_before.into()],
        ))
        .await
}

/// A time as SQLite keeps it.
fn kept_time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, false)
}
