//! Table `audit_events`.

use portico_entity::audit_events::{ActiveModel, Entity};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait};

/// Appends an event; nothing changes one afterwards.
pub(crate) async fn append<C: ConnectionTrait>(connection: &C, event: ActiveModel) -> Result<(), DbErr> {
    Entity::insert(event).exec_without_returning(connection).await?;
    Ok(())
}
