//! Table `password_history`.

use chrono::{DateTime, Utc};
use portico_entity::password_history::{ActiveModel, Column, Entity};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use crate::store::statement;

/// The hashes of so many former passwords of a user, the latest first.
pub(crate) async fn latest<C: ConnectionTrait>(
    connection: &C,
    user: Uuid,
    count: u64,
) -> Result<Vec<String>, DbErr> {
    Entity::find()
        .select_only()
        .column(Column::PasswordHash)
        .filter(Column::UserId.eq(user))
        .order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::Id)
        .limit(count)
        .into_tuple()
        .all(connection)
        .await
}

/// Keeps the hash of a password that was replaced.
pub(crate) async fn append<C: ConnectionTrait>(
    connection: &C,
    (id, user): (Uuid, Uuid),
    password_hash: &str,
    at: DateTime<Utc>,
) -> Result<(), DbErr> {
    let row = ActiveModel {
        id: Set(id),
        user_id: Set(user),
        password_hash: Set(password_hash.to_owned()),
        created_at: Set(at),
    };
    Entity::insert(row).exec_without_returning(connection).await?;
    Ok(())
}

/// Deletes all but so many.
pub(crate) async fn shorten<C: ConnectionTrait>(connection: &C, user: Uuid, count: u64) -> Result<(), DbErr> {
    let sql = "DELETE FROM password_history WHERE user_id = $1 AND id NOT IN (SELECT id FROM password_history \
         WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2)";
    let values = [user.into(), i64::try_from(count).unwrap_or(i64::MAX).into()];
    connection.execute_raw(statement(connection, sql, values)).await?;
    Ok(())
}
