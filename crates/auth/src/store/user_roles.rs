//! Table `user_roles`.

use chrono::{DateTime, Utc};
use portico_entity::user_roles::{ActiveModel, Column, Entity};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::connection::Connection;
use crate::store::statement;
use crate::store::users::{InsertError, classify};

/// Makes these the roles of a user, in an order that leaves the default role among them at every moment. Rows that
/// stay are not written; the database keeps the last administrator. The row of the user has to be locked.
pub(crate) async fn replace<C: ConnectionTrait>(
    connection: &C,
    user_id: Uuid,
    roles: Vec<(Uuid, String)>,
    default_role: &str,
    at: DateTime<Utc>,
) -> Result<(), InsertError> {
    let names: Vec<String> = roles.iter().map(|(_, role)| role.clone()).collect();
    let held = OnConflict::columns([Column::UserId, Column::Role])
        .do_nothing()
        .to_owned();
    Entity::insert_many(rows(user_id, roles, at))
        .on_conflict(held)
        .exec_without_returning(connection)
        .await
        .map_err(classify)?;
    let sql = "UPDATE users SET default_role = $1 WHERE id = $2 AND default_role <> $1";
    let values = [default_role.into(), user_id.into()];
    let done = connection.execute_raw(statement(connection, sql, values)).await;
    done.map_err(classify)?;
    let others = Entity::delete_many()
        .filter(Column::UserId.eq(user_id))
        .filter(Column::Role.is_not_in(names));
    others.exec(connection).await.map_err(classify)?;
    Ok(())
}

/// Grants roles to a new user; `ids` are those of the rows.
pub(crate) async fn grant<C: ConnectionTrait>(
    connection: &C,
    user_id: Uuid,
    roles: impl IntoIterator<Item = (Uuid, String)>,
    at: DateTime<Utc>,
) -> Result<(), InsertError> {
    Entity::insert_many(rows(user_id, roles, at))
        .exec_without_returning(connection)
        .await
        .map_err(classify)?;
    Ok(())
}

fn rows(
    user_id: Uuid,
    roles: impl IntoIterator<Item = (Uuid, String)>,
    at: DateTime<Utc>,
) -> impl Iterator<Item = ActiveModel> {
    roles.into_iter().map(move |(id, role)| ActiveModel {
        id: Set(id),
        created_at: Set(at),
        user_id: Set(user_id),
        role: Set(role),
    })
}

/// The roles that a user was granted since then.
pub(crate) async fn granted_since<C: Connection>(
    connection: &C,
    user_id: Uuid,
    since: DateTime<Utc>,
) -> Result<Vec<String>, DbErr> {
    let sql = "SELECT role FROM user_roles WHERE user_id = $1 AND created_at > $2";
    let values = [user_id.into(), since.into()];
    let rows = connection.rows(statement(connection, sql, values)).await?;
    rows.iter().map(|row| row.get("role")).collect()
}
