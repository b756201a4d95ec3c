//! Table `user_roles`.

use chrono::{DateTime, Utc};
use portico_entity::user_roles::{ActiveModel, Entity};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};
use uuid::Uuid;

use crate::store::users::{InsertError, classify};

/// Grants roles to a new user; `ids` are those of the rows.
pub(crate) async fn grant<C: ConnectionTrait>(
    connection: &C,
    user_id: Uuid,
    roles: impl IntoIterator<Item = (Uuid, String)>,
    at: DateTime<Utc>,
) -> Result<(), InsertError> {
    let rows = roles.into_iter().map(|(id, role)| ActiveModel {
        id: Set(id),
        created_at: Set(at),
        user_id: Set(user_id),
        role: Set(role),
    });
    Entity::insert_many(rows)
        .exec_without_returning(connection)
        .await
        .map_err(classify)?;
    Ok(())
}
