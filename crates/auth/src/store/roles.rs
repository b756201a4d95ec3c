//! Table `roles`.

use portico_entity::roles::{ActiveModel, Column, Entity};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait};

/// Adds roles that do not exist yet.
pub(crate) async fn ensure<C: ConnectionTrait>(connection: &C, roles: &[String]) -> Result<(), DbErr> {
    let rows = roles.iter().map(|role| ActiveModel {
        role: Set(role.clone()),
        name: Set(role.clone()),
        ..Default::default()
    });
    Entity::insert_many(rows)
        .on_conflict(OnConflict::column(Column::Role).do_nothing().to_owned())
        .exec_without_returning(connection)
        .await?;
    Ok(())
}
