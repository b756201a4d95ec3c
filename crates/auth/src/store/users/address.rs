//! Users by the address that mail reaches them at, and what its owner may change.

use chrono::{DateTime, Utc};
use sea_orm::{DbBackend, DbErr, Value};
use uuid::Uuid;

use super::{InsertError, account_columns, classify};
use crate::account::Account;
use crate::connection::Connection;
use crate::policy::Policy;
use crate::row::{FromRow, Row, from_row};
use crate::store::statement;
use crate::ticket::Purpose;
use crate::value::{Email, Locale};

/// Whoever a mail is for.
pub(crate) struct Addressee {
    pub(crate) id: Uuid,
    pub(crate) locale: String,
    pub(crate) email_verified: bool,
    pub(crate) activated: bool,
}

from_row!(Addressee {
    id,
    locale,
    email_verified,
    activated,
});

/// Whoever has this address; nobody who was deleted.
pub(crate) async fn addressee<C: Connection>(
    connection: &C,
    email: &Email,
) -> Result<Option<Addressee>, DbErr> {
    let sql = "SELECT u.id, u.locale, u.email_verified, u.activated_at IS NOT NULL AS activated FROM users u \
        WHERE u.email = CAST($1 AS citext) AND u.deleted_at IS NULL";
    connection
        .one::<Addressee>(statement(connection, sql, [email.as_str().into()]))
        .await
}

/// The user, if it has this address still; nobody else changes it meanwhile.
pub(crate) async fn with_email<C: Connection>(
    connection: &C,
    id: Uuid,
    email: &Email,
) -> Result<Option<Account>, DbErr> {
    let backend = connection.backend();
    let (columns, lock) = (account_columns(backend), for_update(backend));
    let sql = format!(
        "SELECT {columns} FROM users u WHERE u.id = $1 AND u.email = CAST($2 AS citext) \
         AND u.deleted_at IS NULL {lock}"
    );
    connection
        .one::<Account>(statement(connection, sql, [id.into(), email.as_str().into()]))
        .await
}

/// A user whose address is about to be another.
pub(crate) struct Holder {
    account: Account,
    email: Option<String>,
    locale: String,
}

impl Holder {
    /// The user.
    pub(crate) fn into_account(self) -> Account {
        self.account
    }

    /// The address until now, where it is one that could be written to.
    pub(crate) fn email(&self) -> Option<Email> {
        Email::parse(self.email.as_deref()?).ok()
    }

    /// The language of messages.
    pub(crate) fn locale(&self, policy: &Policy) -> Locale {
        Locale::parse(&self.locale, policy).unwrap_or_else(|_| Locale::default_of(policy))
    }
}

impl FromRow for Holder {
    fn from_row(row: &Row) -> Result<Self, DbErr> {
        Ok(Self {
            account: Account::from_row(row)?,
            email: row.get("email")?,
            locale: row.get("locale")?,
        })
    }
}

/// The user, unless deleted; nobody else changes it meanwhile.
pub(crate) async fn holder<C: Connection>(connection: &C, id: Uuid) -> Result<Option<Holder>, DbErr> {
    let backend = connection.backend();
    let (columns, lock) = (account_columns(backend), for_update(backend));
    let sql = format!(
        "SELECT {columns}, CAST(u.email AS text) AS email, u.locale FROM users u \
         WHERE u.id = $1 AND u.deleted_at IS NULL {lock}"
    );
    connection
        .one::<Holder>(statement(connection, sql, [id.into()]))
        .await
}

/// On SQLite the write transaction keeps others from writing.
fn for_update(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => "FOR UPDATE OF u",
        _ => "",
    }
}

/// The language of whoever has this address, also someone deleted, or of another than this user who may have it
/// back; none where it is free.
pub(crate) async fn locale_where_taken<C: Connection>(
    connection: &C,
    email: &Email,
    user: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<Option<String>, DbErr> {
    let sql = "SELECT u.locale FROM users u WHERE u.email = CAST($1 AS citext) UNION ALL \
        SELECT u.locale FROM tickets t JOIN users u ON u.id = t.user_id \
        WHERE t.address = $2 AND t.purpose = $3 AND t.user_id <> $4 AND t.expires_at > $5 LIMIT 1";
    let values = [
        email.as_str().into(),
        email.as_str().into(),
        Purpose::UndoEmailChange.as_str().into(),
        user.unwrap_or_default().into(),
        now.into(),
    ];
    let row = connection.row(statement(connection, sql, values)).await?;
    row.map(|row| row.get("locale")).transpose()
}

/// Shows the user the address that it asked for.
pub(crate) async fn show_new_email<C: Connection>(
    connection: &C,
    id: Uuid,
    email: &Email,
) -> Result<(), DbErr> {
    set(connection, "new_email = $2", id, [email.as_str().into()]).await
}

/// Writes an address that its owner confirmed, unless somebody else has it.
pub(crate) async fn set_email<C: Connection>(
    connection: &C,
    id: Uuid,
    email: &Email,
) -> Result<(), InsertError> {
    let columns = "email = $2, email_verified = true, new_email = NULL";
    set(connection, columns, id, [email.as_str().into()])
        .await
        .map_err(classify)
}

/// The owner of the address confirmed it.
pub(crate) async fn confirm_email<C: Connection>(connection: &C, id: Uuid) -> Result<(), DbErr> {
    set(connection, "email_verified = true", id, []).await
}

/// Nobody can sign in with the password any more.
pub(crate) async fn erase_password<C: Connection>(connection: &C, id: Uuid) -> Result<(), DbErr> {
    set(connection, "password_hash = NULL", id, []).await
}

/// Until when the latest link and code of a user work; nothing where there is no such user.
pub(crate) async fn show_ticket<C: Connection>(
    connection: &C,
    id: Uuid,
    expires_at: DateTime<Utc>,
) -> Result<(), DbErr> {
    let columns = "ticket_expires_at = $2, otp_hash_expires_at = $2";
    set(connection, columns, id, [expires_at.into()]).await
}

/// Until when the latest activation code of a user works; nothing where there is no such user.
pub(crate) async fn show_activation<C: Connection>(
    connection: &C,
    id: Uuid,
    expires_at: DateTime<Utc>,
) -> Result<(), DbErr> {
    let columns = "activation_code_expires_at = $2";
    set(connection, columns, id, [expires_at.into()]).await
}

/// An activation code was sent again; nothing where there is no such user.
pub(crate) async fn count_resend<C: Connection>(
    connection: &C,
    id: Uuid,
    at: DateTime<Utc>,
) -> Result<(), DbErr> {
    let columns = "passcode_resend_last_attempt = $2, \
        passcode_resend_attempt_number = passcode_resend_attempt_number + 1";
    set(connection, columns, id, [at.into()]).await
}

/// Makes an account usable.
pub(crate) async fn activate<C: Connection>(
    connection: &C,
    id: Uuid,
    at: DateTime<Utc>,
) -> Result<(), DbErr> {
    let columns = "activated_at = $2, activation_code_expires_at = NULL, passcode_resend_attempt_number = 0";
    set(connection, columns, id, [at.into()]).await
}

/// Whom a notice about an account reaches.
pub(crate) struct Reader {
    email: Option<String>,
    pub(crate) locale: String,
    /// Whether the user had a session before.
    pub(crate) has_been_here: bool,
}

from_row!(Reader {
    email,
    locale,
    has_been_here,
});

impl Reader {
    /// Where messages go; nowhere where the address is none that could be written to.
    pub(crate) fn email(&self) -> Option<Email> {
        Email::parse(self.email.as_deref()?).ok()
    }
}

/// Whom a notice reaches.
pub(crate) async fn reader<C: Connection>(connection: &C, id: Uuid) -> Result<Option<Reader>, DbErr> {
    let sql = "SELECT CAST(u.email AS text) AS email, u.locale, u.last_seen IS NOT NULL OR EXISTS \
        (SELECT 1 FROM refresh_tokens t WHERE t.user_id = u.id AND t.type IN ('regular', 'app')) AS has_been_here \
        FROM users u WHERE u.id = $1";
    connection
        .one::<Reader>(statement(connection, sql, [id.into()]))
        .await
}

async fn set<C: Connection, const N: usize>(
    connection: &C,
    columns: &str,
    id: Uuid,
    values: [Value; N],
) -> Result<(), DbErr> {
    let sql = format!("UPDATE users SET {columns} WHERE id = $1");
    let values = std::iter::once(id.into()).chain(values);
    connection.send(statement(connection, sql, values)).await?;
    Ok(())
}
