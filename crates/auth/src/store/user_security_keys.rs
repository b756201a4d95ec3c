//! Table `user_security_keys`.

use chrono::{DateTime, Utc};
use portico_entity::user_security_keys::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, SqlErr};
use uuid::Uuid;

use crate::connection::Connection;
use crate::passkey::Allowed;
use crate::row::from_row;
use crate::store::statement;

const ALL: &str = "id, user_id, credential_id, credential_public_key, counter, transports, nickname, created_at, \
    last_used_at, aaguid, backed_up, authenticator_name, passkey";

from_row!(Model {
    id,
    user_id,
    credential_id,
    credential_public_key,
    counter,
    transports,
    nickname,
    created_at,
    last_used_at,
    aaguid,
    backed_up,
    authenticator_name,
    passkey,
});

/// Why a key was not added.
pub(crate) enum InsertError {
    /// Somebody has this credential.
    Taken,
    Database(DbErr),
}

/// Adds a key.
pub(crate) async fn insert<C: ConnectionTrait>(connection: &C, row: ActiveModel) -> Result<(), InsertError> {
    let inserted = Entity::insert(row).exec_without_returning(connection).await;
    inserted.map(|_| ()).map_err(|error| match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => InsertError::Taken,
        _ => InsertError::Database(error),
    })
}

/// The keys of a user as browsers are told of them, by which something can be proved, no more than so many: those used
/// last.
pub(crate) async fn allowed<C: Connection>(
    connection: &C,
    user: Uuid,
    maximum: u32,
) -> Result<Vec<Allowed>, DbErr> {
    let sql = "SELECT credential_id, transports FROM user_security_keys WHERE user_id = $1 \
        AND (passkey IS NOT NULL OR credential_public_key IS NOT NULL) \
        ORDER BY COALESCE(last_used_at, created_at) DESC, id DESC LIMIT $2";
    let values = [user.into(), i64::from(maximum).into()];
    connection.all(statement(connection, sql, values)).await
}

/// How many keys a user has.
pub(crate) async fn count<C: ConnectionTrait>(connection: &C, user: Uuid) -> Result<u64, DbErr> {
    let keys = Entity::find().filter(Column::UserId.eq(user));
    keys.count(connection).await
}

/// The key with this credential id.
pub(crate) async fn by_credential<C: Connection>(
    connection: &C,
    credential_id: &str,
) -> Result<Option<Model>, DbErr> {
    let sql = format!("SELECT {ALL} FROM user_security_keys WHERE credential_id = $1");
    connection
        .one(statement(connection, sql, [credential_id.into()]))
        .await
}

/// What a key said when it was used.
pub(crate) struct Use {
    pub(crate) counter: i64,
    pub(crate) backed_up: bool,
    /// The sealed credential, where it has to be written anew.
    pub(crate) passkey: Option<Vec<u8>>,
    pub(crate) at: DateTime<Utc>,
}

/// Writes down that a key was used, if its counter and its user are still those that the signature was checked
/// with; tells whether they were. Of two that say the same, one is a copy.
pub(crate) async fn mark_used<C: Connection>(
    connection: &C,
    checked: &Model,
    used: Use,
) -> Result<bool, DbErr> {
    let sql = "UPDATE user_security_keys SET counter = $1, backed_up = $2, last_used_at = $3, \
        passkey = COALESCE($4, passkey) WHERE id = $5 AND user_id = $6 AND counter = $7 RETURNING id";
    let values = [
        used.counter.into(),
        used.backed_up.into(),
        used.at.into(),
        used.passkey.into(),
        checked.id.into(),
        checked.user_id.into(),
        checked.counter.into(),
    ];
    let marked = connection.row(statement(connection, sql, values)).await?;
    Ok(marked.is_some())
}

/// Gives a key of this user another name, or none; tells whether there is such a key.
pub(crate) async fn rename<C: ConnectionTrait>(
    connection: &C,
    user: Uuid,
    id: Uuid,
    nickname: Option<&str>,
) -> Result<bool, DbErr> {
    let done = Entity::update_many()
        .col_expr(Column::Nickname, Expr::value(nickname.map(str::to_owned)))
        .filter(Column::Id.eq(id))
        .filter(Column::UserId.eq(user))
        .exec(connection)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Takes a key of this user away; tells whether there was such a key. The database keeps the last way in.
pub(crate) async fn remove<C: ConnectionTrait>(connection: &C, user: Uuid, id: Uuid) -> Result<bool, DbErr> {
    let done = Entity::delete_many()
        .filter(Column::Id.eq(id))
        .filter(Column::UserId.eq(user))
        .exec(connection)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Takes the keys of a user away that came since then, or all; tells how many. The database keeps the last way in.
pub(crate) async fn remove_all<C: ConnectionTrait>(
    connection: &C,
    user: Uuid,
    since: Option<DateTime<Utc>>,
) -> Result<u64, DbErr> {
    let keys = Entity::delete_many().filter(Column::UserId.eq(user));
    let keys = match since {
        Some(since) => keys.filter(Column::CreatedAt.gte(since)),
        None => keys,
    };
    Ok(keys.exec(connection).await?.rows_affected)
}
