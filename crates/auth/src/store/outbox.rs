//! Table `outbox`.

use portico_entity::outbox::{ActiveModel, Entity};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait};

/// Leaves a message to be sent once the transaction is committed.
pub(crate) async fn insert<C: ConnectionTrait>(connection: &C, message: ActiveModel) -> Result<(), DbErr> {
    Entity::insert(message).exec_without_returning(connection).await?;
    Ok(())
}
