//! The rotation of a refresh token: one statement of which, of many that race, one wins.

use std::sync::{Arc, LazyLock};

use chrono::{DateTime, Utc};
use sea_orm::{DbBackend, DbErr};
use serde::Deserialize;
use uuid::Uuid;

use super::refresh_tokens::{ADMITTED, to_elevation};
use super::users;
use crate::account::Account;
use crate::database::Database;
use crate::elevation::Elevation;
use crate::method::Methods;
use crate::row::Row;

/// What a rotation writes.
pub(crate) struct Rotation<'a> {
    pub(crate) session: Uuid,
    pub(crate) generation: u32,
    /// Whether Hasura Auth made the token: it is found by its hash alone, also after this.
    pub(crate) adopted: bool,
    pub(crate) hash: String,
    pub(crate) successor_hash: String,
    pub(crate) sealed_successor: Vec<u8>,
    pub(crate) now: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
    /// In place of the former for the session of a mobile application.
    pub(crate) app_expires_at: DateTime<Utc>,
    /// The end of a session that has none, as Hasura Auth began them.
    pub(crate) session_expires_at: DateTime<Utc>,
    pub(crate) ip: String,
    pub(crate) user_agent: Option<&'a str>,
    /// Whether an unverified address keeps its user out.
    pub(crate) needs_verified: bool,
    /// Roles in which nobody acts who did not prove a second factor.
    pub(crate) guarded_roles: &'a [String],
    /// Whoever was granted such a role later than this does without.
    pub(crate) grace_since: DateTime<Utc>,
}

/// Proof that a current token was presented and replaced; only [`rotate`] makes one.
pub(crate) struct Rotated {
    account: Account,
    methods: Methods,
    elevation: Option<Elevation>,
}

impl Rotated {
    /// The user, what proved them, and what proved them anew.
    pub(crate) fn into_parts(self) -> (Account, Methods, Option<Elevation>) {
        (self.account, self.methods, self.elevation)
    }
}

/// Replaces the current token by its successor, if it is the current one and its user may act. `None` leaves
/// everything as it was.
pub(crate) async fn rotate(database: &Database, rotation: Rotation<'_>) -> Result<Option<Rotated>, DbErr> {
    static POSTGRES: LazyLock<[Arc<str>; 2]> =
        LazyLock::new(|| [postgres(""), postgres(ADOPTED)].map(Arc::from));
    static SQLITE: LazyLock<[Arc<str>; 2]> = LazyLock::new(|| [sqlite(""), sqlite(ADOPTED)].map(Arc::from));
    let [usual, adopted] = match database.connection.get_database_backend() {
        DbBackend::Postgres => &*POSTGRES,
        _ => &*SQLITE,
    };
    let sql = match rotation.adopted {
        true => adopted,
        false => usual,
    };
    let values = vec![
        rotation.session.into(),
        i64::from(rotation.generation).into(),
        rotation.hash.into(),
        rotation.now.into(),
        rotation.expires_at.into(),
        rotation.successor_hash.into(),
        rotation.sealed_successor.into(),
        rotation.ip.into(),
        rotation.user_agent.map(str::to_owned).into(),
        rotation.needs_verified.into(),
        rotation.app_expires_at.into(),
        format!(",{},", rotation.guarded_roles.join(",")).into(),
        rotation.grace_since.into(),
        rotation.session_expires_at.into(),
    ];
    let rows = database.data_path.write_one(Arc::clone(sql), values).await?;
    rows.first().map(read).transpose()
}

/// What is written beside for a token of Hasura Auth. Not by other rotations: what has an index costs.
const ADOPTED: &str = ", adopted_token_hash = $3";

fn postgres(beside: &str) -> String {
    let returned = returned(DbBackend::Postgres, "u.id", str::to_owned);
    let set = set("::timestamptz", beside);
    let acts = acts("strpos", "refresh_tokens.authentication_methods @> '[\"mfa\"]'");
    format!(
        "UPDATE refresh_tokens SET {set} FROM users u WHERE {CURRENT} AND {OWNER} AND {ADMITTED} AND {READY} AND {acts} \
         RETURNING json_build_object({returned}, \
         'authentication_methods', refresh_tokens.authentication_methods)::text AS rotated"
    )
}

/// What an update returns may come from its own table only, or from a subquery. A parameter is numbered that is
/// written with a question mark.
fn sqlite(beside: &str) -> String {
    let flag = |is: &str| format!("json(CASE WHEN {is} THEN 'true' ELSE 'false' END)");
    let returned = returned(DbBackend::Sqlite, "hex(u.id)", flag);
    let set = set("", beside);
    let acts = acts(
        "instr",
        "EXISTS (SELECT 1 FROM json_each(refresh_tokens.authentication_methods) WHERE value = 'mfa')",
    );
    let sql = format!(
        "UPDATE refresh_tokens SET {set} \
         WHERE {CURRENT} AND EXISTS (SELECT 1 FROM users u WHERE {OWNER} AND {ADMITTED} AND {READY} AND {acts}) \
         RETURNING (SELECT json_object({returned}, \
         'authentication_methods', json(refresh_tokens.authentication_methods)) FROM users u WHERE {OWNER}) AS rotated"
    );
    sql.replace('$', "?")
}

/// `time` says of which type a parameter is, where the database cannot tell.
fn set(time: &str, beside: &str) -> String {
    format!(
        "generation = refresh_tokens.generation + 1, refresh_token_hash = $6, previous_token_hash = $3, \
         sealed_successor = $7, rotated_at = $4, last_used_at = $4, \
         expires_at = CASE refresh_tokens.type WHEN 'app' THEN $11{time} ELSE $5{time} END, \
         session_expires_at = COALESCE(refresh_tokens.session_expires_at, $14{time}), \
         ip = $8, user_agent = $9{beside}"
    )
}

const CURRENT: &str = "refresh_tokens.id = $1 AND refresh_tokens.generation = $2 \
    AND refresh_tokens.refresh_token_hash = $3 AND refresh_tokens.revoked_at IS NULL \
    AND refresh_tokens.expires_at > $4 \
    AND (refresh_tokens.session_expires_at IS NULL OR refresh_tokens.session_expires_at > $4)";

const OWNER: &str = "u.id = refresh_tokens.user_id";

/// Felt at the next refresh. A token of a user who may not act is not used up: the door tells why
/// afterwards.
const READY: &str = "(u.email IS NULL OR u.email_verified OR NOT $10)";

/// Whether there is a role that the user may act in, as the door decides it; `find` is the function that tells where
/// one text is in another.
fn acts(find: &str, several_factors: &str) -> String {
    let open = |role: &str| format!("{find}($12, ',' || {role} || ',') = 0");
    let (default_role, role) = (open("u.default_role"), open("r.role"));
    format!(
        "({default_role} OR {several_factors} \
         OR EXISTS (SELECT 1 FROM user_roles r WHERE r.user_id = u.id AND ({role} OR r.created_at > $13)))"
    )
}

/// What [`Returned`] reads but for the methods, as the arguments of a function that makes a JSON object.
fn returned(backend: DbBackend, user_id: &str, flag: impl Fn(&str) -> String) -> String {
    let roles = match backend {
        DbBackend::Postgres => users::granted_roles(backend).to_owned(),
        // Out of a subquery it would be a text.
        _ => format!("json({})", users::granted_roles(backend)),
    };
    let [anonymous, has_email, email_verified] =
        ["u.is_anonymous", "u.email IS NOT NULL", "u.email_verified"].map(flag);
    format!(
        "'user_id', {user_id}, 'default_role', u.default_role, 'is_anonymous', {anonymous}, \
         'has_email', {has_email}, 'email_verified', {email_verified}, 'roles', {roles}, \
         'elevated_until', refresh_tokens.elevated_until, 'elevated_by', refresh_tokens.elevated_by, \
         'elevated_at', refresh_tokens.elevated_at"
    )
}

/// The user and the session after a rotation.
#[derive(Deserialize)]
struct Returned {
    user_id: Uuid,
    default_role: String,
    is_anonymous: bool,
    has_email: bool,
    email_verified: bool,
    roles: Vec<String>,
    elevated_until: Option<DateTime<Utc>>,
    elevated_by: Option<String>,
    elevated_at: Option<DateTime<Utc>>,
    authentication_methods: serde_json::Value,
}

fn read(row: &Row) -> Result<Rotated, DbErr> {
    let row: String = row.get("rotated")?;
    let row: Returned = serde_json::from_str(&row).map_err(|error| DbErr::Json(error.to_string()))?;
    let roles = Account::all_roles(row.roles, &row.default_role);
    // Whoever may not act meets no rotation.
    let account = Account {
        anonymous: row.is_anonymous,
        email_verified: row.email_verified,
        ..Account::new(row.user_id, row.default_role, roles, row.has_email)
    };
    Ok(Rotated {
        account,
        methods: Methods::from_json(&row.authentication_methods),
        elevation: to_elevation(row.elevated_by.as_deref(), row.elevated_until, row.elevated_at),
    })
}
