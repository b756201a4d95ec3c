//! Table `audit_events`.

use portico_entity::audit_events::{ActiveModel, Entity};
use sea_orm::{DbErr, EntityTrait, QueryTrait};

use crate::connection::Connection;

/// Appends an event; nothing changes one afterwards.
pub(crate) async fn append<C: Connection>(connection: &C, event: ActiveModel) -> Result<(), DbErr> {
    connection
        .send(Entity::insert(event).build(connection.backend()))
        .await
}
