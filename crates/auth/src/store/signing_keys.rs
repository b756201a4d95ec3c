//! Table `signing_keys`.

use chrono::{DateTime, Utc};
use portico_entity::signing_keys::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, QueryOrder,
};

use crate::store::statement;

/// Any number that nothing else in this database locks.
const LOCK: i64 = 0x706f_7274_6963_6f01;

/// Keeps other nodes from making a key until this transaction ends. On SQLite the write transaction
/// itself does.
pub(crate) async fn lock<C: ConnectionTrait>(connection: &C) -> Result<(), DbErr> {
    if connection.get_database_backend() == DbBackend::Postgres {
        let lock = statement(connection, "SELECT pg_advisory_xact_lock($1)", [LOCK.into()]);
        connection.execute_raw(lock).await?;
    }
    Ok(())
}

/// Keys whose tokens are accepted, oldest first.
pub(crate) async fn accepted<C: ConnectionTrait>(
    connection: &C,
    now: DateTime<Utc>,
) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(
            Condition::any()
                .add(Column::RetiresAt.is_null())
                .add(Column::RetiresAt.gt(now)),
        )
        .order_by_asc(Column::CreatedAt)
        .all(connection)
        .await
}

/// Writes a new key.
pub(crate) async fn insert<C: ConnectionTrait>(connection: &C, key: ActiveModel) -> Result<(), DbErr> {
    Entity::insert(key).exec_without_returning(connection).await?;
    Ok(())
}

/// Takes the end of a key away.
pub(crate) async fn go_on<C: ConnectionTrait>(connection: &C, kid: &str) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::RetiresAt, Expr::value(None::<DateTime<Utc>>))
        .filter(Column::Kid.eq(kid))
        .exec(connection)
        .await?;
    Ok(())
}

/// Sets the end of every key but one that has none yet.
pub(crate) async fn retire_others<C: ConnectionTrait>(
    connection: &C,
    kid: &str,
    at: DateTime<Utc>,
) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::RetiresAt, Expr::value(at))
        .filter(Column::RetiresAt.is_null())
        .filter(Column::Kid.ne(kid))
        .exec(connection)
        .await?;
    Ok(())
}
