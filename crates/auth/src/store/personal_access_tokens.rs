//! Table `refresh_tokens`: the rows that are personal access tokens.

use chrono::{DateTime, Utc};
use portico_entity::refresh_tokens::{Column, Entity};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, JsonValue, PaginatorTrait, QueryFilter};
use uuid::Uuid;

use crate::connection::Connection;
use crate::store::statement;

/// A token that was presented and is good; only [`take`] makes one.
pub(crate) struct Used {
    id: Uuid,
    user_id: Uuid,
    allowed_roles: Option<Vec<String>>,
}

impl Used {
    /// Its id, which is that of the session it is.
    pub(crate) fn id(&self) -> Uuid {
        self.id
    }

    /// Whose it is.
    pub(crate) fn user_id(&self) -> Uuid {
        self.user_id
    }

    /// The roles it acts in; nothing for all that its user holds.
    pub(crate) fn allowed_roles(&self) -> Option<&[String]> {
        self.allowed_roles.as_deref()
    }
}

/// In a form that no index serves: SQLite would read all tokens rather than find the one by its hash.
const OF_A_TOKEN: &str = "type || '' = 'pat'";

/// How many tokens of a user are good.
pub(crate) async fn count<C: ConnectionTrait>(
    connection: &C,
    user: Uuid,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    Entity::find()
        .filter(Column::UserId.eq(user))
        .filter(Column::Type.eq("pat"))
        .filter(Column::RevokedAt.is_null())
        .filter(Column::ExpiresAt.gt(now))
        .count(connection)
        .await
}

/// Where a token is used.
pub(crate) struct Use {
    /// Of the token, in the form of the table.
    pub(crate) hash: String,
    pub(crate) now: DateTime<Utc>,
    pub(crate) ip: String,
    pub(crate) user_agent: Option<String>,
}

/// Whose token this is, good or not.
pub(crate) async fn user<C: Connection>(connection: &C, hash: &str) -> Result<Option<Uuid>, DbErr> {
    let sql = format!("SELECT user_id FROM refresh_tokens WHERE refresh_token_hash = $1 AND {OF_A_TOKEN}");
    let row = connection.row(statement(connection, sql, [hash.into()])).await?;
    row.map(|row| row.get("user_id")).transpose()
}

/// Finds a token that was neither revoked nor has expired, and notes its use. Until the transaction ends nobody
/// revokes it.
pub(crate) async fn take<C: Connection>(connection: &C, used: Use) -> Result<Option<Used>, DbErr> {
    let sql = format!(
        "UPDATE refresh_tokens SET last_used_at = $2, ip = $3, user_agent = $4 \
         WHERE refresh_token_hash = $1 AND {OF_A_TOKEN} AND revoked_at IS NULL AND expires_at > $2 \
         AND (session_expires_at IS NULL OR session_expires_at > $2) RETURNING id, user_id, allowed_roles"
    );
    let values = [
        used.hash.into(),
        used.now.into(),
        used.ip.into(),
        used.user_agent.into(),
    ];
    let row = connection.row(statement(connection, sql, values)).await?;
    row.map(|row| {
        let roles: Option<JsonValue> = row.get("allowed_roles")?;
        let roles = roles.map(serde_json::from_value).transpose();
        Ok(Used {
            id: row.get("id")?,
            user_id: row.get("user_id")?,
            allowed_roles: roles.map_err(|error| DbErr::Json(error.to_string()))?,
        })
    })
    .transpose()
}
