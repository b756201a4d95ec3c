//! Table `recovery_codes`.

use chrono::{DateTime, Utc};
use portico_entity::recovery_codes::{ActiveModel, Column, Entity};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::connection::Connection;
use crate::store::statement;

/// Writes codes in the place of all others of the user.
pub(crate) async fn replace<C: ConnectionTrait>(
    connection: &C,
    user: Uuid,
    hashes: Vec<Vec<u8>>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    forget(connection, user, None).await?;
    let rows = hashes.into_iter().map(|hash| ActiveModel {
        user_id: Set(user),
        code_hash: Set(hash),
        created_at: Set(now),
    });
    Entity::insert_many(rows)
        .exec_without_returning(connection)
        .await?;
    Ok(())
}

/// Uses a code up; tells whether there was one. Of many that race, one does.
pub(crate) async fn spend<C: Connection>(connection: &C, user: Uuid, hash: Vec<u8>) -> Result<bool, DbErr> {
    let sql = "DELETE FROM recovery_codes WHERE user_id = $1 AND code_hash = $2 RETURNING user_id";
    let spent = connection
        .row(statement(connection, sql, [user.into(), hash.into()]))
        .await?;
    Ok(spent.is_some())
}

/// Ends the codes of a user that were made since then, or all; tells how many.
pub(crate) async fn forget<C: ConnectionTrait>(
    connection: &C,
    user: Uuid,
    since: Option<DateTime<Utc>>,
) -> Result<u64, DbErr> {
    let codes = Entity::delete_many().filter(Column::UserId.eq(user));
    let codes = match since {
        Some(since) => codes.filter(Column::CreatedAt.gte(since)),
        None => codes,
    };
    Ok(codes.exec(connection).await?.rows_affected)
}
