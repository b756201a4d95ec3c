//! Table `refresh_tokens`: one row per session.

use chrono::{DateTime, Utc};
use portico_entity::refresh_tokens::{ActiveModel, Column, Entity};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DbBackend, DbErr, EntityTrait, JsonValue, QueryFilter, QueryTrait, Value};
use uuid::Uuid;

use crate::account::Roles;
use crate::connection::Connection;
use crate::elevation::{Elevation, Proof};
use crate::method::Methods;
use crate::row::{FromRow, Row, from_row};
use crate::store::{statement, users};

/// Types that a sign-in makes; a personal access token is no session.
const SESSION_TYPES: [&str; 2] = ["regular", "app"];

/// Begins a session.
pub(crate) async fn insert<C: Connection>(connection: &C, session: ActiveModel) -> Result<(), DbErr> {
    connection
        .send(Entity::insert(session).build(connection.backend()))
        .await
}

/// What proved the user of a session.
fn methods(row: &Row) -> Result<Methods, DbErr> {
    let names: JsonValue = row.get("authentication_methods")?;
    Ok(Methods::from_json(&names))
}

/// What proved the user anew, if anything did.
pub(super) fn to_elevation(
    by: Option<&str>,
    until: Option<DateTime<Utc>>,
    at: Option<DateTime<Utc>>,
) -> Option<Elevation> {
    Some(Elevation {
        // Older rows do not say it: it was the password.
        by: by.and_then(Proof::parse).unwrap_or(Proof::Password),
        at: at.or(until)?,
        until: until?,
    })
}

/// Decided by somebody in charge, hence felt by sessions at once.
pub(super) const ADMITTED: &str =
    "NOT u.disabled AND NOT u.is_locked AND u.deleted_at IS NULL AND u.activated_at IS NOT NULL";

/// A session as a refresh that did not win finds it.
pub(crate) struct Found {
    pub(crate) user_id: Uuid,
    pub(crate) generation: i64,
    pub(crate) previous_token_hash: Option<String>,
    pub(crate) sealed_successor: Option<Vec<u8>>,
    pub(crate) rotated_at: Option<DateTime<Utc>>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) session_expires_at: Option<DateTime<Utc>>,
    pub(crate) revoked_at: Option<DateTime<Utc>>,
    pub(crate) authentication_methods: JsonValue,
    elevated_until: Option<DateTime<Utc>>,
    elevated_by: Option<String>,
    elevated_at: Option<DateTime<Utc>>,
}

from_row!(Found {
    user_id,
    generation,
    previous_token_hash,
    sealed_successor,
    rotated_at,
    expires_at,
    session_expires_at,
    revoked_at,
    authentication_methods,
    elevated_until,
    elevated_by,
    elevated_at,
});

impl Found {
    /// What proved the user anew, if anything did.
    pub(crate) fn elevation(&self) -> Option<Elevation> {
        to_elevation(self.elevated_by.as_deref(), self.elevated_until, self.elevated_at)
    }
}

/// So many of the latest sessions of a user tell where the user is known: a program that signs in every minute must
/// not make each sign-in slower than the one before.
const LATEST: u64 = 500;

/// Where a session was begun, if that is not too long ago, and what it was used with.
pub(crate) struct Device {
    pub(crate) signed_in_from: Option<String>,
    pub(crate) user_agent: Option<String>,
}

from_row!(Device {
    signed_in_from,
    user_agent
});

/// What a user had sessions with since then, of the latest.
pub(crate) async fn devices<C: Connection>(
    connection: &C,
    user: Uuid,
    since: DateTime<Utc>,
) -> Result<Vec<Device>, DbErr> {
    let sql = format!(
        "SELECT DISTINCT CASE WHEN created_at > $2 THEN signed_in_from END AS signed_in_from, user_agent \
         FROM (SELECT signed_in_from, created_at, user_agent, COALESCE(last_used_at, created_at) AS used_at \
         FROM refresh_tokens WHERE user_id = $1 AND type IN ('regular', 'app') \
         ORDER BY created_at DESC LIMIT {LATEST}) AS latest WHERE used_at > $2"
    );
    connection
        .all::<Device>(statement(connection, sql, [user.into(), since.into()]))
        .await
}

/// The session that Hasura Auth began with the token of this hash, whether it was exchanged or not.
pub(crate) async fn adopted<C: Connection>(connection: &C, hash: String) -> Result<Option<Uuid>, DbErr> {
    // By what it is not: SQLite would take the index of the types, and read the sessions of everybody.
    let sql = "SELECT id FROM refresh_tokens \
        WHERE refresh_token_hash = $1 AND generation = 0 AND type <> 'pat' \
        UNION ALL SELECT id FROM refresh_tokens WHERE adopted_token_hash = $1";
    let row = connection.row(statement(connection, sql, [hash.into()])).await?;
    row.map(|row| row.get("id")).transpose()
}

/// Reads a session by id.
pub(crate) async fn find<C: Connection>(connection: &C, id: Uuid) -> Result<Option<Found>, DbErr> {
    let sql = "SELECT user_id, generation, previous_token_hash, sealed_successor, rotated_at, expires_at, \
        session_expires_at, revoked_at, authentication_methods, elevated_until, elevated_by, elevated_at \
        FROM refresh_tokens WHERE id = $1";
    connection.one(statement(connection, sql, [id.into()])).await
}

/// A session that goes on.
pub(crate) struct Alive {
    /// What its user holds.
    pub(crate) roles: Roles,
    kind: String,
    expires_at: DateTime<Utc>,
    session_expires_at: Option<DateTime<Utc>>,
}

impl FromRow for Alive {
    fn from_row(row: &Row) -> Result<Self, DbErr> {
        Ok(Self {
            roles: Roles::from_row(row)?,
            kind: row.get("type")?,
            expires_at: row.get("expires_at")?,
            session_expires_at: row.get("session_expires_at")?,
        })
    }
}

impl Alive {
    /// Whether it is a personal access token.
    pub(crate) fn is_pat(&self) -> bool {
        self.kind == "pat"
    }

    /// When it ends by itself, unless it is refreshed.
    pub(crate) fn ends_at(&self) -> DateTime<Utc> {
        self.session_expires_at
            .map_or(self.expires_at, |at| at.min(self.expires_at))
    }
}

/// Where a session is found that goes on and whose user may act.
fn going_on() -> String {
    format!(
        "FROM refresh_tokens t JOIN users u ON u.id = t.user_id \
         WHERE t.id = $1 AND t.user_id = $2 AND t.revoked_at IS NULL AND t.expires_at > $3 \
         AND (t.session_expires_at IS NULL OR t.session_expires_at > $3) AND {ADMITTED}"
    )
}

/// A session and the roles of its user, if it goes on and its user may act.
pub(crate) async fn alive<C: Connection>(
    connection: &C,
    id: Uuid,
    user: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<Alive>, DbErr> {
    let roles = users::granted_roles(connection.backend());
    let sql = format!(
        "SELECT u.default_role, {roles} AS roles, t.type, t.expires_at, t.session_expires_at {}",
        going_on()
    );
    let values: [Value; 3] = [id.into(), user.into(), now.into()];
    connection.one::<Alive>(statement(connection, sql, values)).await
}

/// What proved the user of a session that goes on; nobody ends it until the transaction ends. Nothing where it does not,
/// or where its user may not act.
pub(crate) async fn hold<C: Connection>(
    connection: &C,
    id: Uuid,
    user: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<Methods>, DbErr> {
    // On SQLite the write transaction keeps others from writing.
    let lock = match connection.backend() {
        DbBackend::Postgres => " FOR NO KEY UPDATE OF t",
        _ => "",
    };
    let sql = format!("SELECT t.authentication_methods {}{lock}", going_on());
    let values = [id.into(), user.into(), now.into()];
    let row = connection.row(statement(connection, sql, values)).await?;
    row.as_ref().map(methods).transpose()
}

/// Writes that a session is elevated, and what proved its user.
pub(crate) async fn elevate<C: Connection>(
    connection: &C,
    id: Uuid,
    elevation: Elevation,
    methods: &Methods,
) -> Result<(), DbErr> {
    let sql = "UPDATE refresh_tokens SET elevated_until = $1, elevated_by = $2, elevated_at = $3, \
        authentication_methods = $4 WHERE id = $5";
    let values = [
        elevation.until.into(),
        elevation.by.as_str().into(),
        elevation.at.into(),
        methods.to_json().into(),
        id.into(),
    ];
    connection.send(statement(connection, sql, values)).await
}

/// Writes what proved the user of a session.
pub(crate) async fn set_methods<C: Connection>(
    connection: &C,
    id: Uuid,
    methods: &Methods,
) -> Result<(), DbErr> {
    let sql = "UPDATE refresh_tokens SET authentication_methods = $1 WHERE id = $2";
    let values = [methods.to_json().into(), id.into()];
    connection.send(statement(connection, sql, values)).await
}

/// Which sessions to end.
#[derive(Clone, Copy)]
pub(crate) enum Which {
    /// This one, whoever has it.
    Session(Uuid),
    /// This one, if it belongs to the user.
    SessionOf(Uuid, Uuid),
    /// Every session of the user.
    AllOf(Uuid),
    /// Every session and every personal access token of the user.
    EverythingOf(Uuid),
    /// Every session of the user but this one.
    OthersOf(Uuid, Uuid),
    /// Every session and personal access token of the user but this one.
    EverythingElseOf(Uuid, Uuid),
}

/// Ends sessions and erases what their tokens are compared with; returns how many ended now. By the hash of one that
/// Hasura Auth made its session is found, ended or not.
pub(crate) async fn revoke<C: Connection>(
    connection: &C,
    which: Which,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::RevokedAt, Expr::value(now))
        .col_expr(Column::RefreshTokenHash, Expr::value(None::<String>))
        .col_expr(Column::PreviousTokenHash, Expr::value(None::<String>))
        .col_expr(Column::SealedSuccessor, Expr::value(None::<Vec<u8>>))
        .filter(Column::RevokedAt.is_null());
    let update = match which {
        Which::Session(id) => update.filter(Column::Id.eq(id)),
        Which::SessionOf(id, user) => update.filter(Column::Id.eq(id)).filter(Column::UserId.eq(user)),
        Which::AllOf(user) => update
            .filter(Column::UserId.eq(user))
            .filter(Column::Type.is_in(SESSION_TYPES)),
        Which::EverythingOf(user) => update.filter(Column::UserId.eq(user)),
        Which::OthersOf(user, id) => update
            .filter(Column::UserId.eq(user))
            .filter(Column::Type.is_in(SESSION_TYPES))
            .filter(Column::Id.ne(id)),
        Which::EverythingElseOf(user, id) => update.filter(Column::UserId.eq(user)).filter(Column::Id.ne(id)),
    };
    let mut update = update.into_query();
    update.returning_col(Column::Id);
    let ended = connection.rows(connection.backend().build(&update)).await?;
    Ok(ended.len() as u64)
}
