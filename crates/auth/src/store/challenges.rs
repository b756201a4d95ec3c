//! Table `challenges`.

use chrono::{DateTime, Utc};
use portico_entity::challenges::{ActiveModel, Entity};
use sea_orm::{DbErr, EntityTrait, QueryTrait};

use crate::connection::Connection;
use crate::passkey::Ceremony;
use crate::store::statement;

/// Writes down what was asked.
pub(crate) async fn insert<C: Connection>(connection: &C, row: ActiveModel) -> Result<(), DbErr> {
    connection
        .send(Entity::insert(row).build(connection.backend()))
        .await
}

/// Uses a challenge up and returns its sealed state. One statement: of many that race, one wins.
pub(crate) async fn take<C: Connection>(
    connection: &C,
    ceremony: Ceremony,
    hash: Vec<u8>,
    now: DateTime<Utc>,
) -> Result<Option<Vec<u8>>, DbErr> {
    let sql =
        "DELETE FROM challenges WHERE hash = $1 AND ceremony = $2 AND expires_at > $3 RETURNING sealed_state";
    let values = [hash.into(), ceremony.as_str().into(), now.into()];
    let row = connection.row(statement(connection, sql, values)).await?;
    row.map(|row| row.get("sealed_state")).transpose()
}
